from __future__ import annotations

import pytest

from tests.support import processes


@pytest.mark.parametrize("argv", [[], ["/bin/sh"]])
def test_wrong_usage(run, argv):
    usage = b"argv0: usage: argv0 realname program [ arg ... ]\n"
    assert run("argv0", *argv) == (100, b"", usage)


def test_the_program_is_called_by_the_other_name(run):
    words = ["-c", 'tr "\\0" "\\n" < /proc/$$/cmdline', "x"]
    done = run("argv0", "/bin/sh", "-zero\udcff", *words)
    assert done == (0, b"\n".join([b"-zero\xff", *(word.encode() for word in words), b""]), b"")


def test_the_real_name_is_searched_for(run, tmp_path):
    (tmp_path / "zero").write_text("#!/bin/sh\necho the wrong one\n")
    (tmp_path / "zero").chmod(0o755)
    done = run("argv0", "cat", "zero", "/nonexistent", env={"PATH": f"{tmp_path}:/bin"})
    assert done == (1, b"", b"zero: /nonexistent: No such file or directory\n")


def test_a_program_that_cannot_be_run(run):
    fatal = b"argv0: fatal: unable to run /nonexistent/child: file does not exist\n"
    assert run("argv0", "/nonexistent/child", "zero") == (111, b"", fatal)


def test_an_empty_name_can_be_given(run):
    done = run("argv0", "/bin/sh", "", "-c", 'echo "[$0]"; exit 9')
    assert done == (9, b"[]\n", b"")


def test_an_empty_name_does_not_find_a_program_that_is_not_there(run):
    fatal = b"argv0: fatal: unable to run /nonexistent: file does not exist\n"
    assert run("argv0", "/nonexistent", "") == (111, b"", fatal)


def test_a_program_of_ours_is_called_by_its_own(run):
    done = run("argv0", "svok", "zero", env={"PATH": processes.our_path()})
    assert done == (100, b"", b"svok: usage: svok dir\n")
