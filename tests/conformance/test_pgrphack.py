"""Our pgrphack beside Debian's daemontools, which has the original."""

from __future__ import annotations

import pytest

from tests.support import inherited, processes
from tests.support.sidebyside import empty, needs, ours, theirs

pytestmark = needs("pgrphack")

# Whether the process leads its group and its session.
LEADS = "set -- $(ps -o pid=,pgid=,sid= -p $$); test $1 = $2 -a $2 = $3 && echo leads"


@pytest.mark.parametrize(
    "argv",
    [
        (), ("nonexistent",), ("/nonexistent/child",), ("/tmp",), ("",), ("-h",), ("--", "true"),
        ("true",), ("/bin/sh", "-c", "exit 9"), ("/bin/sh", "-c", LEADS), ("/usr/bin/env", "-0"),
        ("/bin/grep", "^Sig[BIC]", "/proc/self/status"),
    ],
    ids=str,
)  # fmt: skip
def test_the_same_answer_to_every_call(tmp_path, argv):
    folder = empty(tmp_path / "work")
    assert ours(folder, "pgrphack", *argv) == theirs(folder, "pgrphack", *argv)


def test_the_question_can_be_answered_both_ways(tmp_path):
    folder = empty(tmp_path / "work")
    assert theirs(folder, "pgrphack", "/bin/sh", "-c", LEADS).finished.stdout == b"leads\n"
    assert theirs(folder, "env", "/bin/sh", "-c", LEADS).finished.stdout == b""


def test_the_descriptors_of_the_child():
    original = inherited.by_child_of(["/usr/bin/pgrphack"])
    assert inherited.by_child_of([processes.script("pgrphack")]) == original
