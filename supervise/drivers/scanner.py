"""svscan's loop: the scan machine joined to its directory, its pipes and its supervises.

A poll of the directory every five seconds, as the originals have it, was not chosen: a service
starts the moment it is linked, and at rest nothing wakes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from signal import SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM

from supervise import errors
from supervise.drivers import clock, steadfast, supervisor
from supervise.drivers.background import Foreground
from supervise.drivers.child import Orphan
from supervise.drivers.orphans import Orphans
from supervise.drivers.scandir import Named, ScanDirectory, Sighting
from supervise.drivers.steadfast import warn_unable_to
from supervise.drivers.superviseprocess import SuperviseProcess
from supervise.machines import scaneffects
from supervise.machines.scan import Scan
from supervise.machines.scaneffects import Identity, Role
from supervise.unix import channels, descriptors, limits, linux, pipes, processes, signals
from supervise.unix.waiting import Waiter

PROGRAM = "svscan"
STOP_SIGNALS = {SIGTERM, SIGINT, SIGQUIT}


class Scanner:
    """Scan the current directory until told to stop.

    `run(path, orders, orphan)` is what a supervise process does, called after a fork. `foreground`
    waits until everything that is there at first has been started.
    """

    def __init__(
        self, run: Callable[[str, int, Orphan | None], int], foreground: Foreground | None = None
    ) -> None:
        self.run = run
        self.foreground = foreground
        self.finished = False
        self.scan = Scan()
        self.pipes: dict[Identity, list[int]] = {}  # the read end, and the write end while open
        self.supervises: dict[tuple[Identity, Role], SuperviseProcess] = {}
        self.owners: dict[int, tuple[Identity, Role]] = {}
        self.orphans = Orphans()
        with warn_unable_to(PROGRAM, "become subreaper"):
            linux.become_subreaper()
        self.inherited = descriptors.inherited()
        self.open_files = limits.raise_open_files()
        with errors.unable_to("create pipe"):
            self.wakeup = steadfast.listen(SIGHUP, *STOP_SIGNALS)
        self.directory = ScanDirectory(PROGRAM)
        self.waiter = Waiter()
        for descriptor in (self.wakeup, self.directory.watch.descriptor):
            if descriptor is not None:
                self.waiter.add(descriptor)

    def run_until_stopped(self) -> None:
        self.directory.look_soon()
        while not self.finished:
            steadfast.take_turn(PROGRAM, self.turn)
            self.release_foreground()

    def release_foreground(self) -> None:
        if self.foreground is not None:
            self.foreground.let_go()
            self.foreground = None

    def turn(self) -> None:
        """Wait, and do what there is to do."""
        ready = self.waiter.wait(self.deadline())
        if self.wakeup in ready:
            self.hear_signals()
        if self.directory.watch.descriptor in ready:
            self.learn(self.directory.look_at_changes())
        if self.directory.is_due() and not self.scan.stopping:
            self.learn(self.directory.look_at_everything())
        self.perform(self.scan.tick(clock.now().monotonic))

    def deadline(self) -> float | None:
        look = None if self.scan.stopping else self.directory.look_again
        moments = [moment for moment in (self.scan.deadline, look) if moment is not None]
        return min(moments, default=None)

    def hear_signals(self) -> None:
        caught = signals.take()
        if caught & STOP_SIGNALS:
            self.perform(self.scan.stop(clock.now().monotonic))
        if SIGHUP in caught:
            self.directory.look_soon()
        if SIGCHLD in caught:
            self.reap()

    def learn(self, sightings: list[Sighting]) -> None:
        for sighting in sightings:
            now = clock.now().monotonic
            if isinstance(sighting, Named):
                self.perform(self.scan.named(sighting.identity, sighting.has_log, now))
            else:
                self.perform(self.scan.unnamed(sighting.identity, now))

    def reap(self) -> None:
        """Collect whoever has ended: supervises, and strays, which came to us as orphans."""
        strays = dict(processes.reap())
        ended = [
            (self.owners.pop(pid), strays.pop(pid)) for pid in list(strays) if pid in self.owners
        ]
        # All are known to have ended before anything is done about the first: nothing is sent to a
        # number that is no longer theirs, and what is started next may get one of those.
        for owner, status in ended:
            self.supervises[owner].ended(status)
        left = {
            owner: self.orphans.look(owner, self.path(*owner), strays)
            for owner, status in ended
            if os.WIFSIGNALED(status)
        }
        self.tell_of(strays)
        for owner, status in ended:
            del self.supervises[owner]
            now = clock.now().monotonic
            self.perform(self.scan.exited(*owner, status, now, left.get(owner, False)))

    def tell_of(self, strays: dict[int, int]) -> None:
        """Tell the supervise that has adopted it how a child has ended; and all who have adopted
        any, that somebody has, who may be the last of a service that they are stopping."""
        for pid, status in strays.items():
            owner = self.orphans.ended(pid, status)
            if owner in self.supervises:
                self.order(*owner, supervisor.ENDED + supervisor.WAIT_STATUS.pack(status))
        for owner in self.orphans.adopters & self.supervises.keys() if strays else ():
            self.order(*owner, supervisor.STRAY)

    def perform(self, effects: list[scaneffects.Effect]) -> None:
        for effect in effects:
            match effect:
                case scaneffects.MakePipe(identity):
                    self.make_pipe(identity)
                case scaneffects.Start(identity, role):
                    self.start(identity, role)
                case scaneffects.HandOver(identity):
                    self.hand_over(identity)
                case scaneffects.Stop(identity, role):
                    self.order(identity, role, supervisor.STOP)
                case scaneffects.Kill(identity, role):
                    self.order(identity, role, b"k")
                case scaneffects.Drain(identity):
                    self.order(identity, "log", supervisor.DRAIN)
                case scaneffects.CloseWriter(identity):
                    os.close(self.pipes[identity].pop())
                case scaneffects.Forget(identity):
                    self.forget(identity)
                case scaneffects.Look():
                    self.directory.look_soon()
                case scaneffects.Exit():
                    self.finished = True

    def order(self, identity: Identity, role: Role, letters: bytes, *carried: int) -> bool:
        """Tell a supervise something; whether it could be told."""
        supervise = self.supervises[identity, role]
        with warn_unable_to(PROGRAM, f"give orders to supervise {supervise.name}"):
            supervise.order(letters, *carried)
            return True
        return False

    def make_pipe(self, identity: Identity) -> None:
        with warn_unable_to(PROGRAM, f"create pipe for {self.directory.name_of(identity)}"):
            self.pipes[identity] = list(pipes.make())
            self.scan.pipe_made(identity)

    def forget(self, identity: Identity) -> None:
        for descriptor in self.pipes.pop(identity, []):
            os.close(descriptor)
        self.orphans.forget((identity, "main"))
        self.orphans.forget((identity, "log"))

    def start(self, identity: Identity, role: Role) -> None:
        now = clock.now().monotonic
        path = self.path(identity, role)
        if path is None:
            self.perform(self.scan.unnamed(identity, now))
            return
        entry = self.scan.entries[identity]
        if "log" not in entry.slots or entry.piped:
            with warn_unable_to(PROGRAM, f"fork for {path}"):
                supervise = self.launch(identity, role, path)
                self.supervises[identity, role] = supervise
                self.owners[supervise.child_pid] = identity, role
                self.perform(self.scan.started(identity, role, now))
                return
        self.scan.not_started(identity, role, now)

    def path(self, identity: Identity, role: Role) -> str | None:
        """Of the directory that a supervise is for; None where it has no name any more."""
        name = self.directory.name_of(identity)
        return f"{name}/log" if name is not None and role == "log" else name

    def launch(self, identity: Identity, role: Role, path: str) -> SuperviseProcess:
        ours, theirs = channels.pair()
        pipe = self.pipes.get(identity)
        orphan = self.orphans.left.get((identity, role))
        kept = {theirs, *self.inherited}
        if orphan is not None and orphan.pidfd is not None:
            kept.add(orphan.pidfd)
        if self.foreground is not None:
            kept.add(self.foreground.descriptor)

        def child() -> int:
            os.setsid()  # a terminal's signals reach svscan alone, which stops all in order
            if pipe is not None:
                standard = 1 if role == "main" else 0
                os.dup2(pipe[standard], standard)
            descriptors.close_all_but(kept)
            limits.set_open_files(self.open_files)
            processes.set_title(["supervise", path])
            return self.run(path, theirs, orphan)

        supervise = SuperviseProcess(path, child, ours)
        try:
            supervise.start()
        except OSError:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        self.orphans.taken((identity, role))
        return supervise

    def hand_over(self, identity: Identity) -> None:
        entry = self.scan.entries[identity]
        if entry.piped and self.order(identity, "main", supervisor.STDOUT, self.pipes[identity][1]):
            self.scan.handed_over(identity)
