"""svscan and its supervises in a kernel that fails: whatever happens in whichever order, there are
never two of a service, what is wanted runs, and stopping comes to an end."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from supervise.formats.status import UP
from supervise.machines.scaneffects import Identity
from tests.support.oracle import CASES, PHASES
from tests.support.simulation import KILLED, Kernel, Process, Slot, Supervise, Svscan

IDENTITIES = [Identity(1, inode) for inode in range(2)]
CALLS = ["pipe", "fork", "order", "spawn", "disk"]
STATUSES = [0, KILLED, 1 << 8]
LETTERS = b"udoxpchaitk"
LONG = 400  # turns: more than anything takes

identities = st.sampled_from(IDENTITIES)
some = st.integers(0, 99)


class Tree(RuleBasedStateMachine):
    """Any commands and any fate."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = Kernel()
        self.directory: dict[Identity, bool] = {}
        self.svscan: Svscan | None = Svscan(self.kernel, self.directory, {})
        self.left: dict[Slot, Supervise] = {}
        self.stopping = False

    @property
    def over(self) -> bool:
        return self.svscan is not None and self.svscan.finished

    @property
    def supervises(self) -> list[Supervise]:
        running = self.svscan.running if self.svscan is not None else {}
        left = self.svscan.left if self.svscan is not None else self.left
        return [one for one in [*running.values(), *left.values()] if not one.over]

    def settle(self) -> None:
        """Everybody hears what is to be heard, and does what is due."""
        for _ in range(LONG):
            for supervise in self.supervises:
                supervise.learn()
                supervise.tick()
            if self.svscan is not None and not self.over:
                self.svscan.learn()
            if self.svscan is not None and not self.over:
                self.svscan.perform(self.svscan.scan.tick(self.kernel.t))
            if not self.is_due():
                return
        raise AssertionError("it spins")

    def deadlines(self) -> list[float]:
        moments = [supervise.service.deadline for supervise in self.supervises]
        if self.svscan is not None and not self.over:
            moments.append(self.svscan.scan.deadline)
        return [moment for moment in moments if moment is not None]

    def is_due(self) -> bool:
        unknown = any(
            supervise.service.pid is not None and not self.kernel.find(supervise.service.pid).alive
            for supervise in self.supervises
        )
        gone = self.svscan is not None and any(one.over for one in self.svscan.running.values())
        return unknown or gone or any(moment <= self.kernel.t for moment in self.deadlines())

    @initialize(logs=st.lists(st.booleans(), min_size=2, max_size=2))
    def begin(self, logs: list[bool]) -> None:
        for identity, has_log in zip(IDENTITIES, logs, strict=True):
            self.a_name_leads_to(identity, has_log)

    # What may happen. Who hears of it when is a rule of its own.

    @rule()
    def everybody_hears(self) -> None:
        self.settle()

    @precondition(lambda self: not self.over)
    @rule(identity=identities, has_log=st.booleans())
    def a_name_leads_to(self, identity: Identity, has_log: bool) -> None:
        self.directory[identity] = has_log or self.directory.get(identity, False)
        if self.svscan is not None:
            named = self.svscan.scan.named(identity, has_log, self.kernel.t)
            self.svscan.perform(named)

    @precondition(lambda self: not self.over and self.directory)
    @rule(pick=some, rarely=st.integers(0, 3))
    def a_name_goes(self, pick: int, rarely: int) -> None:
        if rarely:
            return
        identity = sorted(self.directory)[pick % len(self.directory)]
        del self.directory[identity]
        if self.svscan is not None:
            self.svscan.perform(self.svscan.scan.unnamed(identity, self.kernel.t))

    @precondition(lambda self: self.supervises)
    @rule(pick=some, letters=st.lists(st.sampled_from(LETTERS), min_size=1, max_size=3).map(bytes))
    def svc(self, pick: int, letters: bytes) -> None:
        self.supervises[pick % len(self.supervises)].command(letters)

    @precondition(lambda self: self.children())
    @rule(pick=some, status=st.sampled_from(STATUSES), leaves=st.booleans())
    def a_child_ends(self, pick: int, status: int, leaves: bool) -> None:
        child = self.children()[pick % len(self.children())]
        if leaves:
            self.kernel.leave_behind(child)
        self.kernel.end(child, status)

    def children(self) -> list[Process]:
        return [one for one in self.kernel.processes if one.alive]

    @precondition(lambda self: self.supervises)
    @rule(pick=some)
    def a_supervise_is_killed(self, pick: int) -> None:
        self.supervises[pick % len(self.supervises)].end()

    @precondition(lambda self: self.svscan is not None and not self.over and not self.stopping)
    @rule()
    def svscan_is_killed(self) -> None:
        self.kill_svscan()

    @precondition(lambda self: self.stopping and not self.over)
    @rule(rarely=st.integers(0, 4))
    def svscan_is_killed_while_it_stops(self, rarely: int) -> None:
        if rarely == 0:
            self.kill_svscan()

    def kill_svscan(self) -> None:
        self.left, self.svscan = self.svscan.end(), None
        self.stopping = False

    @precondition(lambda self: self.svscan is None)
    @rule()
    def svscan_is_started(self) -> None:
        self.left = {slot: one for slot, one in self.left.items() if not one.over}
        self.svscan, self.left = Svscan(self.kernel, self.directory, self.left), {}

    @precondition(lambda self: self.svscan is not None and not self.over and not self.stopping)
    @rule(rarely=st.integers(0, 3))
    def svscan_is_stopped(self, rarely: int) -> None:
        if rarely == 0:
            self.stop()

    def stop(self) -> None:
        self.stopping = True
        self.svscan.perform(self.svscan.scan.stop(self.kernel.t))

    @rule(seconds=st.sampled_from([0.1, 0.5, 1.0, 5.0, 8.0, 100.0]), hour=st.integers(-9, 9))
    def time_passes(self, seconds: float, hour: int) -> None:
        self.kernel.t += seconds
        self.kernel.jump += hour * 10**7
        self.settle()

    @precondition(lambda self: self.deadlines())
    @rule()
    def the_next_deadline_comes(self) -> None:
        self.kernel.t = max(self.kernel.t, min(self.deadlines()))
        self.settle()

    @rule(failing=st.sampled_from([set(), set(), *({call} for call in CALLS), set(CALLS)]))
    def the_kernel(self, failing: set[str]) -> None:
        self.kernel.failing = failing

    # What always holds; the kernel checks the rest where it is asked.

    @invariant()
    def a_service_has_at_most_one_pipe(self) -> None:
        """All that read it read the same one."""
        for identity in IDENTITIES:
            readers = self.kernel.living((identity, "log"))
            pipes = {one.pipe for one in readers}
            assert len(pipes) <= 1
            if self.svscan is not None and identity in self.svscan.pipes:
                # One without a writer is read to its end, and then another is begun.
                others = pipes - {self.svscan.pipes[identity]}
                assert not any(pipe.writers for pipe in others), "nobody holds what it reads"

    @invariant()
    def svscan_holds_what_it_owns(self) -> None:
        if self.svscan is None:
            return
        entries = self.svscan.scan.entries
        assert {key for key, entry in entries.items() if entry.piped} == self.svscan.pipes.keys()
        for identity, pipe in self.svscan.pipes.items():
            assert self.svscan in pipe.readers
            assert (self.svscan in pipe.writers) != entries[identity].draining

    @invariant()
    def everybody_is_somebodys(self) -> None:
        known = {slot for slot, _ in self.running_slots()}
        assert len(known) == len(self.running_slots()), "one supervise for each"

    def running_slots(self) -> list[tuple[Slot, Supervise]]:
        return [(supervise.slot, supervise) for supervise in self.supervises]

    # The end.

    def go_on(self, done, ends) -> bool:
        """Let time pass in a kernel that works, until that is so; `ends` says which children end
        by themselves."""
        self.kernel.failing = set()
        for _ in range(LONG):
            for child in self.children():
                if ends(child):
                    self.kernel.end(child, 0)
            self.settle()
            if done():
                return True
            self.kernel.t = max(self.kernel.t, min(self.deadlines(), default=self.kernel.t))
        return False

    def runs_as_wanted(self) -> bool:
        assert self.svscan is not None
        draining = {key for key, entry in self.svscan.scan.entries.items() if entry.draining}
        if any(not self.svscan.pipes[identity].writers for identity in draining):
            return False  # a logger without a service goes
        # One whose child was left behind, nameless and alive, is waited for, name or not.
        for identity, has_log in self.directory.items():
            if identity in draining:
                continue
            for role in ("main", "log") if has_log else ("main",):
                supervise = self.svscan.running.get((identity, role))
                if supervise is None or supervise.over:
                    return False
                wanted = supervise.service.want == UP and not supervise.service.leaving
                if wanted and not self.kernel.living((identity, role)):
                    return False
                if supervise.pipe is not self.svscan.pipes.get(identity):
                    return False  # it is to be given that
        return True

    def is_told(self, child: Process) -> bool:
        return child.told

    def would_end(self, child: Process) -> bool:
        """One that is told to, and a logger that has read all that anybody could have written."""
        read_all = child.slot[1] == "log" and child.pipe is not None and not child.pipe.writers
        return child.told or read_all

    def teardown(self) -> None:
        if self.over:
            return
        if self.svscan is None:
            self.svscan_is_started()
        if not self.stopping:
            assert self.go_on(self.runs_as_wanted, self.would_end), "what is wanted does not run"
            self.stop()
        assert self.go_on(lambda: self.over, self.would_end), "stopping does not come to an end"


TestTree = Tree.TestCase
TestTree.settings = settings(
    max_examples=8 * CASES,
    stateful_step_count=30,
    phases=PHASES,
    suppress_health_check=[HealthCheck.too_slow],
)
