"""Our softlimit beside Debian's daemontools, which has the original."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support import inherited, processes
from tests.support.generators import any_words, numbers
from tests.support.oracle import SIDES, Call, hear, oracle
from tests.support.sidebyside import BASE, empty, needs, ours, theirs

pytestmark = needs("softlimit")

LIMITS = ("/bin/cat", "/proc/self/limits")

# What harms nobody, however small, and numbers of memory that cat can live with.
plenty = st.integers(2**30, 2**64 - 1).map(str)
options = st.one_of(
    st.tuples(st.sampled_from("clr"), st.one_of(numbers, st.just("="))),
    st.tuples(st.sampled_from("adfmst"), st.one_of(plenty, st.just("="))),
    st.tuples(st.just("o"), st.integers(10, 2**64).map(str)),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return empty(tmp_path_factory.mktemp("softlimit") / "work")


def same_through_pipes(*words):
    """What both do; a limit on files would cut off what is said of a mistake in a later word."""
    with open("/dev/null", "rb") as stdin:
        original, done = (
            hear(start, Call("softlimit", words), stdin.fileno())._replace(pid=0) for start in SIDES
        )
    assert done == original


@oracle
@given(st.lists(st.tuples(options, st.booleans()), max_size=4))
def test_the_same_limits(given_options):
    words = []
    for (letter, value), apart in given_options:
        words += [f"-{letter}", value] if apart or not value else [f"-{letter}{value}"]
    same_through_pipes(*words, *LIMITS)


@oracle
@example(["-"])
@example(["-zc5"])
@given(
    st.lists(
        st.one_of(
            st.text("aczlrfop-=05x", min_size=1, max_size=4).map("-{}".format),
            st.builds("-{}{}".format, st.sampled_from("acdflmoprst"), numbers),
            any_words.map("-{}".format),
        ),
        max_size=3,
    )
)
def test_any_options(words):
    same_through_pipes(*words)  # nothing to run: a child could do with no memory


@pytest.mark.parametrize(
    "argv",
    [
        (), ("-c",), ("-c0",), ("nonexistent",), ("/nonexistent/child",), ("/tmp",), ("",),
        ("--", "true"), ("--help", "true"), ("-", "true"), ("-z", "true"), ("-cz", "true"),
        ("-c", "", *LIMITS), ("-c", "-c", "true"), ("-p0", "/bin/echo", "hi"),
        ("/bin/sh", "-c", "exit 9"), ("/usr/bin/env", "-0"), ("-o3", "/bin/echo", "hi"),
        ("-a0", "/bin/true"), ("-m0", "/bin/true"), ("-m2000000", "/bin/true"),
        ("-s0", "/bin/true"), ("-d100000", "/bin/true"),
        ("-f0", "/bin/sh", "-c", "echo > x; exit 3"),
        ("-c5x", "true"), ("-c", " 5", "true"), ("-c", "5\n", "true"),
    ],
    ids=str,
)  # fmt: skip
def test_the_same_answer_to_every_call(folder, argv):
    assert ours(folder, "softlimit", *argv) == theirs(folder, "softlimit", *argv)


def test_from_a_limit_that_is_low_already():
    script = 'ulimit -Sn 30; ulimit -Hn 50; exec "$0" "$@"'
    for option in ("-o=", "-o40", "-o60", "-o18446744073709551615"):
        seen = [
            processes.finish(["/bin/sh", "-c", script, softlimit, option, *LIMITS], env=BASE)
            for softlimit in ("/usr/bin/softlimit", processes.script("softlimit"))
        ]
        assert seen[0].code == 0
        assert seen[1] == seen[0]


def test_the_descriptors_of_the_child():
    original = inherited.by_child_of(["/usr/bin/softlimit", "-c0"])
    assert inherited.by_child_of([processes.script("softlimit"), "-c0"]) == original
