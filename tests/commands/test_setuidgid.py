from __future__ import annotations

import pytest


def test_wrong_usage(run):
    assert run("setuidgid", "nobody") == (100, b"", b"setuidgid: usage: setuidgid account child\n")


def test_an_unknown_account(run):
    done = run("setuidgid", "no-such-account", "true")
    assert done == (111, b"", b"setuidgid: fatal: unknown account no-such-account\n")


@pytest.mark.needs_root
def test_exactly_the_primary_group_and_the_user(run):
    done = run("setuidgid", "nobody", "/usr/bin/id")
    assert done == (0, b"uid=65534(nobody) gid=65534(nogroup) groups=65534(nogroup)\n", b"")


@pytest.mark.needs_root
def test_there_is_no_way_back(run):
    done = run("setuidgid", "nobody", "setuidgid", "root", "/usr/bin/id")
    assert (done.code, done.stderr) == (
        111,
        b"setuidgid: fatal: unable to setgid: permission denied\n",
    )


@pytest.mark.needs_root
def test_a_child_that_cannot_be_run(run):
    done = run("setuidgid", "nobody", "/nonexistent/child")
    assert done == (
        111,
        b"",
        b"setuidgid: fatal: unable to run /nonexistent/child: file does not exist\n",
    )
