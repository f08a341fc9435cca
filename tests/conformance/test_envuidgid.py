"""Our envuidgid beside Debian's daemontools, which has the original."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import inherited, processes
from tests.support.generators import account_names, any_words
from tests.support.oracle import oracle, same
from tests.support.sidebyside import empty, needs, ours, theirs

pytestmark = needs("envuidgid")

before = st.dictionaries(
    st.sampled_from(["UID", "GID", "UI", "GIDS", "PATH"]),
    st.one_of(st.text("xyz =", max_size=3), any_words),
    max_size=5,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return empty(tmp_path_factory.mktemp("envuidgid") / "work")


def variables(finished):
    """The child's environment in no order: the original's is an accident."""
    return finished._replace(stdout=sorted(finished.stdout.split(b"\0")))


@oracle
@given(account_names, before)
def test_the_same_environment(account, environment):
    env = {"LANG": "C.UTF-8", **environment}
    same("envuidgid", account, "/usr/bin/env", "-0", env=env, plain=variables)


@pytest.mark.parametrize(
    "argv",
    [
        (), ("root",), ("no-such-account", "/bin/true"), ("", "/bin/true"), ("-h", "/bin/true"),
        ("0", "/bin/true"), ("--", "root", "/bin/true"), ("NOBODY", "/bin/true"),
        ("root", "nonexistent"), ("root", "/nonexistent/child"), ("root", "/tmp"), ("root", ""),
        ("nobody", "/usr/bin/id"), ("nobody", "/bin/sh", "-c", "exit 9"), ("nobody", "/bin/pwd"),
    ],
    ids=str,
)  # fmt: skip
def test_the_same_answer_to_every_call(folder, argv):
    assert ours(folder, "envuidgid", *argv) == theirs(folder, "envuidgid", *argv)


def test_the_descriptors_of_the_child():
    original = inherited.by_child_of(["/usr/bin/envuidgid", "root"])
    assert inherited.by_child_of([processes.script("envuidgid"), "root"]) == original


def test_a_variable_without_a_name_goes_through_a_chain():
    """Of programs that are called in place, too."""
    seen = [
        processes.finish(
            ["/usr/bin/env", "-i", "=x", "A=b", path, "root", path, "root", "/usr/bin/env"]
        )
        for path in ("/usr/bin/envuidgid", processes.script("envuidgid"))
    ]
    assert b"=x\n" in seen[0].stdout
    assert sorted(seen[1].stdout.split()) == sorted(seen[0].stdout.split())
    assert (seen[1].code, seen[1].stderr) == (0, b"")
