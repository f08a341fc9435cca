"""Our svscan beside Debian's daemontools, which has the original: what a tree of each gives to its
services, and how it ends."""

from __future__ import annotations

import re
import signal
import subprocess

import pytest

from tests.support import differences, processes, recordings, trees
from tests.support.patience import PATIENCE, eventually
from tests.support.sidebyside import BASE, needs

pytestmark = needs("svscan", "supervise")

VIEW = """\
{ umask; env | grep -v ^PATH= | sort; ls -l /proc/self/fd /proc/self/cwd
grep -E '^Sig(Blk|Ign)' /proc/self/status; ulimit -a; } >view.new 2>&1
mv view.new view
exec sleep 10000"""
# Times, numbers of processes and pipes, and where the tree is.
CHANCE = re.compile(r"\w+ +\d+ \d+:\d+|/proc/\d+|\[\d+\]|/\S+(?=/scan\b)|/\S+(?=/said)")
SERVICES = ("logged", "logged/log", "plain")


class Tree:
    """An svscan over a service with a log, one without, and what is passed over."""

    def __init__(self, background, place, path):
        self.scan = place / "scan"
        trees.make_service(self.scan / "logged", VIEW, log=VIEW)
        trees.make_service(self.scan / "plain", VIEW)
        (self.scan / ".hidden").mkdir()
        (self.scan / "text").touch()
        with (place / "said").open("wb") as said:
            self.process = background.start(
                [path, str(self.scan)], stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                env=BASE, umask=0o027,
                preexec_fn=lambda: signal.signal(signal.SIGUSR1, signal.SIG_IGN),
            )  # fmt: skip

    def views(self):
        """What each service saw of itself."""
        paths = [self.scan / service / "view" for service in SERVICES]
        eventually(lambda: all(path.exists() for path in paths), "all services run")
        return [CHANCE.sub("", path.read_text()).splitlines() for path in paths]


@pytest.fixture
def both(background, tmp_path):
    """Two trees; what outlives its svscan is told to leave."""
    pair = [
        Tree(background, tmp_path / side, path)
        for side, path in (("theirs", "/usr/bin/svscan"), ("ours", processes.script("svscan")))
    ]
    yield pair
    background.end()
    for tree in pair:
        for service in SERVICES:
            if trees.is_supervised(tree.scan / service):
                trees.control(tree.scan / service, b"dx")
    recordings.gone()


def test_what_services_are_given(both):
    original, ours = (tree.views() for tree in both)
    assert original[0][0] == "0027"
    assert ours == original


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_the_end(both, number):
    differences.stand_by("svscan: TERM, INT, QUIT")
    supervised = []
    for tree in both:
        tree.views()
        tree.process.send_signal(number)
        code = tree.process.wait(PATIENCE)
        supervised.append(
            (code, [trees.is_supervised(tree.scan / service) for service in SERVICES])
        )
    assert supervised == [(-number, [True] * 3), (0, [False] * 3)]
