"""Our argv0 beside Debian's ucspi-tcp, which has the original."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import inherited, processes
from tests.support.generators import any_words
from tests.support.oracle import oracle, same
from tests.support.sidebyside import empty, needs, ours, theirs

pytestmark = needs("argv0")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = empty(tmp_path_factory.mktemp("argv0") / "work")
    (folder / "script").write_text('#!/bin/sh\necho "$0" "$@"\n')
    (folder / "script").chmod(0o755)
    (folder / "no-line").write_text("echo no interpreter line\n")
    (folder / "no-line").chmod(0o755)
    (folder / "bin").mkdir()
    (folder / "bin/true").symlink_to("/bin/true")
    return folder


@oracle
@given(any_words.filter(bool), st.lists(any_words, max_size=3))
def test_the_same_words(zero, arguments):
    show = ("/bin/sh", zero, "-c", "cat /proc/$$/cmdline", *arguments)
    assert same("argv0", *show).stdout.startswith(os.fsencode(zero) + b"\0-c\0")


found = st.sampled_from(
    [
        "true",
        "./script",
        "./no-line",
        "script",
        "no-line",
        "/bin/true",
        "/tmp",
        "",
        "../work/script",
    ]
)
paths = st.lists(st.sampled_from(["", ".", "bin", "/etc/passwd", "/nonexistent", "a", "a/b"]))


@oracle
@given(st.lists(st.one_of(found, any_words), max_size=4), paths.map(":".join))
def test_any_call(folder, words, path):
    env = {"PATH": path}
    same("argv0", *words, cwd=folder, env=env)


@pytest.mark.parametrize(
    "argv",
    [
        (), ("/bin/true",), ("", "x"), ("-h", "x"), ("--", "x"), ("true", "x"),
        ("nonexistent", "x"), ("/nonexistent/child", "x"), ("/tmp", "x"),
        ("./script", "zero", "a", "b c", ""), ("./no-line", "zero"),
        ("cat", "zero", "/nonexistent"), ("/bin/sh", "x", "-c", "exit 9"),
        ("./script/x", "zero"), ("env", "env", "-0"),
    ],
    ids=str,
)  # fmt: skip
def test_the_same_answer_to_every_call(folder, argv):
    assert ours(folder, "argv0", *argv) == theirs(folder, "argv0", *argv)


def test_the_descriptors_of_the_program():
    # argv0 takes the shell's name twice.
    original = inherited.by_child_of(["/usr/bin/argv0", "/bin/sh"])
    assert inherited.by_child_of([processes.script("argv0"), "/bin/sh"]) == original
