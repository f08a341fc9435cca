"""Files that programs make, beside those of the originals: their modes and owners under any
umask."""

from __future__ import annotations

import os

import pytest

from tests.support import differences, pairs, trees
from tests.support.originals import ENVIRONMENT
from tests.support.pairs import Call, installed
from tests.support.sidebyside import needs

pytestmark = needs("multilog", "setlock", "setuidgid", "supervise", "tcprules")

UMASKS = [0o000, 0o022, 0o077]
umasks = pytest.mark.parametrize("umask", [*UMASKS, 0o777], ids=oct)
MAKERS = {
    "multilog": ("multilog", "t", "s4096", "n3", "./new", "=status", "./other"),
    "multilog that rotates": ("multilog", "s4096", "!cat", "./new"),
    "setlock": ("setlock", "new", "/bin/sh", "-c", "umask; cat"),
    "tcprules": ("tcprules", "new", "other"),
    "chain": ("envdir", "env", "/bin/sh", "-c", "umask; >new; mkdir other"),
}
INPUTS = {"tcprules": b"1:deny\n", "multilog that rotates": b"x" * 99 + b"\n"}


@umasks
@pytest.mark.parametrize("maker", MAKERS)
def test_files_of(same, maker, umask):
    name, *argv = MAKERS[maker]
    stdin = INPUTS.get(maker, b"line\n") * (100 if "rotates" in maker else 1)
    same(Call(name, tuple(argv), stdin, ENVIRONMENT, lambda: os.umask(umask)), None, installed)


def described(result):
    """Without what is in the files of supervise: it is another moment and another process."""
    return {found.name: (found.mode, found.owner) for found in result.files}


@pytest.mark.parametrize(
    "umask", [*UMASKS, pytest.param(0o777, marks=pytest.mark.needs_root)], ids=oct
)
def test_files_of_supervise(folders, umask):
    """The service tells its supervise to leave."""
    for folder in folders:
        trees.write_script(folder / "service" / "run", "printf dx >supervise/control")
    call = Call("supervise", ("service",), b"", ENVIRONMENT, lambda: os.umask(umask))
    original, ours = pairs.both(folders, call, installed)
    differences.stand_by("supervise: `supervise/child`")
    files = described(ours)
    assert files.pop(b"service/supervise/child") == files[b"service/supervise/lock"]
    assert files == described(original)
    assert ours[:3] == original[:3]
