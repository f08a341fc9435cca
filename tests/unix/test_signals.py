from __future__ import annotations

import os
import select
import signal
from signal import SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGPIPE, SIGTERM, SIGUSR1, SIGUSR2, SIGXFSZ

from supervise.unix import descriptors, processes, signals
from tests.support.forks import in_a_fork, signal_sets


def readable(descriptor: int) -> bool:
    return bool(select.select([descriptor], [], [], 0)[0])


def test_a_signal_wakes_and_is_taken_once():
    def story() -> list[object]:
        wakeup = signals.wake_on(SIGTERM, SIGHUP)
        before = readable(wakeup)
        os.kill(os.getpid(), SIGTERM)
        os.kill(os.getpid(), SIGHUP)
        woken = readable(wakeup)
        return [before, woken, signals.take(), readable(wakeup), signals.take()]

    assert in_a_fork(story) == [False, True, {SIGTERM, SIGHUP}, False, set()]


def test_more_signals_than_the_pipe_holds_lose_none():
    def story() -> list[object]:
        wakeup = signals.wake_on(SIGUSR1, SIGUSR2)
        for _ in range(70_000):  # 65536 bytes fill the pipe
            signal.raise_signal(SIGUSR1)
        signal.raise_signal(SIGUSR2)
        return [readable(wakeup), signals.take(), readable(wakeup)]

    assert in_a_fork(story) == [True, {SIGUSR1, SIGUSR2}, False]


def test_the_wakeup_can_be_asked_for_more_signals():
    def story() -> bool:
        return signals.wake_on(SIGTERM) == signals.wake_on(SIGCHLD)

    assert in_a_fork(story)


def test_the_wakeup_neither_blocks_nor_goes_to_a_program():
    def story() -> list[bool]:
        signals.wake_on(SIGTERM)
        ends = signals.pipe
        return [os.get_blocking(end) or descriptors.survives_exec(end) for end in ends]

    assert in_a_fork(story) == [False, False]


def test_a_signal_that_comes_while_others_are_taken_is_not_lost():
    def story() -> set[int]:
        wakeup = signals.wake_on(SIGALRM)
        seen = 0
        for _ in range(200):
            signal.setitimer(signal.ITIMER_REAL, 0.0001)
            select.select([wakeup], [], [])
            seen += signals.take() == {SIGALRM}
        return seen

    assert in_a_fork(story) == 200


def test_reset_is_what_exec_does():
    def story() -> list[object]:
        signals.reset()
        signal.signal(SIGHUP, signal.SIG_IGN)
        before = signal_sets()
        signal.signal(SIGINT, signal.default_int_handler)
        signal.signal(SIGPIPE, signal.SIG_IGN)
        signal.signal(SIGXFSZ, signal.SIG_IGN)
        wakeup = signals.wake_on(SIGTERM, SIGCHLD, SIGUSR1)
        os.kill(os.getpid(), SIGTERM)
        caught = signal_sets()["SigCgt"]
        signals.reset()
        agree = signal_sets() == before
        clean = not (signals.caught or signals.pipe or descriptors.is_open(wakeup))
        return [caught >= {SIGTERM, SIGCHLD, SIGUSR1, SIGINT}, clean, agree, before["SigIgn"]]

    *agreed, ignored = in_a_fork(story)
    assert agreed == [True, True, True]
    assert SIGHUP in ignored  # what was ignored before us stays ignored
    assert not ignored & {SIGPIPE, SIGXFSZ}


def test_the_wakeup_works_again_after_a_reset():
    def story() -> list[object]:
        signals.wake_on(SIGTERM)
        signals.reset()
        wakeup = signals.wake_on(SIGUSR1)
        os.kill(os.getpid(), SIGUSR1)
        return [readable(wakeup), signals.take()]

    assert in_a_fork(story) == [True, {SIGUSR1}]


def test_after_a_reset_no_signal_writes_to_what_was_the_wakeup():
    def story() -> bool:
        signals.wake_on(SIGTERM)
        signals.reset()
        pipes = [os.pipe() for _ in range(20)]  # they have the numbers of the old ones
        signal.signal(SIGUSR1, lambda number, frame: None)
        signal.raise_signal(SIGUSR1)
        return any(readable(reading) for reading, _ in pipes)

    assert not in_a_fork(story)


def test_a_program_that_is_execed_after_a_reset_has_sigpipe_and_sigxfsz_as_they_were():
    reading, writing = os.pipe()

    def story() -> None:
        os.dup2(writing, 1)
        signals.reset()
        os.execv("/bin/cat", ["cat", "/proc/self/status"])

    pid = processes.fork(lambda: story() or 0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        fields = dict(line.split(":\t") for line in answer.read().splitlines())
    os.waitpid(pid, 0)
    ignored = int(fields["SigIgn"], 16)
    assert not ignored & (1 << (SIGPIPE - 1) | 1 << (SIGXFSZ - 1))
    assert int(fields["SigCgt"], 16) == 0


def test_what_is_held_comes_when_it_is_let_through():
    def story() -> list[object]:
        signals.wake_on(SIGTERM, SIGUSR1)
        before = signal_sets()["SigBlk"]
        os.kill(os.getpid(), SIGUSR1)
        held = signals.hold()
        os.kill(os.getpid(), SIGTERM)
        blocked = signal_sets()["SigBlk"]
        meanwhile = set(signals.caught)
        signals.hold_only(held)
        agree = signal_sets()["SigBlk"] == before
        return [blocked >= {SIGTERM, SIGUSR1}, SIGHUP in blocked, meanwhile, agree, signals.take()]

    assert in_a_fork(story) == [True, False, {SIGUSR1}, True, {SIGTERM, SIGUSR1}]
