"""Our recordio beside Debian's ucspi-tcp, which has the original."""

from __future__ import annotations

import os
import re
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import processes, recordings
from tests.support.generators import short_texts, texts
from tests.support.oracle import (
    SIDES,
    Call,
    Streams,
    hear,
    memory_streams,
    oracle,
    read_until,
)
from tests.support.recordings import record
from tests.support.sidebyside import BASE, needs

pytestmark = needs("recordio")

THEIRS, OURS = ["/usr/bin/recordio"], [processes.script("recordio")]

# Programs here read their input to its end: the order of the two ends is chance otherwise.


def same(*argv, stdin=b"", **options):
    """What both do, when it is the same."""
    options.setdefault("env", BASE)
    original = record([*THEIRS, *argv], stdin, **options)
    assert record([*OURS, *argv], stdin, **options) == original
    return original


TOKENS = [b"\r\n", b"\n", b"a", b"250 some reply\r\n", b"\0", b"\xff", b" + ", b"."]
CAT = Call("recordio", ("/bin/cat",))


def echo(start, turns):
    """Talk to cat through recordio, each turn waiting for the echo of the one before."""
    near, far = socket.socketpair()
    log, their_log = os.pipe()
    with near:
        running = start(CAT, Streams(far.fileno(), far.fileno(), their_log))
        far.close()
        os.close(their_log)
        for block in turns:
            near.sendall(block)
            echoed = b""
            while len(echoed) < len(block):
                echoed += near.recv(65536) or b"[EOF]"
            assert echoed == block
        near.shutdown(socket.SHUT_WR)
        assert near.recv(1) == b""
        text = read_until(log, -1, b"$")
        os.close(log)
        assert running.end() == 0
    return recordings.without_pid(text, running.pid)


@oracle
@given(st.lists(short_texts(TOKENS).map(lambda text: text[:256]).filter(bool), max_size=6))
def test_a_dialogue_is_recorded_the_same(turns):
    original, done = (echo(start, turns) for start in SIDES)
    assert done == original


def recorded(start, call, stdin):
    heard = hear(start, call, stdin)
    return heard._replace(pid=0, stderr=recordings.without_pid(heard.stderr, heard.pid))


@oracle
@given(texts(TOKENS))
def test_long_blocks_are_cut_the_same_on_their_way_out(tmp_path, block):
    """The network's end stays open until the program's does, so that the order is known."""
    (tmp_path / "block").write_bytes(block)
    call = Call("recordio", ("/bin/cat", "block"), cwd=tmp_path)
    logs = []
    for start in SIDES:
        read_end, write_end = os.pipe()
        logs.append(recorded(start, call, read_end))
        os.close(read_end)
        os.close(write_end)
    assert logs[0].stdout == block + b"[EOF]"
    assert logs[1] == logs[0]


@oracle
@given(texts(TOKENS))
def test_long_blocks_are_cut_the_same_on_their_way_in(block):
    call = Call("recordio", ("/bin/sh", "-c", "cat >/dev/null; exit 0"))
    logs = []
    for start in SIDES:
        with memory_streams(block) as streams:
            logs.append(recorded(start, call, streams.stdin))
    assert logs[0].stderr.endswith(b"PID < [EOF]\nPID > [EOF]\n[EOF]")
    assert logs[1] == logs[0]


@pytest.mark.parametrize(
    "argv", [(), ("-h",), ("/nonexistent/program",), ("nonexistent",), ("/tmp",)]
)
def test_calls_that_cannot_work(argv):
    original = record([*THEIRS, *argv], env=BASE)
    done = record([*OURS, *argv], env=BASE)
    assert done._replace(log=None) == original._replace(log=None)
    # The program is gone at once, and whether the helper saw the network's end first is chance.
    assert words(done.log) == words(original.log)


def words(log):
    return sorted(line for line in log.split(b"\n") if line != b"PID < [EOF]")


@pytest.mark.parametrize("script", ["exit 0", "exit 7", "kill -KILL $$", "exec /bin/true"])
def test_how_it_ends(script):
    assert same("/bin/sh", "-c", f"cat; {script}").stdout == b""


def test_the_environment_of_the_program():
    done = same(
        "/bin/sh",
        "-c",
        "cat; exec /usr/bin/env -0",
        env={**BASE, "A": "\udcff", "B": "x\ny", "PROTO": "TCP"},
    )
    assert b"A=\xff\0" in done.stdout


def seen_by_the_program(recordio, *command, **options):
    """The program's words, with the numbers that differ from one run to the next taken out."""
    done = record([*recordio, *command], env=BASE, **options)
    assert done.code == 0
    text = re.sub(rb"\[\d+\]|/proc/\d+", b"[N]", done.stdout)
    return re.sub(rb"\w{3} +\d+ +\d+:\d+", b"DATE", text)


def test_the_descriptors_of_the_program():
    with open("/dev/null", "rb") as passed:
        options = {"pass_fds": [passed.fileno()]}
        command = ("/bin/ls", "-l", "/proc/self/fd")
        original = seen_by_the_program(THEIRS, *command, **options)
        assert seen_by_the_program(OURS, *command, **options) == original
    assert original.count(b"pipe:") == 3
    assert original.count(b"/dev/null") == 1


def test_the_signals_of_the_program():
    command = ("/bin/grep", "^Sig[BIC]", "/proc/self/status")
    original = seen_by_the_program(THEIRS, *command)
    assert seen_by_the_program(OURS, *command) == original
    assert b"SigIgn:\t0000000000000000\n" in original


def test_a_log_that_is_closed_or_full():
    for stderr in ("2>&-", "2>/dev/full"):
        for recordio in (THEIRS, OURS):
            command = ["/bin/sh", "-c", f"exec {recordio[0]} /bin/cat {stderr}"]
            assert record(command, b"through") == (0, b"through", b"")
