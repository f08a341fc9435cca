from __future__ import annotations

import os

import pytest


@pytest.fixture
def state(tmp_path):
    """The supervise directory of sv."""
    (tmp_path / "sv/supervise").mkdir(parents=True)
    return tmp_path / "sv/supervise"


def test_no_argument(run):
    assert run("svok") == (100, b"", b"svok: usage: svok dir\n")


def test_a_directory_that_is_not_there(run, tmp_path):
    done = run("svok", "missing", cwd=tmp_path)
    assert done == (111, b"", b"svok: fatal: unable to chdir to missing: file does not exist\n")


def test_a_supervise_is_there(run, tmp_path, state):
    os.mkfifo(state / "ok")
    reader = os.open(state / "ok", os.O_RDONLY | os.O_NONBLOCK)
    assert run("svok", "sv", "what", "follows", cwd=tmp_path) == (0, b"", b"")
    os.close(reader)


def test_it_has_left(run, tmp_path, state):
    os.mkfifo(state / "ok")
    assert run("svok", "sv", cwd=tmp_path) == (100, b"", b"")


def test_there_never_was_one(run, tmp_path, state):
    assert run("svok", "sv", cwd=tmp_path) == (100, b"", b"")


def test_trouble(run, tmp_path, state):
    (state / "ok").symlink_to("ok")
    done = run("svok", "sv", cwd=tmp_path)
    failure = b"svok: fatal: unable to open sv/supervise/ok: symbolic link loop\n"
    assert done == (111, b"", failure)
