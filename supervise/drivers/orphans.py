"""What killed supervises have left behind.

svscan is the parent of it from then on, and so the only one who learns how it ends; the next
supervise of the service is told.
"""

from __future__ import annotations

from supervise.drivers import adoption
from supervise.drivers.child import Orphan
from supervise.drivers.steadfast import warn_unable_to
from supervise.formats.adoption import Birth
from supervise.formats.status import UP
from supervise.machines.scaneffects import Identity, Role
from supervise.unix import descriptors, processes

PROGRAM = "svscan"
Owner = tuple[Identity, Role]
NOBODY = Orphan(0, None, False, None)


class Orphans:
    """Between the end of a supervise and the start of the next, and until the child has ended."""

    def __init__(self) -> None:
        self.left: dict[Owner, Orphan] = {}  # that the next supervise is to be told of
        self.owners: dict[int, Owner] = {}  # whose the children are that are ours now

    def look(self, owner: Owner, path: str | None, strays: dict[int, int]) -> bool:
        """See what a supervise has left that was killed, in the directory of that path, where it
        has one; whether there is something to be taken over. `strays` are those that have just
        ended, with their raw wait statuses."""
        self.forget(owner)
        self.left[owner] = NOBODY
        if path is None:
            return False
        with warn_unable_to(PROGRAM, f"look at what supervise {path} has left"):
            return self.find(owner, path, strays)
        return True  # there may be something, and the next one looks for itself

    def find(self, owner: Owner, path: str, strays: dict[int, int]) -> bool:
        found = adoption.left_in(path)
        if found is None:
            return False
        memory, birth = found
        pid = memory.status.pid
        if pid is not None:
            self.left[owner] = self.orphan(owner, pid, birth, strays)
        return pid is not None or memory.asked or memory.status.want == UP

    def orphan(self, owner: Owner, pid: int, birth: Birth, strays: dict[int, int]) -> Orphan:
        if pid in strays:
            return Orphan(pid, None, False, strays.pop(pid))
        pidfd = adoption.find(pid, birth)
        if pidfd is None or not processes.is_child(pid):
            return Orphan(pid, pidfd, False, None)
        self.owners[pid] = owner
        return Orphan(pid, pidfd, True, None)

    def add_groups(self, owner: Owner, groups: tuple[int, ...]) -> None:
        """One that has made way has told which process groups were left of its service."""
        if owner in self.left:
            self.left[owner] = self.left[owner]._replace(groups=groups)

    def ended(self, pid: int, status: int) -> Owner | None:
        """A stray has ended: the owner to be told, where that runs again."""
        owner = self.owners.pop(pid, None)
        if owner is None or owner not in self.left:
            return owner
        close(self.left[owner])
        self.left[owner] = Orphan(pid, None, False, status)
        return None

    def taken(self, owner: Owner) -> None:
        """The next supervise runs and knows."""
        if owner in self.left:
            close(self.left.pop(owner))

    def forget(self, owner: Owner) -> None:
        if owner in self.left:
            close(self.left.pop(owner))


def close(orphan: Orphan) -> None:
    if orphan.pidfd is not None:
        descriptors.close(orphan.pidfd)
