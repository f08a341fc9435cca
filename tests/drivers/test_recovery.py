"""What becomes of a stream whose multilogs are killed, at any of their system calls."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervise import program
from supervise.drivers.intake import Intake, Places
from supervise.drivers.orders import Orders
from supervise.formats import logscript
from supervise.unix import descriptors, files
from tests.support import logdirs
from tests.support.crashes import KILLED, KILLED_IN_DIVISIBLE, Countdown, Moment
from tests.support.pipes import full_pipe

TEXT = (
    b"".join(b"%d %s\n" % (number, b"x" * (number * 37 % 90)) for number in range(100))
    + b"long %s\n" % (b"y" * 2500)
    + b"last, without its end"
)
WHOLE = TEXT + b"\n"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(words: tuple[str, ...], source: int, point: tuple[int, Moment] | None = None) -> int:
    """One multilog in a process of its own; its exit code."""
    child = os.fork()
    if child == 0:
        try:
            descriptors.move(os.dup(source), 0)
            script = logscript.parse(os.fsencode(word) for word in words)
            orders = Orders(pause=0.01)
            if point is not None:
                Countdown(*point)
            places = Places(script, files.open_read("."), orders, program.execute)
            intake = Intake(script.stamped, places, orders)
            intake.run()
            os._exit(1 if intake.abandoned else 0)
        finally:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def crash(words: tuple[str, ...], *crashes: tuple[int, Moment]) -> int:
    """Run a script over TEXT with multilogs that are killed, each at a call of its own, and one
    that is not; what they leave is checked. Returns the exit code of the last that was killed."""
    folder = "-".join(f"{number}-{moment}" for number, moment in crashes)
    Path(folder).mkdir()
    os.chdir(folder)
    source = full_pipe(TEXT)
    codes = [run(words, source, point) for point in crashes]
    assert run(words, source) == 0
    os.close(source)
    check(words, folder)
    os.chdir("..")
    return codes[-1]


def check(words: tuple[str, ...], when: str) -> None:
    for word in words:
        if word.startswith("./"):
            text = logdirs.logged(Path(word))
            if words[0] == "t":
                text = re.sub(rb"(?m)^@[0-9a-f]{24} ", b"", text)
            assert text == WHOLE, when
            assert "spool" not in os.listdir(word), when
            unfinished = [kept for kept in logdirs.kept(Path(word)) if kept.name == "u"]
            assert all(kept.content == b"" for kept in unfinished), when


SCRIPTS = {
    "plain": ("s4096", "n99", "./log"),
    "stamped": ("t", "s4096", "n99", "./log"),
    "two": ("s4096", "n99", "./log", "s8000", "./other"),
    "processor": ("s4096", "n99", "!cat", "./log"),
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_kill_at_any_call_costs_nothing(script):
    words = SCRIPTS[script]
    calls = 0
    while (code := crash(words, (calls, "before"))) != 0:
        assert code in (KILLED, KILLED_IN_DIVISIBLE)
        if code == KILLED_IN_DIVISIBLE:
            assert crash(words, (calls, "halfway")) == code
        calls += 1
    assert calls > 70


CRASHES = st.lists(
    st.tuples(st.integers(0, 120), st.sampled_from(["before", "halfway"])),
    min_size=2,
    max_size=5,
    unique=True,
)


@settings(max_examples=30)
@given(script=st.sampled_from(sorted(SCRIPTS)), crashes=CRASHES)
def test_kills_while_another_kill_is_made_good_cost_nothing(script, crashes):
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        crash(SCRIPTS[script], *crashes)
