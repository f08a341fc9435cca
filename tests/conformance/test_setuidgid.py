"""Our setuidgid beside Debian's daemontools, which has the original."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.support import processes
from tests.support.generators import account_names
from tests.support.oracle import oracle, same
from tests.support.sidebyside import BASE, empty, needs, ours, theirs

pytestmark = needs("setuidgid")

USER = ("/usr/bin/setuidgid", "nobody")


@pytest.fixture
def folder(tmp_path):
    return empty(tmp_path / "work")


@pytest.mark.parametrize(
    "argv",
    [
        (), ("root",), ("no-such-account", "/bin/true"), ("", "/bin/true"), ("-h", "/bin/true"),
        ("0", "/bin/true"), ("--", "root", "/bin/true"), ("NOBODY", "/bin/true"),
    ],
    ids=str,
)  # fmt: skip
def test_calls_that_cannot_work(folder, argv):
    original = theirs(folder, "setuidgid", *argv)
    assert original.finished.code in (100, 111)
    assert ours(folder, "setuidgid", *argv) == original


@pytest.mark.needs_root
@oracle
@given(account_names)
def test_any_account(account):
    same("setuidgid", account, "/bin/grep", "-E", "^(Uid|Gid|Groups|Cap)", "/proc/self/status")


@pytest.mark.needs_root
@pytest.mark.parametrize(
    "argv",
    [
        ("nobody", "/usr/bin/id"), ("root", "/usr/bin/id"), ("daemon", "/usr/bin/id"),
        ("nobody", "id"), ("nobody", "nonexistent"), ("nobody", "/nonexistent/child"),
        ("nobody", "/tmp"), ("nobody", "/etc/passwd"), ("nobody", "/bin/sh", "-c", "exit 9"),
        ("nobody", "/bin/grep", "-E", "^(Uid|Gid|Groups|Cap[IPEA]|Sig[BIC])", "/proc/self/status"),
        ("nobody", "/usr/bin/env", "-0"), ("nobody", "/bin/pwd"),
        ("nobody", "/bin/sh", "-c", "ulimit -a; umask"),
    ],
    ids=str,
)  # fmt: skip
def test_what_the_child_is(folder, argv):
    for path in (folder, *folder.parents[:3]):
        path.chmod(0o755)
    original = theirs(folder, "setuidgid", *argv)
    assert ours(folder, "setuidgid", *argv) == original


@pytest.mark.needs_root
@pytest.mark.parametrize("account", ["nobody", "root"])
def test_without_the_right_to(account):
    original = processes.finish([*USER, "/usr/bin/setuidgid", account, "/usr/bin/id"], env=BASE)
    assert original.code == 111
    env = {**BASE, "PATH": processes.our_path()}
    in_place = [processes.script("setuidgid"), "nobody", "setuidgid", account, "/usr/bin/id"]
    assert processes.finish(in_place, env=env) == original


@pytest.mark.needs_root
def test_the_descriptors_of_the_child():
    script = "cd /proc/self/fd; for n in *; do echo $n; done"
    with open("/dev/null", "rb") as passed:
        seen = [
            processes.finish(
                [command, "nobody", "/bin/sh", "-c", script], env=BASE, pass_fds=[passed.fileno()]
            )
            for command in ("/usr/bin/setuidgid", processes.script("setuidgid"))
        ]
        assert b"\n%d\n" % passed.fileno() in seen[0].stdout
    assert seen[1] == seen[0]
