"""The supervises of a scan directory, those that we have started and those of an svscan that was
killed; and the pipes between services and their logs."""

from __future__ import annotations

import os
from collections.abc import Callable
from signal import SIGKILL
from typing import NamedTuple

from supervise.drivers import abandoned, servicedir
from supervise.drivers.abandoned import AdoptedSupervise
from supervise.drivers.background import Foreground
from supervise.drivers.child import Orphan
from supervise.drivers.orphans import Orphans, Owner
from supervise.drivers.steadfast import warn_unable_to
from supervise.drivers.superviseprocess import SuperviseProcess
from supervise.drivers.supervisor import ENDED, GROUP, RENEW, WAIT_STATUS
from supervise.machines.scaneffects import Identity, Role
from supervise.unix import channels, descriptors, files, limits, pipes, processes

PROGRAM = "svscan"
ROLES: tuple[Role, Role] = ("main", "log")
STANDARD: dict[Role, int] = {"main": 1, "log": 0}  # what leads to the pipe

Run = Callable[[str, int, Orphan | None], int]


class End(NamedTuple):
    """The end of a supervise: its raw wait status, and whether what it left is to be taken over."""

    owner: Owner
    status: int
    orphaned: bool


def groups_in(last_word: bytes) -> tuple[int, ...]:
    """The process groups that one has named that has made way."""
    if len(last_word) % GROUP.size:
        return ()
    return tuple(group for (group,) in GROUP.iter_unpack(last_word) if group > 1)


