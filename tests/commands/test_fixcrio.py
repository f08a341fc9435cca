from __future__ import annotations

import os

import pytest

from tests.support import processes
from tests.support.recordings import record


@pytest.fixture(params=["script", "module"])
def fixcrio(request):
    """The command line of fixcrio, both ways to call it."""
    if request.param == "script":
        return lambda *argv: [processes.script("fixcrio"), *argv]
    return lambda *argv: processes.module("fixcrio", *argv)


def test_wrong_usage(run):
    assert run("fixcrio") == (100, b"", b"fixcrio: usage: fixcrio program [ arg ... ]\n")


def test_what_goes_in_is_completed(fixcrio, tmp_path):
    path = tmp_path / "seen"
    done = record(fixcrio("/bin/sh", "-c", f"cat >{path}"), b"one\ntwo\r\n\nlast")
    assert done == (0, b"", b"")
    assert path.read_bytes() == b"one\r\ntwo\r\n\r\nlast"


def test_what_comes_out_is_completed(fixcrio):
    done = record(fixcrio("/bin/sh", "-c", r"cat >/dev/null; printf 'a\n\nb\r\nc\r\r\nd'"))
    assert done == (0, b"a\r\n\r\nb\r\nc\r\r\nd", b"")


def test_a_line_end_that_two_reads_share(fixcrio):
    block = b"x" * 255 + b"\r\n" + b"y" * 254 + b"\n\n" + b"z" * 254 + b"\r\n"
    done = record(fixcrio("/bin/cat"), block)
    assert done.stdout == block.replace(b"\n\n", b"\r\n\r\n")


def test_the_programs_code_is_the_code(fixcrio):
    assert record(fixcrio("/bin/sh", "-c", "exit 3")).code == 3
    assert record(fixcrio("/bin/sh", "-c", "kill -TERM $$")).code == -15


def test_a_program_that_cannot_be_run(fixcrio):
    fatal = b"fixcrio: fatal: unable to run /nonexistent/program: file does not exist\n"
    assert record(fixcrio("/nonexistent/program")) == (111, b"", fatal)


def test_a_program_that_closes_its_input_is_heard_to_the_end(fixcrio):
    script = "exec <&-; sleep 0.1; echo still here"
    assert record(fixcrio("/bin/sh", "-c", script), b"x" * 100000).stdout == b"still here\r\n"


def test_in_a_chain_of_our_own_programs():
    scripts = {**os.environ, "PATH": processes.our_path(), "LANG": "C.UTF-8"}
    done = record([processes.script("recordio"), "fixcrio", "/bin/cat"], b"a\n", env=scripts)
    assert (done.code, done.stdout) == (0, b"a\r\n")
    assert b"PID > a\r \n" in done.log
