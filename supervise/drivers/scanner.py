"""svscan's loop: the scan machine joined to its directory, its pipes and its supervises.

A poll of the directory every five seconds, as the originals have it, was not chosen: a service
starts the moment it is linked, and at rest nothing wakes.
"""

from __future__ import annotations

from signal import SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM

from supervise import errors
from supervise.drivers import clock, handover, outcome, steadfast, supervisor
from supervise.drivers.background import Foreground
from supervise.drivers.orphans import Owner
from supervise.drivers.pidfile import PidFile
from supervise.drivers.scandir import Named, ScanDirectory, Sighting
from supervise.drivers.steadfast import warn_unable_to
from supervise.drivers.succession import Succession
from supervise.drivers.successor import Successor
from supervise.drivers.supervises import PROGRAM, End, Run, Supervises
from supervise.formats.handover import Record
from supervise.machines import scaneffects
from supervise.machines.scan import Scan
from supervise.machines.scaneffects import Identity, Role
from supervise.machines.service import DRAIN_ORDER, STOP_ORDER
from supervise.unix import linux, signals
from supervise.unix.waiting import Waiter

STOP_SIGNALS = {SIGTERM, SIGINT, SIGQUIT}


class Scanner:
    """Scan the current directory until told to stop.

    `run(path, orders, orphan)` is what a supervise process does, called after a fork. `foreground`
    waits until everything that is there at first has been started. `command` starts the version of
    svscan that is installed.
    """

    def __init__(
        self,
        run: Run,
        command: list[str],
        foreground: Foreground | None = None,
        pid_file: PidFile | None = None,
    ) -> None:
        self.foreground = foreground
        self.pid_file = pid_file
        self.finished = False
        self.goes_on = False
        self.scan = Scan()
        with warn_unable_to(PROGRAM, "become subreaper"):
            linux.become_subreaper()
        self.supervises = Supervises(run, self.path, foreground)
        self.watched: set[int] = set()  # pidfds
        with errors.unable_to("create pipe"):
            self.wakeup = steadfast.listen(SIGHUP, *STOP_SIGNALS)
        self.directory = ScanDirectory(PROGRAM)
        self.waiter = Waiter()
        for descriptor in (self.wakeup, self.directory.watch.descriptor):
            if descriptor is not None:
                self.waiter.add(descriptor)
        harmless = {int(SIGCHLD)}
        self.succession = Succession(
            PROGRAM, Successor(command), self.waiter, self.state, self.report, harmless
        )

    def state(self) -> list[Record]:
        """All that the next version must know."""
        return handover.collect(self.scan, self.supervises, self.directory, self.pid_file)

    def go_on(self, records: list[Record]) -> None:
        """Be where an earlier version was, in this very process."""
        self.goes_on = True
        handover.restore(records, self.scan, self.supervises, self.directory)
        self.watch_adopted()
        self.scan.renew(clock.now().monotonic)

    def run_until_stopped(self) -> None:
        self.directory.look_soon()
        self.take_turn()
        self.release_foreground()
        if self.goes_on and not self.succession.wanted:
            self.report()
        while not self.finished:
            self.take_turn()

    def take_turn(self) -> None:
        steadfast.take_turn(PROGRAM, self.turn)

    def release_foreground(self) -> None:
        if self.foreground is not None:
            self.foreground.let_go()
            self.foreground = None

    def report(self, reason: str = "") -> None:
        """Tell whoever waits for the new version why it is not up, or that it is."""
        if self.pid_file is not None:
            outcome.tell(self.pid_file.path + outcome.SUFFIX, reason)

    def turn(self) -> None:
        """Wait, and do what there is to do."""
        ready = self.waiter.wait(self.deadline())
        if self.wakeup in ready:
            self.hear_signals()
        for pidfd in ready & self.watched:
            self.waiter.remove(pidfd)
            self.watched.remove(pidfd)
            self.note_ends([self.supervises.adopted_ended(pidfd)])
        if self.directory.watch.descriptor in ready:
            self.learn(self.directory.look_at_changes())
        if self.directory.is_due() and not self.scan.stopping:
            self.learn(self.directory.look_at_everything())
        self.perform(self.scan.tick(clock.now().monotonic))
        self.succession.turn(ready)

    def deadline(self) -> float | None:
        look = None if self.scan.stopping else self.directory.look_again
        moments = [self.scan.deadline, look, self.succession.deadline]
        return min((moment for moment in moments if moment is not None), default=None)

    def hear_signals(self) -> None:
        caught = signals.take()
        if caught & STOP_SIGNALS:
            self.succession.stop()
            self.perform(self.scan.stop(clock.now().monotonic))
        if SIGHUP in caught and not self.scan.stopping:
            self.directory.look_soon()
            self.succession.ask()
        if SIGCHLD in caught:
            self.note_ends(self.supervises.reap())

    def learn(self, sightings: list[Sighting]) -> None:
        for sighting in sightings:
            now = clock.now().monotonic
            if isinstance(sighting, Named):
                self.perform(self.scan.named(sighting.identity, sighting.has_log, now))
            else:
                self.perform(self.scan.unnamed(sighting.identity, now))

    def note_ends(self, ends: list[End]) -> None:
        for (identity, role), status, orphaned in ends:
            del self.supervises.running[identity, role]
            now = clock.now().monotonic
            self.perform(self.scan.exited(identity, role, status, now, orphaned))

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
                    self.stop(identity, role)
                case scaneffects.Kill(identity, role):
                    self.supervises.order((identity, role), b"k")
                case scaneffects.Renew(identity, role):
                    self.renew((identity, role))
                case scaneffects.Drain(identity):
                    self.drain(identity)
                case scaneffects.CloseWriter(identity):
                    self.supervises.close_writer(identity)
                case scaneffects.Forget(identity):
                    self.supervises.forget(identity)
                case scaneffects.Look():
                    self.directory.look_soon()
                case scaneffects.Exit():
                    self.finished = True

    def make_pipe(self, identity: Identity) -> None:
        with warn_unable_to(PROGRAM, f"create pipe for {self.directory.name_of(identity)}"):
            self.supervises.make_pipe(identity)
            self.scan.pipe_made(identity)

    def start(self, identity: Identity, role: Role) -> None:
        now = clock.now().monotonic
        path = self.path((identity, role))
        if path is None:
            self.perform(self.scan.unreachable(identity, role, now))
            return
        entry = self.scan.entries[identity]
        if "log" not in entry.slots or entry.piped:
            with warn_unable_to(PROGRAM, f"fork for {path}"):
                self.supervises.start((identity, role), path)
                self.watch_adopted()
                self.perform(self.scan.started(identity, role, now))
                return
        self.scan.not_started(identity, role, now)

    def renew(self, owner: Owner) -> None:
        path = self.path(owner)
        if path is not None:
            self.supervises.renew(owner, path)

    def watch_adopted(self) -> None:
        """The end of a supervise that is not our child brings no signal."""
        for pidfd in self.supervises.adopted.keys() - self.watched:
            self.waiter.add(pidfd)
            self.watched.add(pidfd)

    def path(self, owner: Owner) -> str | None:
        """Of the directory that a supervise is for; None where it has no name any more."""
        identity, role = owner
        name = self.directory.name_of(identity)
        return f"{name}/log" if name is not None and role == "log" else name

    def hand_over(self, identity: Identity) -> None:
        if self.scan.entries[identity].piped:
            _, writing = self.supervises.pipes[identity]
            if self.supervises.order((identity, "main"), supervisor.STDOUT, writing):
                self.scan.handed_over(identity)
            else:
                self.scan.not_given(identity, clock.now().monotonic)

    def stop(self, identity: Identity, role: Role) -> None:
        if not self.supervises.order((identity, role), STOP_ORDER):
            self.scan.not_stopped(identity, role, clock.now().monotonic)

    def drain(self, identity: Identity) -> None:
        if not self.supervises.order((identity, "log"), DRAIN_ORDER):
            self.scan.not_given(identity, clock.now().monotonic)
