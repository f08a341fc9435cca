"""Our envuidgid beside Debian's daemontools, which has the original."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import inherited, processes
from tests.support.sidebyside import empty, needs, ours, theirs

pytestmark = needs("envuidgid")

before = st.dictionaries(
    st.sampled_from(["UID", "GID", "UI", "GIDS", "PATH"]), st.text("xyz =", max_size=3), max_size=5
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return empty(tmp_path_factory.mktemp("envuidgid") / "work")


def variables(outcome):
    """The child's environment in no order: the original's is an accident."""
    finished = outcome.finished
    return finished._replace(stdout=sorted(finished.stdout.split(b"\0")))


@settings(max_examples=30)
@given(st.sampled_from(["root", "nobody", "daemon"]), before)
def test_the_same_environment(folder, account, environment):
    call = ("envuidgid", account, "/usr/bin/env", "-0")
    env = {"LANG": "C.UTF-8", **environment}
    original = theirs(folder, *call, env=env)
    assert original.finished.code == 0
    assert variables(ours(folder, *call, env=env)) == variables(original)


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
