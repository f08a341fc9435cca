"""Our setlock beside Debian's daemontools, which has the original."""

from __future__ import annotations

import fcntl

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support import inherited, processes
from tests.support.generators import any_words
from tests.support.oracle import oracle, same, same_files
from tests.support.sidebyside import empty, needs, ours, theirs

pytestmark = needs("setlock")

# A call never waits: either somebody asks not to, or the lock is free.
clusters = st.lists(
    st.one_of(
        st.text("nNxX", max_size=5).map("-{}".format),
        st.text("nNxX-z=", max_size=3).map("-{}".format),
        any_words.map("-{}".format),
    ),
    max_size=4,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return empty(tmp_path_factory.mktemp("setlock") / "work")


@oracle
@example(["-N", "-nx"])
@example(["-", "-n"])
@given(clusters)
def test_any_options_while_somebody_has_the_lock(folder, options):
    with (folder / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        same("setlock", *options, "-n", "lock", "/bin/echo", "hi", cwd=folder)


places = st.one_of(st.sampled_from(["lock", "no/lock", "", ".", "x" * 256, "loop"]), any_words)


@oracle
@given(clusters, places.filter(lambda path: "/" not in path), st.lists(any_words, max_size=2))
def test_any_options_while_nobody_has_it(folder, options, path, child):
    def prepare(folder):
        (folder / "loop").symlink_to("loop")

    child = child or ["/bin/echo", "hi"]
    same_files(folder, prepare, "setlock", *options, path, *child, env={"PATH": "/nonexistent"})


@pytest.mark.parametrize(
    "argv",
    [
        (), ("lock",), ("-z", "lock", "true"), ("-nz", "lock", "true"), ("--help", "lock", "true"),
        ("-n", "--", "lock", "true"), ("lock", "nonexistent"), ("-x", "lock", "/nonexistent/child"),
        ("lock", ""), ("lock", "/tmp"), ("lock", "/bin/sh", "-c", "exit 9"), ("-", "true"),
        ("lock", "/usr/bin/env", "-0"),
    ],
    ids=str,
)  # fmt: skip
def test_the_same_answer_to_every_call(folder, argv):
    assert ours(folder, "setlock", *argv) == theirs(folder, "setlock", *argv)


def test_the_descriptors_of_the_child(tmp_path):
    words = [str(tmp_path / "lock")]
    original = inherited.by_child_of(["/usr/bin/setlock", *words])
    assert b" 3 " in original.stdout
    assert inherited.by_child_of([processes.script("setlock"), *words]) == original


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_with_standard_streams_closed(tmp_path, closed):
    shell = "for n in /proc/$$/fd/*; do echo ${n##*/} $(readlink $n); done > answer"
    answers = []
    for setlock in ("/usr/bin/setlock", processes.script("setlock")):
        command = f'{setlock} lock /bin/sh -c "$0" {closed}'
        processes.finish(["/bin/sh", "-c", command, shell], cwd=tmp_path)
        answers.append((tmp_path / "answer").read_text().replace("pipe:", "\n").split("\n"))
    assert [line for line in answers[0] if "lock" in line] != []
    assert [[line for line in lines if "lock" in line] for lines in answers][1] == [
        line for line in answers[0] if "lock" in line
    ]
