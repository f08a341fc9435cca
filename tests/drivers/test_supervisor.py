"""supervise's loop in a fork, over children that are forks too."""

from __future__ import annotations

import errno
import os
import signal
import time
from pathlib import Path

import pytest

from supervise import errors
from supervise.drivers import adoption, descendants, ownership, publication, steadfast, supervisor
from supervise.drivers.child import Orphan
from supervise.drivers.supervisor import ENDED, STDOUT, WAIT_STATUS, Supervisor
from supervise.machines import service, sweep
from supervise.machines.service import DRAIN_ORDER, STOP_ORDER
from supervise.unix import cgroups, channels, exits, processes
from supervise.unix.gate import Gate
from tests.support import trees
from tests.support.cgroups import needed
from tests.support.patience import eventually


def sleep() -> int:
    signal.pause()
    return 0


def end_at_once() -> int:
    with open("starts", "a") as starts:
        starts.write("started\n")
    return 0


def read_to_the_end() -> int:
    while block := os.read(0, 4096):
        with open("read", "ab") as file:
            file.write(block)
    return 0


@pytest.fixture
def sv(tmp_path: Path) -> Path:
    (tmp_path / "sv").mkdir()
    return tmp_path / "sv"


def quickly() -> None:
    """Restarts are not what is looked at."""
    service.RESTART_PAUSE = 0.05


