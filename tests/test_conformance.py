"""No program of the two packages is forgotten, and no comparison is skipped without a word."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

from supervise import registry
from tests import test_registry
from tests.conformance import test_calls, test_streams
from tests.support import differences, originals, processes
from tests.support.differences import difference
from tests.support.pairs import Result


def parameters(test, name):
    """What a test is parametrised with."""
    return {
        value
        for mark in test.pytestmark
        if mark.name == "parametrize" and mark.args[0] == name
        for value in mark.args[1]
    }


def test_every_program_of_both_packages_is_called_beside_its_original():
    called = parameters(test_calls.test_the_sample, "name")
    forgotten = set(originals.PROGRAMS) - called - originals.NOT_CALLED.keys()
    assert not forgotten, f"call in tests/support/originals.py: {sorted(forgotten)}"
    assert not called - set(originals.PROGRAMS)
    assert not originals.NOT_CALLED.keys() & called


def test_every_program_that_is_no_script_is_called_with_broken_streams():
    called = parameters(test_streams.test_streams, "name")
    assert called == set(originals.CALLED) - set(registry.SHELL_PROGRAMS)


@pytest.mark.parametrize("name", originals.PROGRAMS)
def test_every_program_of_both_packages_is_ours_too(name):
    assert name in test_registry.readme_rows(), f"README's table of programs has no {name}"
    assert name in registry.PROGRAMS or name in registry.SHELL_PROGRAMS


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="needs dpkg")
def test_the_list_of_programs_is_debian_s():
    done = processes.finish(["/usr/bin/dpkg", "-L", "daemontools", "ucspi-tcp"])
    if done.code:
        pytest.skip("needs Debian's daemontools and ucspi-tcp")
    paths = done.stdout.decode().split()
    names = [path.removeprefix("/usr/bin/") for path in paths if path.startswith("/usr/bin/")]
    assert sorted(names) == sorted(originals.PROGRAMS)


SAME = Result(0, b"same", b"", [])
OTHER = SAME._replace(stdout=b"other")
ROW = "tcpserver: backlog"


@pytest.mark.parametrize(
    ("ours", "expected"),
    [
        (OTHER, None),
        (OTHER, difference("a row that is gone", "stdout")),
        (OTHER, difference(ROW, "stderr")),
        (OTHER._replace(code=1), difference(ROW, "stdout")),
        (SAME, difference(ROW, "stdout")),
    ],
)
def test_a_difference_and_its_row_stand_and_fall_together(ours, expected):
    with pytest.raises(AssertionError):
        differences.judge(SAME, ours, expected)


def test_a_difference_that_is_expected():
    differences.judge(SAME, SAME)
    differences.judge(SAME, OTHER, difference(ROW, "stdout"))


def test_what_is_skipped_for_want_of_the_originals_is_counted(tmp_path):
    root = test_registry.ROOT
    done = processes.finish(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
         "tests/conformance/test_argv0.py", "tests/conformance/test_svstat.py"],
        cwd=root, env={**os.environ, "SUPERVISE_TEST_ORIGINALS": str(tmp_path)},
    )  # fmt: skip
    *lines, total = done.stdout.decode().splitlines()
    number, _, rest = total.partition(" ")
    assert rest.startswith("skipped in ")
    assert f"{number} conformance tests skipped: no daemontools/ucspi-tcp originals" in lines
