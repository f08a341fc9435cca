"""A kernel that is only played: the machines of svscan and of its supervises, joined as their
drivers join them, with processes, pipes and records to look at, and calls of which each may fail.

Whatever fails is asked for again only after a wait; and nobody is asked for what is not there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

from supervise.formats.adoption import Memory
from supervise.formats.status import UP
from supervise.formats.tai64 import EPOCH, Tai64n
from supervise.machines import scaneffects, service, serviceeffects
from supervise.machines.moment import Moment
from supervise.machines.scan import Scan
from supervise.machines.scaneffects import Identity, Role
from supervise.machines.service import DRAIN_ORDER, RESTART_PAUSE, STOP_ORDER, Service

KILLED = 9  # a raw wait status
# Calls of one sort at one instant: each of two supervises may need the pipe.
MOST_AT_ONCE = {"pipe": 2}
ENDING = (service.TERM, service.KILL, service.INT, service.HUP)
Slot = tuple[Identity, Role]


@dataclass(eq=False)
class Pipe:
    """From a service to its log. Those who hold its ends are counted by who they are."""

    readers: set[object] = field(default_factory=set)
    writers: set[object] = field(default_factory=set)

    def ends(self, role: Role) -> set[object]:
        return self.writers if role == "main" else self.readers

    def close(self, holder: object) -> None:
        self.readers.discard(holder)
        self.writers.discard(holder)


@dataclass(eq=False)
class Process:
    """A ./run, or what one has left behind in its group."""

    pid: int
    slot: Slot
    group: int
    pipe: Pipe | None
    alive: bool = True
    told: bool = False  # to end
    status: int | None = None  # of one that has ended


class Kernel:
    """Who lives, what is on disk, and what fails at the moment."""

    def __init__(self) -> None:
        self.t = 1000.0
        self.jump = 0  # of the wall clock, seconds
        self.pids = count(100)
        self.failing: set[str] = set()
        self.failed: dict[tuple[object, ...], list[float]] = {}
        self.processes: list[Process] = []
        self.records: dict[Slot, Memory] = {}
        self.starts: dict[Slot, float] = {}

    @property
    def now(self) -> Moment:
        return Moment(self.t, Tai64n(EPOCH + 10**9 + self.jump, 0))

    def fails(self, call: str, *what: object) -> bool:
        """Whether a call fails that is made now, by whom and for what."""
        if call not in self.failing:
            return False
        times = self.failed.setdefault((call, *what), [])
        times.append(self.t)
        assert times.count(self.t) <= MOST_AT_ONCE.get(call, 1), f"{call} again, without a wait"
        return True

    def living(self, slot: Slot) -> list[Process]:
        """The copies of a service that run."""
        return [one for one in self.processes if one.slot == slot and one.alive and leads(one)]

    def find(self, pid: int) -> Process:
        return next(one for one in self.processes if one.pid == pid)

    def fork(self, slot: Slot, pipe: Pipe | None) -> Process:
        assert not self.living(slot), "never two of one service"
        since = self.t - self.starts.get(slot, -10.0)
        assert since >= RESTART_PAUSE - 1e-6, "never two starts within the pause"
        self.starts[slot] = self.t
        pid = next(self.pids)
        child = Process(pid, slot, pid, pipe)
        if pipe is not None:
            pipe.ends(slot[1]).add(child)
        self.processes.append(child)
        return child

    def leave_behind(self, process: Process) -> None:
        """It starts somebody in its group, who does not hold the pipe."""
        self.processes.append(Process(next(self.pids), process.slot, process.group, None))

    def end(self, process: Process, status: int) -> None:
        process.alive, process.status = False, status
        if process.pipe is not None:
            process.pipe.close(process)


def leads(process: Process) -> bool:
    return process.pid == process.group


def of_service(one: object) -> object:
    """The identity in a slot; anything else as it is."""
    return one[0] if isinstance(one, tuple) and not isinstance(one, Identity) else one


class Supervise:
    """A supervise and its driver."""

    def __init__(self, kernel: Kernel, slot: Slot, pipe: Pipe | None, normally_up: bool) -> None:
        self.kernel = kernel
        self.slot = slot
        self.pipe = pipe
        self.groups: set[int] = set()
        self.finished = False
        self.dead = False
        self.unpublished = False
        self.service = Service(kernel.now, normally_up)
        if pipe is not None:
            pipe.ends(slot[1]).add(self)
        if slot in kernel.records:
            self.take_over(kernel.records[slot])
        else:
            self.publish()
        self.tick()

    def take_over(self, memory: Memory) -> None:
        pid = memory.status.pid
        if pid is not None:
            self.groups.add(pid)
        self.perform(self.service.resume(memory, self.kernel.now))
        self.learn()

    def tick(self) -> None:
        if not self.over:
            self.perform(self.service.tick(self.kernel.now))
        if not self.over and self.unpublished and "disk" not in self.kernel.failing:
            self.publish()

    @property
    def over(self) -> bool:
        return self.finished or self.dead

    def publish(self) -> None:
        self.unpublished = "disk" in self.kernel.failing
        if not self.unpublished:
            self.kernel.records[self.slot] = self.service.memory

    def perform(self, effects: list[serviceeffects.Effect]) -> None:
        for effect in effects:
            assert not self.over, "nothing after Exit"
            getattr(self, type(effect).__name__)(**vars(effect))

    def Spawn(self) -> None:
        if self.kernel.fails("spawn", self):
            self.perform(self.service.not_started(self.kernel.now))
            return
        if "disk" in self.kernel.failing:  # nobody is started where it cannot be told who runs
            self.perform(self.service.not_started(self.kernel.now))
            return
        child = self.kernel.fork(self.slot, self.pipe)
        self.groups.add(child.pid)
        self.perform(self.service.started(child.pid, self.kernel.now))

    def Signal(self, number: int) -> None:
        assert self.service.pid is not None, "a signal to nobody"
        child = self.kernel.find(self.service.pid)
        child.told |= number in ENDING  # where it has ended already, the kernel says ESRCH

    def SignalRest(self, number: int) -> None:
        for one in self.kernel.processes:
            if one.alive and one.slot == self.slot and one.group in self.groups:
                one.told |= number in ENDING

    def AwaitRest(self) -> None:
        self.look_at_rest()

    def Sweep(self) -> None:
        self.SignalRest(service.KILL)
        self.look_at_rest()

    def Publish(self, status: object) -> None:
        self.publish()

    def Exit(self) -> None:
        assert not self.kernel.living(self.slot), "it leaves a child behind"
        self.finished = True
        if self.pipe is not None:
            self.pipe.close(self)  # whether there is an svscan that collects it or not
        self.kernel.records.pop(self.slot, None)
        self.kernel.starts.pop(self.slot, None)  # what comes next begins anew

    def rest(self) -> list[Process]:
        return [
            one
            for one in self.kernel.processes
            if one.alive and one.slot == self.slot and one.group in self.groups
        ]

    def look_at_rest(self) -> None:
        if self.service.sweeping and not self.rest():
            self.perform(self.service.rest_gone(self.kernel.now))

    def learn(self) -> None:
        """Hear of ends."""
        pid = self.service.pid
        if not self.over and pid is not None and not self.kernel.find(pid).alive:
            child = self.kernel.find(pid)
            self.perform(self.service.exited(child.status, self.kernel.now))
        if not self.over:
            self.look_at_rest()

    def command(self, letters: bytes) -> None:
        for letter in letters:
            if not self.over:
                self.perform(self.service.command(bytes([letter]), self.kernel.now))

    def end(self) -> None:
        """Its descriptors go with it, killed or not."""
        self.dead = True
        if self.pipe is not None:
            self.pipe.close(self)

    @property
    def abandons(self) -> bool:
        """Whether what it has left is to be taken over."""
        memory = self.kernel.records.get(self.slot)
        return memory is not None and (
            memory.status.pid is not None or memory.asked or memory.status.want == UP
        )


class Svscan:
    """An svscan and its driver. `left` are the supervises of one that was killed."""

    def __init__(
        self, kernel: Kernel, directory: dict[Identity, bool], left: dict[Slot, Supervise]
    ) -> None:
        self.kernel = kernel
        self.directory = directory
        self.left = left
        self.scan = Scan()
        self.running: dict[Slot, Supervise] = {}
        self.adopted: set[Slot] = set()
        self.pipes: dict[Identity, Pipe] = {}
        self.finished = False
        self.Look()

    def perform(self, effects: list[scaneffects.Effect]) -> None:
        for effect in effects:
            assert not self.finished, "nothing after Exit"
            getattr(self, type(effect).__name__)(**vars(effect))

    def Look(self) -> None:
        for identity, has_log in list(self.directory.items()):
            self.perform(self.scan.named(identity, has_log, self.kernel.t))

    def MakePipe(self, identity: Identity) -> None:
        assert identity not in self.pipes, "one pipe for each service"
        if self.kernel.fails("pipe", self, identity):
            return
        pipe = self.pipe_that_is_there(identity) or Pipe()
        self.pipes[identity] = pipe
        pipe.readers.add(self)
        pipe.writers.add(self)
        self.scan.pipe_made(identity)

    def pipe_that_is_there(self, identity: Identity) -> Pipe | None:
        for role in ("log", "main"):
            left = self.left.get((identity, role))
            if left is not None and not left.over and left.pipe is not None:
                return left.pipe
        children = [self.kernel.living((identity, role)) for role in ("main", "log")]
        pipes = {child.pipe for each in children for child in each}
        return pipes.pop() if all(children) and len(pipes) == 1 else None

    def Start(self, identity: Identity, role: Role) -> None:
        slot = identity, role
        assert slot not in self.running, "at most one supervise for each"
        if identity not in self.directory:
            self.perform(self.scan.unreachable(identity, role, self.kernel.t))
            return
        pipe = self.pipes.get(identity)
        if (role == "log" and pipe is None) or self.no_supervise(slot, pipe):
            self.scan.not_started(identity, role, self.kernel.t)
            return
        self.perform(self.scan.started(identity, role, self.kernel.t))

    def no_supervise(self, slot: Slot, pipe: Pipe | None) -> bool:
        left = self.left.pop(slot, None)
        if left is not None and not left.over:
            self.running[slot] = left
            self.adopted.add(slot)
            if left.pipe is not pipe:
                left.end()  # it makes way for one that has ours
            return False
        if self.kernel.fails("fork", self, slot):
            return True
        self.running[slot] = Supervise(self.kernel, slot, pipe, normally_up=True)
        self.adopted.discard(slot)
        return False

    def order(self, slot: Slot, letters: bytes) -> bool:
        """Whether it could be told."""
        supervise = self.running[slot]
        if self.kernel.fails("order", self, supervise, letters):
            return False
        supervise.command(letters)
        return True

    def Stop(self, identity: Identity, role: Role) -> None:
        if not self.order((identity, role), STOP_ORDER):
            self.scan.not_stopped(identity, role, self.kernel.t)

    def Kill(self, identity: Identity, role: Role) -> None:
        self.order((identity, role), b"k")

    def Drain(self, identity: Identity) -> None:
        if not self.order((identity, "log"), DRAIN_ORDER):
            self.scan.not_given(identity, self.kernel.t)

    def HandOver(self, identity: Identity) -> None:
        slot: Slot = identity, "main"
        if identity not in self.pipes:
            return
        supervise = self.running[slot]
        if self.kernel.fails("order", self, supervise, "pipe"):
            self.scan.not_given(identity, self.kernel.t)
            return
        if slot in self.adopted:
            supervise.end()  # it can be given none, but the next one can
        elif supervise.pipe is None and not supervise.over:
            supervise.pipe = self.pipes[identity]
            supervise.pipe.writers.add(supervise)
            supervise.perform(supervise.service.log_appeared(self.kernel.now))
        self.scan.handed_over(identity)

    def CloseWriter(self, identity: Identity) -> None:
        assert self in self.pipes[identity].writers, "closed once"
        self.pipes[identity].writers.remove(self)

    def Forget(self, identity: Identity) -> None:
        assert not any((identity, role) in self.running for role in ("main", "log"))
        if identity in self.pipes:
            self.pipes.pop(identity).close(self)
        for role in ("main", "log"):
            self.kernel.starts.pop((identity, role), None)  # what comes is another service
        for asked in [one for one in self.kernel.failed if identity in map(of_service, one)]:
            del self.kernel.failed[asked]

    def Exit(self) -> None:
        assert not self.running
        assert not self.pipes, "a descriptor is left"
        self.finished = True

    def learn(self) -> None:
        """Hear of the ends of supervises."""
        for slot, supervise in list(self.running.items()):
            if supervise.over and not self.finished:
                del self.running[slot]
                supervise.end()
                status = 0 if supervise.finished else KILLED
                orphaned = not supervise.finished and slot[0] in self.directory
                orphaned = orphaned and supervise.abandons
                self.perform(self.scan.exited(*slot, status, self.kernel.t, orphaned))

    def end(self) -> dict[Slot, Supervise]:
        """It is killed; who goes on without it."""
        for pipe in self.pipes.values():
            pipe.close(self)
        return {slot: one for slot, one in self.running.items() if not one.over} | self.left
