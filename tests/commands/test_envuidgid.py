from __future__ import annotations

import os
import pwd

import pytest

from tests.support import processes

# A LANG that is no «C» keeps the interpreter from putting an LC_CTYPE of its own.
BASE = {"LANG": "C.UTF-8"}
# An account whose two numbers differ.
SOMEBODY = next(entry for entry in pwd.getpwall() if entry.pw_uid != entry.pw_gid)


def environment(done):
    assert (done.code, done.stderr) == (0, b"")
    return dict(entry.partition(b"=")[::2] for entry in done.stdout.split(b"\0")[:-1])


@pytest.mark.parametrize("argv", [[], ["root"]])
def test_wrong_usage(run, argv):
    usage = b"envuidgid: usage: envuidgid account child\n"
    assert run("envuidgid", *argv) == (100, b"", usage)


@pytest.mark.parametrize("account", ["no-such-account", "0", ""])
def test_an_unknown_account(run, account):
    done = run("envuidgid", account, "/usr/bin/env")
    assert done == (111, b"", b"envuidgid: fatal: unknown account %s\n" % account.encode())


def test_the_child_gets_the_numbers(run):
    before = {**BASE, "UID": "x", "GID": "y", "KEPT": "\udcff"}
    done = run("envuidgid", SOMEBODY.pw_name, "/usr/bin/env", "-0", env=before)
    assert environment(done) == {
        b"LANG": b"C.UTF-8", b"KEPT": b"\xff",
        b"UID": b"%d" % SOMEBODY.pw_uid, b"GID": b"%d" % SOMEBODY.pw_gid,
    }  # fmt: skip


def test_nothing_else_is_changed(run):
    done = run("envuidgid", SOMEBODY.pw_name, "/usr/bin/id", "-u")
    assert done == (0, b"%d\n" % os.getuid(), b"")


def test_a_child_that_cannot_be_run(run):
    fatal = b"envuidgid: fatal: unable to run /nonexistent/child: file does not exist\n"
    assert run("envuidgid", "root", "/nonexistent/child") == (111, b"", fatal)


def test_a_child_of_ours_is_called_in_the_new_environment(run):
    chain = ["envuidgid", SOMEBODY.pw_name, "/usr/bin/env", "-0"]
    path = processes.our_path()
    done = run("envuidgid", "root", *chain, env={**BASE, "PATH": path})
    assert environment(done) == {
        b"LANG": b"C.UTF-8", b"PATH": path.encode(),
        b"UID": b"%d" % SOMEBODY.pw_uid, b"GID": b"%d" % SOMEBODY.pw_gid,
    }  # fmt: skip