class Started:
    """A supervise in a fork, and our end of its socket."""

    def __init__(self, path: Path, run, before=quickly, orphan: Orphan | None = None) -> None:
        self.path = path
        self.ours, theirs = channels.pair()

        def child() -> int:
            os.close(self.ours)
            os.chdir(path)
            os.dup2(os.open("errors", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 2)
            before()
            supervisor = Supervisor("sv", run, theirs, orphan)
            supervisor.announce()
            supervisor.supervise()
            return 0

        self.pid = processes.fork(child)
        os.close(theirs)
        eventually(lambda: trees.is_supervised(path) or trees.ended(self.pid))

    def order(self, order: bytes, *carried: int) -> None:
        channels.send(self.ours, order, *carried)

    def leaves(self) -> int:
        """Wait for its end; its exit code."""
        eventually(lambda: trees.ended(self.pid), "supervise left")
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        return os.waitstatus_to_exitcode(status)

    def is_killed(self) -> None:
        trees.kill(self.pid)
        os.waitpid(self.pid, 0)
        self.pid = 0

    def said(self) -> list[str]:
        return (self.path / "errors").read_text().splitlines()


@pytest.fixture
def start(sv):
    started: list[Started] = []

    def start(run=sleep, before=quickly, orphan: Orphan | None = None) -> Started:
        started.append(Started(sv, run, before, orphan))
        return started[-1]

    yield start
    for one in started:
        if one.pid:
            one.order(b"dkx")
            one.leaves()
        os.close(one.ours)


def died(sv: Path) -> None:
    """Wait until a service that ends at once has done so."""
    eventually((sv / "starts").exists)
    trees.stopped(sv)


def patiently() -> None:
    """The next start would come only after the test's patience."""
    service.RESTART_PAUSE = 10000.0


@pytest.mark.parametrize("give", [trees.control, None], ids=["svc", "svscan"])
def test_it_obeys_svc_and_svscan(sv, start, give):
    supervise = start()
    pid = trees.started(sv)
    tell = (lambda letters: give(sv, letters)) if give else supervise.order
    tell(b"p")
    eventually(lambda: trees.read(sv).paused)
    tell(b"d")
    assert trees.stopped(sv).want == b"d"
    tell(b"o")
    assert trees.started(sv) != pid
    tell(b"xt")
    assert supervise.leaves() == 0


@pytest.mark.parametrize(
    ("letters", "want"), [(b"d", b"d"), (b"o", b"\0"), (b"u", b"u"), (b"p", b"u"), (b"t", b"u")]
)
def test_it_is_not_deaf_between_two_starts(sv, start, letters, want):
    start(end_at_once, patiently)
    died(sv)
    trees.control(sv, letters + b"c")
    eventually(lambda: trees.read(sv).want == want)
    assert (sv / "starts").read_text() == "started\n"


@pytest.mark.parametrize("letters", [b"x", b"dx", b"xu", b"odx", b"udx"])
def test_it_leaves_between_two_starts(sv, start, letters):
    supervise = start(end_at_once, patiently)
    died(sv)
    trees.control(sv, letters)
    assert supervise.leaves() == 0
    assert (sv / "starts").read_text() == "started\n"


def test_down_in_the_pause_is_down_after_it(sv, start):
    def briefly() -> None:
        service.RESTART_PAUSE = 0.3

    start(end_at_once, briefly)
    died(sv)
    trees.control(sv, b"d")
    eventually(lambda: trees.read(sv).want == b"d")
    count = (sv / "starts").read_text()
    until = time.monotonic() + 0.6
    eventually(lambda: time.monotonic() > until)
    assert (sv / "starts").read_text() == count


def test_down_at_the_start(sv, start):
    (sv / "down").touch()
    supervise = start()
    assert trees.read(sv)[1:] == (None, False, b"d")
    trees.control(sv, b"x")
    assert supervise.leaves() == 0


def test_a_log_that_appears_for_a_young_service(sv, start):
    def speak() -> int:
        os.write(1, b"hello\n")
        return sleep()

    supervise = start(speak)
    pid = trees.started(sv)
    read_end, write_end = os.pipe()
    supervise.order(STDOUT, write_end)
    os.close(write_end)
    assert trees.started(sv, other_than=pid)
    assert os.read(read_end, 100) == b"hello\n"
    supervise.order(b"dx")
    assert supervise.leaves() == 0
    assert os.read(read_end, 100) == b"", "nobody else holds the writing end"
    os.close(read_end)


def test_a_log_drains_and_leaves(sv, start):
    read_end, write_end = os.pipe()

    def listen() -> None:
        os.dup2(read_end, 0)
        os.close(read_end)
        os.close(write_end)

    supervise = start(read_to_the_end, listen)
    os.close(read_end)
    os.write(write_end, b"one\n")
    eventually((sv / "read").exists)
    supervise.order(DRAIN_ORDER)
    os.write(write_end, b"two\n")
    os.close(write_end)
    assert supervise.leaves() == 0
    assert (sv / "read").read_bytes() == b"one\ntwo\n"


def test_it_goes_on_when_svscan_is_gone(sv, start):
    supervise = start()
    pid = trees.started(sv)
    os.close(supervise.ours)
    trees.control(sv, b"t")
    trees.started(sv, other_than=pid)
    before = trees.wakeups(supervise.pid)
    assert before < 50, "the end of the socket wakes it once"
    trees.control(sv, b"dkx")
    assert supervise.leaves() == 0
    supervise.ours = os.open("/dev/null", os.O_RDONLY)


def test_a_control_that_is_no_fifo_is_told_once(sv, start):
    (sv / "supervise").mkdir()
    (sv / "supervise/control").touch()
    supervise = start()
    eventually(supervise.said)
    trees.started(sv)
    supervise.order(b"c")
    supervise.order(b"dx")
    assert supervise.leaves() == 0
    assert supervise.said() == [
        "supervise: warning: unable to read sv/supervise/control: not a fifo"
    ]


def test_a_fork_that_fails_is_tried_again(sv, start):
    def shortage() -> None:
        quickly()
        service.FORK_PAUSE = 0.125
        fork, failures = os.fork, iter(range(2))

        def failing() -> int:
            if next(failures, None) is not None:
                raise BlockingIOError(errno.EAGAIN, "x")
            return fork()

        processes.os.fork = failing

    supervise = start(sleep, shortage)
    trees.started(sv)
    failure = "supervise: warning: unable to fork for sv, sleeping {} seconds: temporary failure"
    assert supervise.said() == [failure.format("0.125"), failure.format("0.25")]


def test_a_child_that_we_may_not_signal(sv, start):
    def forbid() -> None:
        quickly()

        def refuse(pidfd: int, number: int) -> None:
            if not os.path.exists("allowed"):
                raise PermissionError(errno.EPERM, "x")
            real(pidfd, number)

        real = supervisor.processes.send
        supervisor.processes.send = refuse

    supervise = start(sleep, forbid)
    pid = trees.started(sv)
    trees.control(sv, b"t")
    eventually(supervise.said)
    assert supervise.said() == ["supervise: warning: unable to signal sv/run: permission denied"]
    (sv / "allowed").touch()
    trees.control(sv, b"t")
    trees.started(sv, other_than=pid)


def leave_one_in_the_group() -> int:
    with open("rest", "w") as file:
        file.write(str(processes.fork(sleep)))
    return sleep()


def rest_of(sv: Path) -> int:
    """The one that leave_one_in_the_group has left; its pid."""
    return int(eventually(lambda: (sv / "rest").exists() and (sv / "rest").read_text()))


def test_kill_reaches_the_whole_group(sv, start):
    start(leave_one_in_the_group)
    pid, rest = trees.started(sv), rest_of(sv)
    trees.control(sv, b"dk")
    eventually(lambda: trees.ended(rest))
    trees.stopped(sv)
    assert trees.ended(pid)


def test_kill_reaches_what_a_service_that_is_down_has_left(sv, start):
    start(leave_one_in_the_group)
    pid, rest = trees.started(sv), rest_of(sv)
    trees.control(sv, b"d")
    trees.stopped(sv)
    assert (trees.ended(pid), trees.ended(rest)) == (True, False)
    trees.control(sv, b"k")
    eventually(lambda: trees.ended(rest))


def leave_one_with_a_parent_elsewhere() -> int:
    """One stays in our group; its parent has left the group, and collects it."""

    def parent() -> int:
        child = processes.fork(sleep)
        os.setsid()
        with open("parent", "w") as file:
            file.write(str(os.getpid()))
        os.waitpid(child, 0)
        return sleep()

    processes.fork(parent)
    return sleep()


def test_what_ends_without_a_word_is_missed_when_it_is_to_be_killed(sv, start):
    supervise = start(leave_one_with_a_parent_elsewhere)
    parent = int(eventually(lambda: (sv / "parent").exists() and (sv / "parent").read_text()))
    (child,) = eventually(lambda: trees.processes.children(parent))
    supervise.order(STOP_ORDER)
    eventually(lambda: trees.processes.state(child) == "gone", "collected by its parent")
    supervise.order(b"k")
    assert supervise.leaves() == 0
    trees.kill(parent)


def test_other_children_do_not_matter(sv, start):
    """A descendant that becomes ours, or was ours before."""

    def inherit() -> None:
        processes.fork(lambda: 3)

    supervise = start(sleep, inherit)
    pid = trees.started(sv)
    children = Path(f"/proc/{supervise.pid}/task/{supervise.pid}/children")
    trees.control(sv, b"c")
    eventually(lambda: children.read_text().split() == [str(pid)], "reaped")
    assert trees.running(sv) == pid


def test_it_says_once_that_svc_and_svstat_are_answered(sv, monkeypatch):
    monkeypatch.chdir(sv.parent)

    def announced() -> None:
        (sv / "seen").write_text(f"{trees.is_supervised(Path('.'))} {trees.read(Path('.')).pid}")
        trees.control(Path("."), b"dx")

    def supervise() -> int:
        return supervisor.supervise("sv", sleep, announced=announced)

    assert os.waitpid(processes.fork(supervise), 0)[1] == 0
    assert (sv / "seen").read_text() == "True None"


# With a file kill-all.


def leave_one_elsewhere() -> int:
    """It is in a session of its own, and nobody's child."""

    def parent() -> int:
        os.setsid()
        with open("rest", "w") as file:
            file.write(str(processes.fork(sleep)))
        return 0

    processes.fork(parent)
    return sleep()


def without_cgroups() -> None:
    quickly()
    cgroups.own = lambda: None


@pytest.fixture(params=[pytest.param(quickly, marks=needed), without_cgroups])
def mode(request):
    return request.param


def test_all_that_descends_is_killed_where_that_is_asked_for(sv, start, mode):
    (sv / "kill-all").touch()
    start(leave_one_elsewhere, mode)
    pid, rest = trees.started(sv), rest_of(sv)
    assert (sv / "supervise/cgroup").exists() == (mode is quickly)
    (sv / "rest").unlink()
    trees.control(sv, b"t")
    trees.started(sv, other_than=pid)
    assert trees.ended(rest), "before the next one has started"
    rest = rest_of(sv)
    trees.control(sv, b"dk")
    trees.stopped(sv)
    eventually(lambda: trees.ended(rest))


def test_it_leaves_when_nobody_is_left(sv, start, mode):
    (sv / "kill-all").touch()
    supervise = start(leave_one_elsewhere, mode)
    trees.started(sv)
    rest = rest_of(sv)
    trees.control(sv, b"dx")
    assert supervise.leaves() == 0
    assert trees.ended(rest)
    assert not (sv / "supervise/cgroup").exists()


def test_svc_is_answered_while_some_cannot_be_killed(sv, start):
    (sv / "kill-all").touch()

    def powerless() -> None:
        without_cgroups()
        sweep.PATIENCE = 10000.0
        descendants.Descendants.signal = lambda *_: True

    start(leave_one_elsewhere, powerless)
    pid, rest = trees.started(sv), rest_of(sv)
    trees.kill(pid)
    trees.stopped(sv)
    for letters, want in ((b"d", b"d"), (b"u", b"u"), (b"o", b"\0")) * 5:
        trees.control(sv, letters)
        eventually(lambda want=want: trees.read(sv).want == want)
    assert trees.read(sv).pid is None, "not beside one that is left"
    (sv / "rest").unlink()
    trees.kill(rest)
    assert trees.started(sv) != pid
    (sv / "kill-all").unlink()
    trees.kill(rest_of(sv))


def test_what_cannot_be_killed_is_told_and_left(sv, start):
    (sv / "kill-all").touch()

    def powerless() -> None:
        without_cgroups()
        sweep.PATIENCE = 0.1
        processes.send_to_group = processes.send = lambda *_: None

    supervise = start(leave_one_elsewhere, powerless)
    pid, rest = trees.started(sv), rest_of(sv)
    trees.kill(pid)
    trees.started(sv, other_than=pid)
    assert supervise.said()[0] == f"supervise: warning: unable to kill 1 process of sv: {rest}"
    trees.kill(rest)
    (sv / "kill-all").unlink()
    trees.control(sv, b"d")
    trees.kill(trees.read(sv).pid)
    trees.kill(rest_of(sv))


def test_all_that_an_adopted_service_has_left_is_killed(sv, start, mode):
    """The test is who inherits it, as svscan would be."""
    (sv / "kill-all").touch()
    first = start(leave_one_elsewhere, mode)
    pid, rest = trees.started(sv), rest_of(sv)
    first.is_killed()
    second = start(leave_one_elsewhere, mode, orphan=expected(pid))
    second.order(b"dk")
    second.order(ENDED + WAIT_STATUS.pack(status_of(pid)))
    trees.stopped(sv)
    if mode is quickly:
        assert status_of(rest) == signal.SIGKILL
    else:
        trees.kill(rest)  # a fork of the test: not marked in /proc


# A supervise that is killed, and the next one. The test is the orphan's parent, as svscan would be.


def say_and_sleep() -> int:
    Path(f"ran-{os.getpid()}").touch()
    return sleep()


def ran(sv: Path) -> int:
    """Wait until a child is past the gate; its pid."""
    pid = trees.started(sv)
    eventually((sv / f"ran-{pid}").exists)
    return pid


def status_of(pid: int) -> int:
    return os.waitpid(pid, 0)[1]


def expected(pid: int) -> Orphan:
    return Orphan(pid, os.pidfd_open(pid), True, None)


def test_the_next_supervise_adopts_the_child(sv, start):
    first = start(say_and_sleep)
    pid = ran(sv)
    before = trees.read(sv)
    first.is_killed()
    second = start()
    assert trees.read(sv) == before
    trees.control(sv, b"t")
    assert status_of(pid) == signal.SIGTERM
    assert trees.started(sv, other_than=pid)
    assert second.said() == []


def test_it_stays_as_it_was_told_to_be(sv, start):
    first = start(say_and_sleep)
    pid = ran(sv)
    trees.control(sv, b"o")
    eventually(lambda: trees.read(sv).want == b"\0")
    first.is_killed()
    start()
    trees.kill(pid)
    status_of(pid)
    assert trees.stopped(sv).want == b"\0"
    trees.control(sv, b"d")
    eventually(lambda: trees.read(sv).want == b"d")


def test_a_child_that_ended_between_two_supervises_is_started_again(sv, start):
    first = start(say_and_sleep)
    pid = ran(sv)
    first.is_killed()
    trees.kill(pid)
    status_of(pid)
    start()
    assert trees.started(sv) != pid


def test_svscan_tells_how_the_adopted_child_ended(sv, start):
    """A log that ends with 0 has read all, and its supervise leaves; after any other end it would
    be started again."""
    first = start(say_and_sleep)
    pid = ran(sv)
    first.is_killed()
    second = start(orphan=expected(pid))
    second.order(DRAIN_ORDER)
    trees.kill(pid)
    assert trees.read(sv).pid == pid, "not down before somebody has said so"
    status_of(pid)
    second.order(ENDED + WAIT_STATUS.pack(0))
    assert second.leaves() == 0


def test_what_svscan_knew_before_is_not_told_again(sv, start):
    first = start(say_and_sleep)
    pid = ran(sv)
    trees.control(sv, b"xp")
    eventually(lambda: trees.read(sv).paused)
    first.is_killed()
    trees.kill(pid)
    second = start(end_at_once, orphan=Orphan(pid, None, False, status_of(pid)))
    assert second.leaves() == 0, "as the first one was told"


def test_an_end_that_svscan_cannot_tell_any_more_is_seen_all_the_same(sv, start):
    first = start(say_and_sleep)
    pid = ran(sv)
    first.is_killed()
    second = start(orphan=expected(pid))
    os.close(second.ours)
    second.ours = os.open(os.devnull, os.O_RDONLY)
    trees.kill(pid)
    status_of(pid)
    assert trees.started(sv, other_than=pid)
    trees.control(sv, b"dx")
    second.leaves()


def say_and_wait() -> int:
    Path(f"ran-{os.getpid()}").touch()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    return sleep()


def test_how_a_child_ended_that_nobody_tells_of_is_known_to_a_new_kernel(sv, start):
    first = start(say_and_wait)
    pid = ran(sv)
    first.is_killed()
    pidfd = os.pidfd_open(pid)
    second = start(say_and_wait)
    second.order(DRAIN_ORDER)
    trees.kill(pid, signal.SIGTERM)
    status_of(pid)
    told = exits.status(pidfd)
    os.close(pidfd)
    if told is None:
        pytest.skip("needs Linux 6.15")
    assert second.leaves() == 0, "a log that has read all is not started again"


def test_nobody_of_an_adopted_service_is_left_when_it_is_stopped(sv, start):
    first = start(leave_one_in_the_group)
    pid, rest = trees.started(sv), rest_of(sv)
    first.is_killed()
    second = start(orphan=expected(pid))
    second.order(STOP_ORDER)
    second.order(ENDED + WAIT_STATUS.pack(status_of(pid)))
    assert status_of(rest) == signal.SIGTERM
    assert second.leaves() == 0


def test_an_end_of_nobody_is_ignored(sv, start):
    second = start()
    pid = trees.started(sv)
    second.order(ENDED + WAIT_STATUS.pack(0))
    second.order(b"p")
    eventually(lambda: trees.read(sv).paused)
    assert trees.running(sv) == pid


def test_one_that_left_leaves_nothing_to_adopt(sv, start):
    first = start(say_and_sleep)
    pid = ran(sv)
    trees.control(sv, b"dx")
    assert first.leaves() == 0
    start()
    assert trees.started(sv) != pid
    assert trees.read(sv).want == b"u", "as it is without a file down"


def test_a_status_that_could_not_be_published_is_published_later(sv, start):
    def full_disk() -> None:
        quickly()
        publication.PAUSE = 0.125
        rename, failures = os.rename, iter(range(2))

        def failing(*names: str) -> None:
            if next(failures, None) is not None:
                raise OSError(errno.ENOSPC, "x")
            rename(*names)

        ownership.os.rename = failing

    supervise = start(sleep, full_disk)
    trees.started(sv)
    assert len(supervise.said()) == 2


def test_a_start_that_goes_wrong_does_not_end_it(sv, start):
    def spoil() -> None:
        quickly()
        steadfast.PAUSE = 0.125
        opens, failures = Gate.open, iter(range(1))

        def failing(gate: Gate) -> None:
            opens(gate)
            if next(failures, None) is not None:
                raise OSError(errno.EIO, "x")

        Gate.open = failing

    supervise = start(sleep, spoil)
    trees.started(sv)
    trees.control(sv, b"dx")
    assert supervise.leaves() == 0
    (warning,) = supervise.said()
    assert "unable to go on as usual, pausing: input/output error" in warning


def test_it_does_not_begin_where_it_cannot_be_told_whether_somebody_runs(sv, start):
    first = start(say_and_sleep)
    pid = ran(sv)
    first.is_killed()

    def blind() -> None:
        def refuse(pid: int) -> int:
            raise OSError(errno.ENOMEM, "x")

        adoption.os.pidfd_open = refuse

    second = start(say_and_sleep, blind)
    assert second.leaves() == errors.TEMPORARY
    third = start(say_and_sleep)
    assert trees.running(sv) == pid
    trees.control(sv, b"dx")
    assert third.leaves() == 0
