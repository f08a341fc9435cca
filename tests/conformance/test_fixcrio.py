"""Our fixcrio beside Debian's ucspi-tcp, which has the original."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import processes
from tests.support.generators import short_texts, texts
from tests.support.oracle import SIDES, Call, hear, memory_streams, oracle, talk
from tests.support.recordings import record
from tests.support.sidebyside import BASE, needs

pytestmark = needs("fixcrio")

THEIRS, OURS = ["/usr/bin/fixcrio"], [processes.script("fixcrio")]


TOKENS = [b"\r", b"\n", b"\r\n", b"\r\r\n", b"a", b"line", b"\0", b"\xff\r"]


@oracle
@given(st.lists(short_texts(TOKENS), max_size=5))
def test_a_dialogue(turns):
    """What has come is passed on before more is waited for."""
    call = Call("fixcrio", ("/bin/cat",))
    original, done = (talk(start, call, turns, b"$") for start in SIDES)
    assert done == original


@oracle
@given(texts(TOKENS))
def test_what_the_program_reads_and_writes(text):
    """In one direction after the other: each adds what the one before has left out."""
    call = Call("fixcrio", ("/bin/cat",))
    seen = []
    for start in SIDES:
        with memory_streams(text) as streams:
            seen.append(hear(start, call, streams.stdin)._replace(pid=0))
    assert seen[1] == seen[0]


def same(*argv, stdin=b""):
    original = record([*THEIRS, *argv], stdin, env=BASE)
    assert record([*OURS, *argv], stdin, env=BASE) == original
    return original


@oracle
@given(texts(TOKENS))
def test_what_the_program_reads(tmp_path, text):
    call = Call("fixcrio", ("/bin/sh", "-c", "cat >read; exit 0"), cwd=tmp_path)
    seen = []
    for start in SIDES:
        with memory_streams(text) as streams:
            assert hear(start, call, streams.stdin).code == 0
        seen.append((tmp_path / "read").read_bytes())
    assert seen[1] == seen[0]


@pytest.mark.parametrize(
    "argv", [(), ("-h",), ("/nonexistent/program",), ("nonexistent",), ("/tmp",)]
)
def test_calls_that_cannot_work(argv):
    same(*argv)


@pytest.mark.parametrize("script", ["exit 0", "exit 7", "kill -KILL $$", "exec /bin/true"])
def test_how_it_ends(script):
    same("/bin/sh", "-c", f"cat; {script}")


def test_the_environment_and_the_signals_of_the_program():
    same("/usr/bin/env", "-0")
    same("/bin/grep", "^Sig[BIC]", "/proc/self/status")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "<&- >&-", ">/dev/full"])
def test_streams_that_do_not_work(closed):
    for fixcrio in (THEIRS, OURS):
        command = ["/bin/sh", "-c", f"exec {fixcrio[0]} /bin/sh -c 'cat >/dev/null' {closed}"]
        assert record(command, b"in\n") == (0, b"", b"")
