"""Our readproctitle beside Debian's daemontools, which has the original: what ps shows."""

from __future__ import annotations

import array
import fcntl
import subprocess
import termios

import pytest

from tests.support import processes, streams
from tests.support.patience import eventually
from tests.support.sidebyside import needs, ours, theirs

pytestmark = needs("readproctitle")

DOTS = "." * 20


def shown(child):
    """The line of ps."""
    return processes.finish(
        ["/bin/ps", "-ww", "-o", "args=", "-p", str(child.pid)], env={"LC_ALL": "C.UTF-8"}
    ).stdout


def at_rest(child):
    """Whether everything that it was sent has been read, and it waits for more."""
    left = array.array("i", [0])
    fcntl.ioctl(child.stdin.fileno(), termios.FIONREAD, left)
    return left[0] == 0 and processes.state(child.pid) == "S" and b"." in shown(child)


@pytest.fixture
def both(background):
    """The two, started with the same arguments."""

    def begin(*argv):
        words = ["readproctitle", *argv]
        return [
            background.start(words, executable=path, stdin=subprocess.PIPE)
            for path in ("/usr/bin/readproctitle", processes.script("readproctitle"))
        ]

    return begin


@pytest.mark.parametrize(
    "text",
    [
        b"", b"hello\0\0world\nabc", b"abcdefghijklmnopqrstuvwxyz\n", b"\0\0\0", b"x" * 5000,
        "caf\u00e9 \u20ac".encode(), b"\xff\xfe\xc3", b"\xa9 cut \xc3\xa9 at the left \xc3\xa9",
        b"\x01\x1b\x7f",
    ],
)  # fmt: skip
@pytest.mark.parametrize("argv", [("service", "errors:", DOTS), ("abcde",), (DOTS, "x" * 9)])
def test_the_same_line(both, argv, text):
    original, child = both(*argv)
    for one in (original, child):
        one.stdin.write(text)
        one.stdin.flush()
    # Each may still be reading: the original has come to rest when it waits for more.
    eventually(lambda: at_rest(original), "the original has read everything")
    eventually(lambda: shown(child) == shown(original), shown(original).decode())


@pytest.mark.parametrize("argv", [(), ("",), ("....",), ("x", "...."), ("é..",), (".....",)])
def test_the_same_answer_to_every_call(tmp_path, argv):
    (tmp_path / "work").mkdir()
    original = theirs(tmp_path / "work", "readproctitle", *argv)
    assert ours(tmp_path / "work", "readproctitle", *argv) == original


@pytest.mark.parametrize("redirection", ["<&-", "0>/dev/null", ">&-", "<&- 2>&-"])
def test_broken_streams(redirection):
    codes = [
        streams.code([path, DOTS], redirection)
        for path in ("/usr/bin/readproctitle", processes.script("readproctitle"))
    ]
    assert codes[1] == codes[0]
