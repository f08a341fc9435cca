"""Our fghack beside Debian's daemontools, which has the original."""

from __future__ import annotations

import pytest

from tests.support import inherited, processes, recordings
from tests.support.sidebyside import BASE, empty, needs, ours, theirs

pytestmark = needs("fghack")

LATE = "(exec 3>&- 4>&- 5>&-; sleep 0.1; echo late >&2) & exit 5"


@pytest.fixture(autouse=True)
def daemons_have_ended(nobody_left):
    """A process closes its files, and the pipe with them, a moment before it is gone."""
    yield
    recordings.gone()


@pytest.mark.parametrize(
    "argv",
    [
        (), ("nonexistent",), ("/nonexistent/child",), ("/tmp",), ("",), ("-h",), ("--", "true"),
        ("true",), ("/bin/sh", "-c", "exit 255"), ("/bin/sh", "-c", "kill -9 $$"),
        ("/bin/sh", "-c", "kill -ABRT $$"), ("/bin/sh", "-c", LATE), ("/bin/pwd",),
        ("/usr/bin/env", "-0"), ("/bin/cat",), ("/bin/sh", "-c", "echo x >&2; echo y"),
        ("/bin/grep", "^Sig[BIC]", "/proc/self/status"),
    ],
    ids=str,
)  # fmt: skip
def test_the_same_answer_to_every_call(tmp_path, argv):
    folder = empty(tmp_path / "work")
    original = theirs(folder, "fghack", *argv, stdin=b"input")
    assert ours(folder, "fghack", *argv, stdin=b"input") == original


def test_the_descriptors_of_the_child():
    original = inherited.by_child_of(["/usr/bin/fghack"])
    assert len(original.stdout.split()) > 31
    assert inherited.by_child_of([processes.script("fghack")]) == original


@pytest.mark.parametrize("limit", [6, 10, 40])
def test_with_few_open_files(limit):
    script = f'ulimit -n {limit}; exec "$0" /bin/sh -c "exit 9"'
    codes = [
        processes.finish(["/bin/sh", "-c", script, fghack], env=BASE).code
        for fghack in ("/usr/bin/fghack", processes.script("fghack"))
    ]
    assert codes[1] == codes[0]


def test_where_children_are_not_waited_for():
    seen = [
        processes.finish(["/usr/bin/env", "--ignore-signal=CHLD", fghack, "/bin/true"], env=BASE)
        for fghack in ("/usr/bin/fghack", processes.script("fghack"))
    ]
    assert seen[0] == (111, b"", b"fghack: fatal: wait failed: no child processes\n")
    assert seen[1] == seen[0]
