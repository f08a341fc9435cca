"""The door: whichever way a program is called, it is the one that was meant."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from signal import SIGPIPE, SIGXFSZ

import pytest

from supervise import registry
from tests.support.forks import numbers
from tests.support.processes import Finished, finish, module, script

USAGE = b"supervise: usage: python -m supervise program [ arg ... ]\n"


@pytest.mark.parametrize("name", sorted(registry.PROGRAMS))
def test_every_console_script_is_its_program(name):
    done = finish([script(name), "--version"])
    assert done == (0, f"{name} (supervise-tools) 0.1.0\n".encode(), b"")


def test_as_a_module_the_program_is_the_next_word():
    assert finish(module("svok", "--version")).stdout.startswith(b"svok ")
    assert finish(module("svok")) == (100, b"", b"svok: usage: svok dir\n")


def test_a_link_has_the_name_of_the_link(tmp_path):
    link = tmp_path / "svok"
    link.symlink_to(script("svc"))
    assert finish([str(link)]) == (100, b"", b"svok: usage: svok dir\n")


@pytest.mark.parametrize("argv", [[], ["nothing"], ["--help"], [""], ["./svok"]])
def test_an_unknown_name(argv):
    assert finish([sys.executable, "-m", "supervise", *argv]) == (100, b"", USAGE)


def test_a_script_that_was_renamed_is_unknown(tmp_path):
    renamed = tmp_path / "svok-old"
    renamed.symlink_to(script("svok"))
    assert finish([str(renamed)]) == (100, b"", USAGE)


def test_a_program_s_code_is_the_exit_code(tmp_path):
    assert finish([script("svok"), str(tmp_path)]).code == 100
    assert finish([script("svok"), str(tmp_path / "nowhere")]).code == 111


def at_the_door(expression: str) -> Finished:
    """What the door makes of a svok that does no more than this."""
    code = f"""
import sys
from pathlib import Path
from signal import SIGPIPE, SIGXFSZ
from supervise import __main__, registry
registry.load("svok").main = lambda argv: {expression}
sys.argv = ["svok"]
__main__.main()
"""
    return finish([sys.executable, "-c", code])


def test_what_was_printed_is_flushed_before_the_end():
    assert at_the_door("print('text', end='') or 5") == (5, b"text", b"")


def test_a_program_begins_with_the_signals_of_a_c_program():
    """Python ignores SIGPIPE and SIGXFSZ, and catches SIGINT, for itself."""
    lines = at_the_door("print(Path('/proc/self/status').read_text()) or 0").stdout.splitlines()
    fields = dict(line.split(b":\t", 1) for line in lines if line.startswith(b"Sig"))
    assert numbers(int(fields[b"SigCgt"], 16)) == set()
    assert not numbers(int(fields[b"SigIgn"], 16)) & {SIGPIPE, SIGXFSZ}


def test_the_end_is_at_once_even_where_output_is_closed():
    command = f"exec {' '.join(module('svok'))} >&- 2>&-"
    assert subprocess.run(["/bin/sh", "-c", command], check=False).returncode == 100


def test_the_package_can_be_run_from_its_file():
    door = Path(registry.__file__).with_name("__main__.py")
    assert finish([sys.executable, str(door), "svok"]).code == 100


@pytest.mark.parametrize("given", [{}, {"LC_CTYPE": "C.UTF-8"}, {"LANG": "C", "A": "b"}])
def test_the_environment_that_was_given_is_what_a_program_starts_with(tmp_path, given):
    """Where the locale is C, the interpreter puts LC_CTYPE into it for itself."""
    done = finish([script("envdir"), str(tmp_path), "/usr/bin/env"], env=given)
    assert dict(line.split("=", 1) for line in done.stdout.decode().splitlines()) == given


def test_a_variable_without_a_name_is_passed_on(tmp_path):
    command = ["/usr/bin/env", "-i", "=nameless", "A=b", script("envdir"), str(tmp_path)]
    done = finish([*command, "/usr/bin/env"])
    assert done._replace(stdout=sorted(done.stdout.split())) == (0, [b"=nameless", b"A=b"], b"")
