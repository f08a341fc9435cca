from __future__ import annotations

import os
import socket
import subprocess

import pytest

from tests.support import processes, recordings
from tests.support.patience import PATIENCE
from tests.support.recordings import record


@pytest.fixture(params=["script", "module"])
def recordio(request):
    """The command line of recordio, both ways to call it."""
    if request.param == "script":
        return lambda *argv: [processes.script("recordio"), *argv]
    return lambda *argv: processes.module("recordio", *argv)


def test_wrong_usage(run):
    assert run("recordio") == (100, b"", b"recordio: usage: recordio program [ arg ... ]\n")


def test_what_goes_in_and_what_comes_out(recordio):
    done = record(recordio("/usr/bin/tr", "a-z", "A-Z"), b"one\n\r\nlast")
    assert (done.code, done.stdout) == (0, b"ONE\n\r\nLAST")
    assert lines(done, b"<") == [b"one ", b"\r ", b"last+", b"[EOF]"]
    assert lines(done, b">") == [b"ONE ", b"\r ", b"LAST+", b"[EOF]"]


def lines(done, arrow):
    """What the log has of one direction; the two may be mixed in any order."""
    start = b"PID " + arrow + b" "
    return [line[len(start) :] for line in done.log.split(b"\n") if line.startswith(start)]


def test_a_long_line_is_recorded_in_pieces(recordio):
    done = record(recordio("/bin/sh", "-c", "cat >/dev/null; exit 0"), b"x" * 600)
    pieces = [b"PID < " + b"x" * size + b"+" for size in (256, 256, 88)]
    assert done.log.splitlines() == [*pieces, b"PID < [EOF]", b"PID > [EOF]"]


def test_the_programs_code_is_the_code(recordio):
    assert record(recordio("/bin/sh", "-c", "exit 3")).code == 3
    assert record(recordio("/bin/sh", "-c", "kill -TERM $$")).code == -15


def test_a_program_that_cannot_be_run(recordio):
    done = record(recordio("/nonexistent/program"))
    fatal = b"recordio: fatal: unable to run /nonexistent/program: file does not exist"
    assert (done.code, done.stdout) == (111, b"")
    # Whether the helper sees the other end before it is over is chance.
    assert {b"PID > [EOF]", fatal} <= set(done.log.splitlines())


def test_the_program_keeps_the_process_and_has_pipes_for_streams(recordio):
    script = "echo $$; ls -l /proc/self/fd"
    with subprocess.Popen(
        recordio("/bin/sh", "-c", script),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        said = process.communicate(timeout=PATIENCE)[0].splitlines()
    recordings.gone()
    assert said[0] == b"%d" % process.pid
    kinds = [line.split()[8:] for line in said[2:]]
    numbers = [int(words[0]) for words in kinds]
    assert numbers == [0, 1, 2, 3]  # 3 is the directory that ls reads
    assert [words[2].split(b":")[0] for words in kinds[:3]] == [b"pipe", b"pipe", b"/dev/null"]


@pytest.mark.parametrize(
    ("closed", "said", "end"),
    [("<&-", b"hi\n", [b"PID > [EOF]"]), (">&-", b"", []), ("<&- >&-", b"", [])],
)
def test_standard_descriptors_that_are_closed(recordio, closed, said, end):
    program = recordio("/bin/sh", "-c", "cat; echo hi; :")
    done = record(["/bin/sh", "-c", f'exec "$@" {closed}', "sh", *program])
    assert done.stdout == said
    assert sorted(done.log.splitlines()) == [b"PID < [EOF]", *end, b"PID > hi "]


def test_the_programs_errors_pass_by_unrecorded(recordio):
    done = record(recordio("/bin/sh", "-c", "echo trouble >&2; cat"))
    assert sorted(done.log.splitlines()) == [b"PID < [EOF]", b"PID > [EOF]", b"trouble"]


def test_a_program_that_closes_its_input_is_heard_to_the_end(recordio, tmp_path):
    near, far = socket.socketpair()
    log_near, log_far = socket.socketpair()
    os.mkfifo(tmp_path / "go")
    script = f"exec <&-; read word <{tmp_path}/go; echo still here; exit 5"
    process = subprocess.Popen(
        recordio("/bin/sh", "-c", script), stdin=far, stdout=far, stderr=log_far
    )
    far.close()
    log_far.close()
    near.settimeout(PATIENCE)
    log_near.settimeout(PATIENCE)
    try:
        waiting = os.open(tmp_path / "go", os.O_WRONLY)  # waits until its input is closed
        near.sendall(b"nobody reads this\n")
        assert log_near.recv(1000) == b"%d < nobody reads this \n" % process.pid
        os.write(waiting, b"now\n")
        os.close(waiting)
        assert near.recv(100) == b"still here\n"
        assert process.wait(PATIENCE) == 5
        assert near.recv(100) == b""
    finally:
        near.close()
        process.kill()
        process.wait()
        log_near.close()
        recordings.gone()


def test_a_chain_of_our_own_programs_in_one_process(tmp_path):
    (tmp_path / "WORD").write_text("hello")
    scripts = {**os.environ, "PATH": processes.our_path(), "LANG": "C.UTF-8"}
    chain = ["recordio", "envdir", str(tmp_path), "recordio", "/bin/sh", "-c", "cat; echo $WORD"]
    done = record([processes.script("recordio"), *chain[1:]], env=scripts)
    assert (done.code, done.stdout) == (0, b"hello\n")
    assert sorted(done.log.splitlines()) == [
        *[b"PID < [EOF]"] * 2, *[b"PID > [EOF]"] * 2, *[b"PID > hello "] * 2,
    ]  # fmt: skip
