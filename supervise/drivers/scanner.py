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
from supervise.drivers.scandir import Named, ScanDirectory, Sighting
from supervise.drivers.steadfast import warn_unable_to
from supervise.drivers.superviseprocess import SuperviseProcess
from supervise.machines import scan
from supervise.machines.scan import Identity, Role, Scan
from supervise.unix import channels, descriptors, limits, pipes, processes, signals
from supervise.unix.waiting import Waiter

PROGRAM = "svscan"
STOP_SIGNALS = {SIGTERM, SIGINT, SIGQUIT}


class Scanner:
    """Scan the current directory until told to stop.

    `run(path, orders)` is what a supervise process does, called after a fork. `foreground` waits
    until everything that is there at first has been started.
    """

    def __init__(
        self, run: Callable[[str, int], int], foreground: Foreground | None = None
    ) -> None:
        self.run = run
        self.foreground = foreground
        self.finished = False
        self.scan = Scan()
        self.pipes: dict[Identity, list[int]] = {}  # the read end, and the write end while open
        self.supervises: dict[tuple[Identity, Role], SuperviseProcess] = {}
        self.owners: dict[int, tuple[Identity, Role]] = {}
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
        """Collect whoever has ended; orphans that came to us need no more than that."""
        ended = [
            (self.owners.pop(pid), status) for pid, status in processes.reap() if pid in self.owners
        ]
        # All are known to have ended before anything is done about the first: nothing is sent to a
        # number that is no longer theirs, and what is started next may get one of those.
        for owner, status in ended:
            self.supervises[owner].ended(status)
        for owner, status in ended:
            del self.supervises[owner]
            self.perform(self.scan.exited(*owner, status, clock.now().monotonic))

    def perform(self, effects: list[scan.Effect]) -> None:
        for effect in effects:
            match effect:
                case scan.MakePipe(identity):
                    self.make_pipe(identity)
                case scan.Start(identity, role):
                    self.start(identity, role)
                case scan.HandOver(identity):
                    self.hand_over(identity)
                case scan.Stop(identity, role):
                    self.order(identity, role, supervisor.STOP)
                case scan.Kill(identity, role):
                    self.order(identity, role, b"k")
                case scan.Drain(identity):
                    self.order(identity, "log", supervisor.DRAIN)
                case scan.CloseWriter(identity):
                    os.close(self.pipes[identity].pop())
                case scan.Forget(identity):
                    for descriptor in self.pipes.pop(identity, []):
                        os.close(descriptor)
                case scan.Look():
                    self.directory.look_soon()
                case scan.Exit():
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

    def start(self, identity: Identity, role: Role) -> None:
        now = clock.now().monotonic
        name = self.directory.name_of(identity)
        if name is None:
            self.perform(self.scan.unnamed(identity, now))
            return
        path = name if role == "main" else f"{name}/log"
        entry = self.scan.entries[identity]
        if "log" not in entry.slots or entry.piped:
            with warn_unable_to(PROGRAM, f"fork for {path}"):
                supervise = self.launch(identity, role, path)
                self.supervises[identity, role] = supervise
                self.owners[supervise.child_pid] = identity, role
                self.scan.started(identity, role, now)
                return
        self.scan.not_started(identity, role, now)

    def launch(self, identity: Identity, role: Role, path: str) -> SuperviseProcess:
        ours, theirs = channels.pair()
        pipe = self.pipes.get(identity)
        kept = {theirs, *self.inherited}
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
            return self.run(path, theirs)

        supervise = SuperviseProcess(path, child, ours)
        try:
            supervise.start()
        except OSError:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        return supervise

    def hand_over(self, identity: Identity) -> None:
        entry = self.scan.entries[identity]
        if entry.piped and self.order(identity, "main", supervisor.STDOUT, self.pipes[identity][1]):
            self.scan.handed_over(identity)
