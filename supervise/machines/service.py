"""The life of one service: what supervise does when, without doing it.

Events come in as method calls and effects go out; the driver performs them in order. After a
Spawn it must answer with `started` or `not_started` before anything else. The rules:

* from one start to the next RESTART_PAUSE passes, whatever the commands, and commands are obeyed
  meanwhile;
* a start that was asked for (u, o) happens even where x follows it; an automatic restart does not;
* x is never taken back; after Exit there is nothing more;
* a service that is stopped, not just left, is left when no process of it remains;
* with `kill_all` nothing of one run is left when the next one starts, or when supervise leaves;
* what a supervise knew when it was killed, the next one resumes.
"""

from __future__ import annotations

from collections.abc import Callable

from supervise.formats.adoption import Memory
from supervise.formats.status import DOWN, ONCE, UP, Status
from supervise.formats.tai64 import Tai64n
from supervise.machines.moment import Moment
from supervise.machines.serviceeffects import (
    AwaitRest,
    Effect,
    Exit,
    Publish,
    Signal,
    SignalRest,
    Spawn,
    Sweep,
)

RESTART_PAUSE = 1.0  # seconds from one start to the next, so that a broken run cannot spin
FORK_PAUSE = 1.0  # seconds after the first failed fork; doubled with each one that follows
LONGEST_FORK_PAUSE = 60.0  # what the originals sleep after every failed fork
YOUNG = 5.0  # seconds: a service this young is restarted when a log appears for it

# signal(7) on Linux; fixed by the ABI, and a pure module has no `signal` to ask
HUP, INT, KILL, ALRM, TERM, CONT, STOP = 1, 2, 9, 14, 15, 18, 19


