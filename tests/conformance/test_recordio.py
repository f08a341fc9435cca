"""Our recordio beside Debian's ucspi-tcp, which has the original."""

from __future__ import annotations

import os
import re
import socket
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import processes, recordings
from tests.support.patience import PATIENCE
from tests.support.recordings import record
from tests.support.sidebyside import BASE, needs

pytestmark = needs("recordio")

THEIRS, OURS = ["/usr/bin/recordio"], [processes.script("recordio")]

blocks = st.one_of(
    st.binary(min_size=1, max_size=256),
    st.text("ab\r\n", min_size=1, max_size=256).map(str.encode),
)


# Programs here read their input to its end: the order of the two ends is chance otherwise.


def same(*argv, stdin=b"", **options):
    """What both do, when it is the same."""
    options.setdefault("env", BASE)
    original = record([*THEIRS, *argv], stdin, **options)
    assert record([*OURS, *argv], stdin, **options) == original
    return original


def echo(recordio, turns):
    """Talk to cat through recordio, each turn waiting for the echo of the one before."""
    near, far = socket.socketpair()
    near.settimeout(PATIENCE)
    with near, subprocess.Popen(
        [*recordio, "/bin/cat"], stdin=far, stdout=far, stderr=subprocess.PIPE
    ) as process:  # fmt: skip
        far.close()
        for block in turns:
            near.sendall(block)
            echoed = b""
            while len(echoed) < len(block):
                echoed += near.recv(65536)
            assert echoed == block
        near.shutdown(socket.SHUT_WR)
        assert near.recv(1) == b""
        log = process.stderr.read()
        assert process.wait(PATIENCE) == 0
    recordings.gone()
    return recordings.without_pid(log, process.pid)


@settings(max_examples=15)
@given(st.lists(blocks, max_size=6))
def test_a_dialogue_is_recorded_the_same(turns):
    assert echo(OURS, turns) == echo(THEIRS, turns)


@settings(max_examples=10)
@given(st.text("abcdefgh\n", max_size=3000).map(str.encode))
def test_long_blocks_are_cut_the_same_on_their_way_out(tmp_path_factory, block):
    path = tmp_path_factory.getbasetemp() / "block"
    path.write_bytes(block)
    # The network's end stays open until the program's does, so that the order is known.
    logs = []
    for recordio in (THEIRS, OURS):
        read_end, write_end = os.pipe()
        with subprocess.Popen(
            [*recordio, "/bin/cat", str(path)],
            stdin=read_end, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            os.close(read_end)
            stdout, log = process.communicate(timeout=PATIENCE)
        os.close(write_end)
        recordings.gone()
        assert stdout == block
        logs.append(recordings.without_pid(log, process.pid))
    assert logs[1] == logs[0]


@settings(max_examples=10)
@given(st.text("abcdefgh\n", max_size=3000).map(str.encode))
def test_long_blocks_are_cut_the_same_on_their_way_in(block):
    done = same("/bin/sh", "-c", "cat >/dev/null; exit 0", stdin=block)
    assert done.log.endswith(b"PID < [EOF]\nPID > [EOF]\n")


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