class Supervises:
    """Who runs, by service and role.

    `run(path, orders, orphan)` is what a supervise process does, called after a fork; `path_of`
    tells where the directory is now.
    """

    def __init__(
        self, run: Run, path_of: Callable[[Owner], str | None], foreground: Foreground | None
    ) -> None:
        self.run = run
        self.path_of = path_of
        self.foreground = foreground
        self.running: dict[Owner, SuperviseProcess | AdoptedSupervise] = {}
        self.owners: dict[int, Owner] = {}  # of our children, by pid
        self.adopted: dict[int, Owner] = {}  # of those that are not our children, by pidfd
        self.pipes: dict[Identity, list[int]] = {}  # the read end, and the write end while open
        self.orphans = Orphans()
        self.held: dict[Owner, tuple[int, int]] = {}  # ok and control of who makes way
        self.untold: dict[int, int] = {}  # how strays have ended whose supervise makes way
        self.inherited = descriptors.inherited()
        self.open_files = limits.raise_open_files()

    def make_pipe(self, identity: Identity) -> None:
        """The pipe of a service, which may be there already where supervises were abandoned."""
        main, log = (self.path_of((identity, role)) for role in ROLES)
        self.pipes[identity] = abandoned.pipe(main, log) or list(pipes.make())

    def close_writer(self, identity: Identity) -> None:
        descriptors.close(self.pipes[identity].pop())
        self.let_go((identity, "main"))

    def forget(self, identity: Identity) -> None:
        """Close what is left of a service."""
        for descriptor in self.pipes.pop(identity, []):
            descriptors.close(descriptor)
        for role in ROLES:
            self.orphans.forget((identity, role))
            self.let_go((identity, role))

    def start(self, owner: Owner, path: str) -> None:
        """Have a supervise there; one that was abandoned is as good as a new one."""
        adopted = abandoned.supervise(path)
        if adopted is not None:
            self.share_pipe(owner, adopted)
            self.running[owner] = adopted
            self.adopted[adopted.pidfd] = owner
            return
        supervise = self.launch(owner, path)
        self.running[owner] = supervise
        self.owners[supervise.child_pid] = owner

    def share_pipe(self, owner: Owner, adopted: AdoptedSupervise) -> None:
        """One that said only now that its svscan is gone, or has no pipe since the log came later,
        has not the one that we have made."""
        identity, role = owner
        ours = self.pipes.get(identity)
        place = adopted.place(STANDARD[role])
        try:
            if ours is None or os.path.samestat(os.stat(place), os.fstat(ours[0])):
                return
        except OSError:
            return  # it cannot be looked at, so it is left as it is
        nobody_has_ours = all((identity, each) not in self.running for each in ROLES)
        theirs = abandoned.open_both(place) if nobody_has_ours else None
        if theirs is None:
            adopted.make_room()
            return
        for descriptor in ours:
            descriptors.close(descriptor)
        self.pipes[identity] = theirs

    def launch(self, owner: Owner, path: str) -> SuperviseProcess:
        ours, theirs = channels.pair()
        pipe = self.pipes.get(owner[0])
        orphan = self.orphans.left.get(owner)
        kept = {theirs, *self.inherited}
        if orphan is not None:
            orphan = orphan._replace(held=self.held.get(owner, ()))
            kept.update(orphan.held, () if orphan.pidfd is None else (orphan.pidfd,))
        if self.foreground is not None:
            kept.add(self.foreground.descriptor)

        def child() -> int:
            os.setsid()  # a terminal's signals reach svscan alone, which stops all in order
            if pipe is not None:
                standard = STANDARD[owner[1]]
                os.dup2(pipe[standard], standard)
            descriptors.close_all_but(kept)
            limits.set_open_files(self.open_files)
            processes.set_title(["supervise", path])
            return self.run(path, theirs, orphan)

        supervise = SuperviseProcess(path, child, ours)
        try:
            supervise.start()
        except OSError:
            descriptors.close(ours)
            raise
        finally:
            descriptors.close(theirs)
        self.orphans.taken(owner)
        self.let_go(owner)
        return supervise

    def renew(self, owner: Owner, path: str) -> None:
        """Have one of ours make way for the next. Until that one answers svc and svstat we do, or
        it would be seen to be away, and what it is told be lost."""
        if isinstance(self.running[owner], AdoptedSupervise):
            return
        with warn_unable_to(PROGRAM, f"renew supervise {path}"):
            self.hold(owner, path)
            if not self.order(owner, RENEW):
                self.let_go(owner)

    def hold(self, owner: Owner, path: str) -> None:
        ok = files.open_read(f"{path}/{servicedir.OK}")
        try:
            self.held[owner] = (ok, files.open_read(f"{path}/{servicedir.CONTROL}"))
        except OSError:
            descriptors.close(ok)
            raise

    def let_go(self, owner: Owner) -> None:
        for descriptor in self.held.pop(owner, ()):
            descriptors.close(descriptor)

    def order(self, owner: Owner, letters: bytes, *carried: int) -> bool:
        """Tell a supervise something; whether it could be told."""
        supervise = self.running[owner]
        with warn_unable_to(PROGRAM, f"give orders to supervise {supervise.name}"):
            supervise.order(letters, *carried)
            return True
        return False

    def reap(self) -> list[End]:
        """Collect whoever of our children has ended: supervises, and strays, which came to us as
        orphans."""
        strays = {**self.untold, **dict(processes.reap())}
        self.untold = {}
        ended = [
            (self.owners.pop(pid), strays.pop(pid)) for pid in list(strays) if pid in self.owners
        ]
        # All are known to have ended before anything is done about the first: nothing is sent to a
        # number that is no longer theirs, and what is started next may get one of those.
        ends = [self.ended(owner, status, strays) for owner, status in ended]
        self.tell_of(strays)
        return ends

    def adopted_ended(self, pidfd: int) -> End:
        """One that is not our child has ended. How, only its record can tell: it is cleared by one
        that leaves in order."""
        owner = self.adopted.pop(pidfd)
        path = self.path_of(owner)
        return self.ended(owner, SIGKILL if path and abandoned.was_killed(path) else 0, {})

    def ended(self, owner: Owner, status: int, strays: dict[int, int]) -> End:
        supervise = self.running[owner]
        supervise.ended(status)
        killed = os.WIFSIGNALED(status)
        orphaned = killed and self.orphans.look(owner, self.path_of(owner), strays)
        self.orphans.add_groups(owner, groups_in(supervise.last_word))
        return End(owner, status, orphaned)

    def tell_of(self, strays: dict[int, int]) -> None:
        """Tell the supervise that has adopted it how a child has ended."""
        for pid, status in strays.items():
            if self.orphans.owners.get(pid) in self.held:
                self.untold[pid] = status  # the next one shall know
                continue
            owner = self.orphans.ended(pid, status)
            # One that was taken over sees the end itself, and takes every byte for a letter.
            if owner and isinstance(self.running.get(owner), SuperviseProcess):
                self.order(owner, ENDED + WAIT_STATUS.pack(status))
