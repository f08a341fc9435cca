"""Orders by signals: which are heard, when they are obeyed, and that a pause hears them."""

from __future__ import annotations

import errno
import os
import signal
import time

import pytest

from supervise import errors
from supervise.drivers.orders import Orders, Stopped
from supervise.unix import processes, signals
from supervise.unix.waiting import Waiter
from tests.support.forks import in_a_fork

NEVER = 3600.0  # seconds: a pause that only an order can end


def tell(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (signal.SIGTERM, (True, False)),
        (signal.SIGHUP, (True, False)),
        (signal.SIGINT, (True, False)),
        (signal.SIGALRM, (False, True)),
    ],
)
def test_what_a_signal_orders(number, told):
    def ordered() -> tuple[bool, bool]:
        orders = Orders()
        tell(number)
        orders.look()
        return orders.stop, orders.rotate

    assert in_a_fork(ordered) == told


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGALRM])
def test_what_is_for_us_is_heard_though_it_came_ignored_and_blocked(number):
    def heard() -> bool:
        signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {number})
        orders = Orders()
        tell(number)
        orders.look()
        return orders.stop or orders.rotate

    assert in_a_fork(heard)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])
def test_what_nohup_ignores_stays_ignored(number):
    def heard() -> bool:
        signal.signal(number, signal.SIG_IGN)
        orders = Orders()
        tell(number)
        orders.look()
        return orders.stop

    assert not in_a_fork(heard)


def test_an_order_that_was_waiting_to_be_unblocked_is_heard():
    def heard() -> bool:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        tell(signal.SIGTERM)
        signal.signal(signal.SIGTERM, signals.note)
        orders = Orders()
        orders.look()
        return orders.stop

    assert in_a_fork(heard)


def test_a_child_can_be_waited_for_though_its_signal_came_ignored():
    """Who ignores SIGCHLD has no children to wait for: they are gone at once."""

    def code() -> int:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        Orders()
        return os.waitstatus_to_exitcode(os.waitpid(processes.fork(lambda: 7), 0)[1])

    assert in_a_fork(code) == 7


def test_a_second_multilog_in_the_same_process_hears_only_its_own_orders():
    """As when one program becomes another in place."""

    def heard() -> list[bool]:
        first = Orders()
        tell(signal.SIGTERM)
        first.look()
        signals.reset()
        second = Orders()
        second.look()
        before = second.stop
        tell(signal.SIGTERM)
        second.look()
        return [first.stop, before, second.stop]

    assert in_a_fork(heard) == [True, False, True]


def test_waiting_ends_with_input_its_end_or_an_order(orders):
    source, sink = os.pipe()
    os.write(sink, b"x")
    assert orders.wait_for(source)
    tell(signal.SIGALRM)
    assert not orders.wait_for(source)  # an order comes first
    assert orders.rotate
    assert orders.wait_for(source)  # one that is known no longer does
    os.read(source, 1)
    os.close(sink)
    assert orders.wait_for(source)
    os.close(source)


def test_a_pause_ends_by_itself(orders):
    orders.pause(next(orders.pauses()))
    assert not orders.stop


@pytest.mark.parametrize("early", [True, False], ids=["before", "meanwhile"])
def test_an_order_to_stop_ends_a_pause(orders, early):
    orders.first_pause = NEVER
    parent = os.getpid()
    if early:
        tell(signal.SIGTERM)
        child = None
    else:
        child = processes.fork(lambda: os.kill(parent, signal.SIGTERM) or 0)
    with pytest.raises(Stopped):
        orders.pause(next(orders.pauses()))
    if child is not None:
        os.waitpid(child, 0)
    with pytest.raises(Stopped):  # and every later one
        orders.pause(next(orders.pauses()))


def test_what_fails_is_tried_until_it_succeeds_with_a_warning_each_time(orders, capfd):
    answers = [OSError(28, "full"), OSError(5, "broken"), "done"]

    def step() -> str:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    assert orders.insist("do it", step) == "done"
    assert capfd.readouterr().err == (
        "multilog: warning: unable to do it, pausing: out of disk space\n"
        "multilog: warning: unable to do it, pausing: input/output error\n"
    )


def test_what_succeeds_is_done_although_told_to_stop(orders):
    tell(signal.SIGTERM)
    assert orders.insist("do it", lambda: "done") == "done"


def test_what_is_no_trouble_of_the_system_is_not_tried_again(orders):
    with pytest.raises(ZeroDivisionError):
        orders.insist("do it", lambda: 1 // 0)


def test_to_be_unable_to_wait_is_waited_for(orders, monkeypatch, capfd):
    real, failures = Waiter.wait, [errno.ENOMEM]

    def wait(waiter: Waiter, until: float | None) -> set[int]:
        if failures:
            raise OSError(failures.pop(), "made up")
        return real(waiter, until)

    monkeypatch.setattr(Waiter, "wait", wait)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    source, sink = os.pipe()
    os.write(sink, b"x")
    assert not orders.wait_for(source)
    assert orders.wait_for(source)
    os.close(source)
    os.close(sink)
    assert capfd.readouterr().err == ("multilog: warning: unable to wait, pausing: out of memory\n")


def test_without_a_descriptor_it_says_so(failing):
    failing("pipe", times=1, number=errno.EMFILE)
    with pytest.raises(errors.Failure, match=r"^unable to create pipe: "):
        Orders()