class Service:
    """One service; `deadline` is the monotonic second at which `tick` has something to do, or
    None."""

    def __init__(self, now: Moment, normally_up: bool) -> None:
        self.want = UP if normally_up else DOWN
        self.pid: int | None = None
        self.since: Tai64n = now.tai
        self.paused = False
        self.leaving = False
        self.draining = False
        self.stopping = False  # leave nothing of the service behind
        self.kill_all = False  # whether a file asks for that; the driver looks before each event
        self.sweeping = False  # what the child left is told to go, or all of it is killed
        self.swept = True  # there is nothing that descends from the service
        self.drained = True  # the child has ended as a log service should
        self.asked = False  # a start that somebody asked for is still to come
        self.not_before = now.monotonic
        self.started_at = now.monotonic
        self.fork_pause = FORK_PAUSE

    @property
    def status(self) -> Status:
        return Status(self.since, self.pid, self.paused, self.want)

    @property
    def memory(self) -> Memory:
        """What `resume` needs. It changes with a Publish and with nothing else."""
        told = (self.asked, self.leaving, self.stopping, self.draining)
        return Memory(self.status, self.started_at, *told)

    @property
    def start_is_due(self) -> bool:
        return self.pid is None and not self.sweeping and (self.want == UP or self.asked)

    @property
    def deadline(self) -> float | None:
        return self.not_before if self.start_is_due else None

    def resume(self, memory: Memory, now: Moment) -> list[Effect]:
        """Go on where a supervise of this service was when it was killed. Its child counts as
        running until `exited` says otherwise."""
        self.since, self.pid, self.paused, self.want = memory.status
        self.asked = memory.asked
        self.leaving = memory.leaving
        self.stopping, self.draining = memory.stopping, memory.draining
        self.started_at = min(memory.started_at, now.monotonic)
        self.not_before = self.started_at + RESTART_PAUSE
        # It may have been killed before the signal that follows the word of it.
        stop = self.signal(STOP) if self.paused else []
        self.swept = False
        return [Publish(self.status), *stop, *self.sweep_between_runs(), *self.exit_if_done()]

    def tick(self, now: Moment) -> list[Effect]:
        """Time has passed."""
        if self.start_is_due and now.monotonic >= self.not_before:
            return [Spawn()]
        return []

    def started(self, pid: int, now: Moment) -> list[Effect]:
        """The child is running."""
        self.pid = pid
        self.since = now.tai
        self.paused = self.asked = self.swept = False
        self.fork_pause = FORK_PAUSE
        self.started_at = now.monotonic
        self.not_before = now.monotonic + RESTART_PAUSE
        return [Publish(self.status)]

    def not_started(self, now: Moment) -> list[Effect]:
        """The kernel would not give us a child; try again after a growing pause."""
        self.not_before = now.monotonic + self.fork_pause
        self.fork_pause = min(2 * self.fork_pause, LONGEST_FORK_PAUSE)
        return []

    def exited(self, status: int | None, now: Moment) -> list[Effect]:
        """The child has ended with this raw wait status; None where nobody knows it."""
        self.pid = None
        self.paused = False
        self.since = now.tai
        publish = Publish(self.status)
        self.drained = not self.draining or status == 0
        # The death is published before the next start, so that svstat never shows the age of one
        # process beside the pid of another.
        return [publish, *self.sweep_between_runs(), *self.go_on(now)]

    def go_on(self, now: Moment) -> list[Effect]:
        """Leave or start again, where nothing is in the way."""
        left = self.exit_if_done() if self.drained or self.want != UP else []
        return left or self.tick(now)

    def sweep_between_runs(self) -> list[Effect]:
        return self.sweep() if self.kill_all and self.pid is None and not self.swept else []

    def sweep(self) -> list[Effect]:
        self.sweeping = True
        return [Sweep()]

    def command(self, letter: bytes, now: Moment) -> list[Effect]:
        """A byte from the control FIFO; unknown ones are ignored, as users of newer tools
        expect."""
        handler = CONTROLS.get(letter)
        return handler(self, now) if handler else []

    def log_appeared(self, now: Moment) -> list[Effect]:
        """Standard output leads to a log from the next start on; make that soon where little
        is disturbed."""
        if self.pid is not None and now.monotonic - self.started_at < YOUNG:
            return self.signal(TERM)
        return []

    def stop(self, now: Moment) -> list[Effect]:
        """Stop the service and leave, with nothing of it left behind.

        Told by d and x it would leave what the child started and did not wait for, such as the
        sessions of a server, as the original does.
        """
        self.stopping = self.leaving = True
        return self.want_down(now)

    def rest_gone(self, now: Moment) -> list[Effect]:
        """Nothing of the service is left, but perhaps a child whose end is still to be told."""
        self.sweeping = False
        self.swept = self.pid is None
        return self.go_on(now)

    def drain(self, now: Moment) -> list[Effect]:
        """Leave once the child has read its input to the end: for a log service whose writer is
        gone.

        One that is down because somebody wants it down leaves at once. One that crashes on the
        way is started again, since what it had not read is still in the pipe.
        """
        self.draining = self.stopping = True
        if self.pid is None and self.want == UP:
            self.asked = True
        return self.leave(now)

    def want_up(self, now: Moment) -> list[Effect]:
        return self.wish(UP, now)

    def want_once(self, now: Moment) -> list[Effect]:
        return self.wish(ONCE, now)

    def wish(self, want: bytes, now: Moment) -> list[Effect]:
        self.want = want
        # What is asked of one that is on its way out already comes too late.
        self.asked = self.pid is None and not (self.sweeping and self.leaving and not self.asked)
        return [Publish(self.status), *self.tick(now)]

    def want_down(self, now: Moment) -> list[Effect]:
        self.want = DOWN
        self.asked = False
        self.paused = False
        publish = Publish(self.status)
        return [*self.signal(TERM), *self.signal(CONT), publish, *self.exit_if_done()]

    def pause(self, now: Moment) -> list[Effect]:
        self.paused = self.pid is not None
        return [Publish(self.status), *self.signal(STOP)]

    def proceed(self, now: Moment) -> list[Effect]:
        self.paused = False
        # Published afterwards: what is published as running must not be left stopped.
        return [*self.signal(CONT), Publish(self.status)]

    def leave(self, now: Moment) -> list[Effect]:
        self.leaving = True
        return [Publish(self.status), *self.exit_if_done()]

    def exit_if_done(self) -> list[Effect]:
        """Leave, where that was said and there is no child to wait for, nor one asked for."""
        if not self.leaving or self.pid is not None or self.asked or self.sweeping:
            return []
        if self.swept or not (self.stopping or self.kill_all):
            return [Exit()]
        if self.kill_all:
            return self.sweep()
        self.sweeping = True
        return [SignalRest(TERM), SignalRest(CONT), AwaitRest()]

    def kill(self, now: Moment) -> list[Effect]:
        """Nobody of it is left alone: the groups of the child, and of those before it, go too, or
        all that descends from the service."""
        if self.kill_all:
            return self.sweep()
        killed = [*self.signal(KILL), SignalRest(KILL)]
        return [*killed, AwaitRest()] if self.sweeping else killed

    def signal(self, number: int) -> list[Effect]:
        return [Signal(number)] if self.pid is not None else []


Handler = Callable[[Service, Moment], list[Effect]]


def passing_on(number: int) -> Handler:
    return lambda service, now: service.signal(number)


STOP_ORDER = b"\x02"  # stop the service and leave when no process of it remains
DRAIN_ORDER = b"\x04"  # the writer of your input is gone: read it to the end, then leave

CONTROLS: dict[bytes, Handler] = {
    STOP_ORDER: Service.stop,
    DRAIN_ORDER: Service.drain,
    b"u": Service.want_up,
    b"d": Service.want_down,
    b"o": Service.want_once,
    b"x": Service.leave,
    b"p": Service.pause,
    b"c": Service.proceed,
    b"h": passing_on(HUP),
    b"a": passing_on(ALRM),
    b"i": passing_on(INT),
    b"t": passing_on(TERM),
    b"k": Service.kill,
}
