"""Our fixcrio beside Debian's ucspi-tcp, which has the original."""

from __future__ import annotations

import socket
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import processes, recordings
from tests.support.patience import PATIENCE
from tests.support.recordings import record
from tests.support.sidebyside import BASE, needs

pytestmark = needs("fixcrio")

THEIRS, OURS = ["/usr/bin/fixcrio"], [processes.script("fixcrio")]


def echo(fixcrio, turns):
    """Talk to cat through fixcrio; what has come back after each turn."""
    near, far = socket.socketpair()
    near.settimeout(PATIENCE)
    answers = []
    with near, subprocess.Popen([*fixcrio, "/bin/cat"], stdin=far, stdout=far) as process:
        far.close()
        for turn in turns:
            near.sendall(turn + b"$")
            answer = b""
            while answer.count(b"$") <= turn.count(b"$"):
                answer += near.recv(65536)
            answers.append(answer)
        near.shutdown(socket.SHUT_WR)
        answers.append(near.recv(100))
        assert process.wait(PATIENCE) == 0
    recordings.gone()
    return answers


@settings(max_examples=15)
@given(st.lists(st.text("ab\r\n", max_size=300).map(str.encode), max_size=5))
def test_a_dialogue(turns):
    assert echo(OURS, turns) == echo(THEIRS, turns)


def same(*argv, stdin=b""):
    original = record([*THEIRS, *argv], stdin, env=BASE)
    assert record([*OURS, *argv], stdin, env=BASE) == original
    return original


@settings(max_examples=10)
@given(st.text("ab\r\n", max_size=1500).map(str.encode))
def test_what_the_program_reads(tmp_path_factory, block):
    path = tmp_path_factory.getbasetemp() / "read"
    seen = []
    for fixcrio in (THEIRS, OURS):
        assert record([*fixcrio, "/bin/sh", "-c", f"cat >{path}"], block).code == 0
        seen.append(path.read_bytes())
    assert seen[1] == seen[0]


@settings(max_examples=10)
@given(st.text("ab\r\n", max_size=1500).map(str.encode))
def test_what_the_program_writes(tmp_path_factory, block):
    path = tmp_path_factory.getbasetemp() / "written"
    path.write_bytes(block)
    same("/bin/cat", str(path))


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
