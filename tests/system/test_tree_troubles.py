"""Real trees in trouble: whatever lacks, control is answered while it lasts, nothing spins, and
afterwards all is as it should be.

That control is answered shows on the service, and not on `status`, which may be what cannot be
written. That nothing spins shows on the turns of the loops: there are no more of them than things
that happen, and than retries in the time that has passed.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import resource
import signal
import struct
import subprocess
import tempfile
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from supervise.unix.processes import fork
from tests.support import processes, trees
from tests.support.disks import small_disk
from tests.support.patience import eventually
from tests.support.processes import Background
from tests.support.trees import Tree

SOMEBODY = 54321  # a user who has no other process, and whom a limit on processes binds
TURNS = 1 << 24  # bytes: a number for each pid
COUNTED = """\
import mmap, os, struct
from supervise.unix.waiting import Waiter
turns = mmap.mmap(os.open({path!r}, os.O_RDWR), 0)
def counted(self, until, wait=Waiter.wait):
    at = 4 * os.getpid()
    turns[at : at + 4] = struct.pack("<I", struct.unpack("<I", turns[at : at + 4])[0] + 1)
    return wait(self, until)
Waiter.wait = counted
"""


class Turns:
    """How often the loops of a tree have waited."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "turns"
        self.path.touch()
        os.truncate(self.path, TURNS)
        with self.path.open("rb") as file:
            self.numbers = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)

    @property
    def changes(self) -> str:
        """For Tree.start."""
        return COUNTED.format(path=str(self.path))

    def of(self, pid: int) -> int:
        (number,) = struct.unpack_from("<I", self.numbers, 4 * pid)
        return number

    @contextmanager
    def few(self, pid: int, events: int) -> Iterator[None]:
        """No more turns in the block than these events and the retries, which come once a second
        at most, explain: one for a thing that comes, one for what follows from it."""
        before, began = self.of(pid), time.monotonic()
        yield
        assert self.of(pid) - before <= 4 * events + 2 * (time.monotonic() - began)


@pytest.fixture
def tree(tmp_path, background):
    return Tree(tmp_path, background)


@pytest.fixture
def turns(tmp_path):
    return Turns(tmp_path)


def supervise_of(tree: Tree, name: str) -> int:
    pid = tree.supervise(f"supervise {name}")
    assert pid is not None
    return pid


def obeys(service: Path, pid: int) -> None:
    """svc -p and svc -c reach this process."""
    trees.control(service, b"p")
    eventually(lambda: processes.state(pid) == "T", "paused")
    trees.control(service, b"c")
    eventually(lambda: processes.state(pid) != "T", "continued")


def heard(service: Path) -> bool:
    """Whether all that was written to control was read."""
    descriptor = os.open(service / "supervise/control", os.O_RDWR | os.O_NONBLOCK)
    try:
        unread = fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4))
    finally:
        os.close(descriptor)
    return unread == bytes(4)


@contextmanager
def limited(pid: int, which: int, most: int = 0) -> Iterator[None]:
    """No more than so much of it for a process, as long as the block; afterwards what we have."""
    before = resource.getrlimit(which)
    set_limit(pid, which, (most, before[1]))
    yield
    if not trees.ended(pid):
        set_limit(pid, which, before)


def set_limit(pid: int, which: int, limits: tuple[int, int]) -> None:
    """As the user of that process: root may be without the right to do it for others."""
    owner = Path(f"/proc/{pid}").stat()

    def set_it() -> int:
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)
        resource.prlimit(pid, which, limits)
        return 0

    assert os.waitpid(fork(set_it), 0)[1] == 0


# supervise lacks something.


def first_free(pid: int) -> int:
    """The number that the next descriptor would get."""
    return min(set(range(1000)) - trees.descriptors(pid).keys())


@contextmanager
def no_more_processes(pid: int) -> Iterator[None]:
    with limited(pid, resource.RLIMIT_NPROC, 0):
        yield


@contextmanager
def no_more_descriptors(pid: int) -> Iterator[None]:
    with limited(pid, resource.RLIMIT_NOFILE, first_free(pid)):
        yield


@contextmanager
def no_more_memory(pid: int) -> Iterator[None]:
    with limited(pid, resource.RLIMIT_AS, 0):
        yield


LACKS = [no_more_processes, no_more_descriptors, no_more_memory]
# What the tree imports is imported before: the files of an interpreter may be root's alone.
AS_SOMEBODY = f"""\
from supervise.commands import multilog, setuidgid, svscan
os.setgroups([]), os.setgid({SOMEBODY}), os.setuid({SOMEBODY})
"""


@pytest.fixture
def somebodys(background) -> Iterator[tuple[Tree, str]]:
    """A tree of a user whom limits bind, and what makes svscan that user's."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Tree(Path(folder), background)
        changes = ""
        if os.geteuid() == 0:
            changes = AS_SOMEBODY
            for path in (Path(folder), tree.scan):
                os.chown(path, SOMEBODY, SOMEBODY)
        yield tree, changes
        background.end()


def give(service: Path, changes: str) -> Path:
    if changes:
        os.chown(service, SOMEBODY, SOMEBODY)
    return service


@pytest.mark.parametrize("lack", LACKS)
def test_a_supervise_that_lacks_something(somebodys, turns, lack):
    tree, changes = somebodys
    service = give(tree.add("a"), changes)
    tree.start(turns.changes + changes)
    pid = trees.started(service)
    supervise = supervise_of(tree, "a")
    with turns.few(supervise, events=8), lack(supervise):
        obeys(service, pid)
        trees.control(service, b"k")
        eventually(lambda: trees.ended(pid))
        for letter in (b"d", b"u"):
            trees.control(service, letter)
            eventually(lambda: heard(service), "heard while there is no process")
    assert trees.started(service, other_than=pid)
    assert supervise_of(tree, "a") == supervise
    assert tree.stop() == 0


@pytest.mark.parametrize("lack", LACKS)
def test_a_supervise_that_lacks_something_leaves_all_the_same(somebodys, lack):
    tree, changes = somebodys
    service = give(tree.add("a"), changes)
    tree.start("import os\n" + changes)
    pid = trees.started(service)
    with lack(supervise_of(tree, "a")):
        trees.control(service, b"k")
        eventually(lambda: trees.ended(pid))
        assert tree.stop() == 0


# Nobody reads what they say.

UNREAD = """\
import os
_, writing = os.pipe()
os.set_blocking(writing, False)
try:
    while os.write(writing, bytes(4096)):
        pass
except BlockingIOError:
    os.set_blocking(writing, True)
os.dup2(writing, 2)"""


def test_warnings_that_nobody_reads(tree):
    """Neither waits for a reader, and afterwards both have gone on."""
    service = tree.add("a")
    tree.start(UNREAD)
    pid = trees.started(service)
    (tree.scan / "dangling").symlink_to("nowhere")
    trees.started(tree.add("b"))
    with no_more_descriptors(supervise_of(tree, "a")):
        obeys(service, pid)
    assert tree.stop() == 0
    assert trees.ended(pid)


# svscan lacks something.


@pytest.mark.parametrize("lack", LACKS)
def test_an_svscan_that_lacks_something(somebodys, turns, lack):
    tree, changes = somebodys
    service = give(tree.add("a"), changes)
    tree.start(turns.changes + changes)
    pid = trees.started(service)
    with turns.few(tree.svscan.pid, events=4), lack(tree.svscan.pid):
        before = turns.of(tree.svscan.pid)
        new = give(tree.add("b"), changes)
        eventually(lambda: turns.of(tree.svscan.pid) > before, "noticed")
        obeys(service, pid)
        trees.kill(tree.svscan.pid, signal.SIGHUP)
    trees.started(new)
    assert trees.running(service) == pid
    assert tree.stop() == 0


@pytest.mark.parametrize("lack", LACKS)
def test_an_svscan_that_lacks_something_stops_all_the_same(somebodys, lack):
    tree, changes = somebodys
    service = give(tree.add("a", log=trees.LOGGER), changes)
    give(service / "log", changes)
    tree.start("import os\n" + changes)
    pids = [trees.started(part) for part in (service, service / "log")]
    with lack(tree.svscan.pid):
        assert tree.stop() == 0
    assert all(trees.ended(pid) for pid in pids)


# Nothing can be written.


def write_without_end(descriptor: int) -> None:
    while os.write(descriptor, bytes(4096)):
        pass


@contextmanager
def ending(background: Background) -> Iterator[None]:
    """Nobody is on the disk any more when it is to go, however a test ends."""
    try:
        yield
    finally:
        background.end()


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Fill a small disk, as long as the block."""
    filler = os.open(disk / "filler", os.O_WRONLY | os.O_CREAT)
    with pytest.raises(OSError, match="space"):
        write_without_end(filler)
    yield
    os.close(filler)
    (disk / "filler").unlink()


def goes_on(tree, service: Path, unable: str) -> int:
    """The service obeys and is started again, though nobody can be told; its new pid."""
    supervise, pid = supervise_of(tree, "a"), trees.read(service).pid
    obeys(service, pid)
    tree.hears(f"supervise: warning: unable to {unable}")
    trees.control(service, b"t")
    eventually(lambda: trees.ended(pid))
    (new,) = eventually(lambda: processes.children(supervise), "started again")
    obeys(service, new)
    return new


@pytest.mark.needs_root
def test_a_full_disk(tree, turns, background):
    with small_disk(tree.elsewhere, "size=64k"), ending(background):
        service = trees.make_service(tree.elsewhere / "a")
        (tree.scan / "a").symlink_to(service)
        tree.start(turns.changes)
        trees.started(service)
        with turns.few(supervise_of(tree, "a"), events=6), full(tree.elsewhere):
            new = goes_on(tree, service, "write a/supervise/status.new: out of disk space")
        eventually(lambda: trees.read(service).pid == new, "published when there is room")
        assert tree.stop() == 0


@contextmanager
def read_only(directory: Path) -> Iterator[None]:
    """Nothing can be changed there by its path; FIFOs can be written to."""
    place = str(directory)
    commands = (["--bind", place, place], ["-o", "remount,bind,ro", place])
    for words in commands:
        if subprocess.run(["/usr/bin/mount", *words], capture_output=True, check=False).returncode:
            pytest.skip("needs to mount")
    try:
        yield
    finally:
        subprocess.run(["/usr/bin/umount", place], check=True)


@pytest.mark.needs_root
def test_a_file_system_that_has_become_read_only(tree, turns):
    service = tree.add("a")
    tree.start(turns.changes)
    trees.started(service)
    with turns.few(supervise_of(tree, "a"), events=6), read_only(service / "supervise"):
        new = goes_on(tree, service, "open a/supervise/status.new: read-only file system")
    eventually(lambda: trees.read(service).pid == new, "published when it can be")
    assert tree.stop() == 0


# Strangers.


@contextmanager
def written_full(fifo: Path) -> Iterator[None]:
    """Fill a FIFO with what means nothing."""
    descriptor = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    try:
        while os.write(descriptor, b"?" * 4096):
            pass
    except BlockingIOError:
        pass
    yield
    os.close(descriptor)


def test_a_control_that_somebody_has_filled(tree, turns):
    service = tree.add("a")
    tree.start(turns.changes)
    pid = trees.started(service)
    supervise = supervise_of(tree, "a")
    trees.kill(supervise, signal.SIGSTOP)
    with turns.few(supervise, events=65536 // 4096), written_full(service / "supervise/control"):
        trees.kill(supervise, signal.SIGCONT)
        assert processes.finish(processes.module("svc", "-p", str(service))).code == 0
        eventually(lambda: processes.state(pid) == "T")
        obeys(service, pid)
    assert trees.running(service) == pid
    assert tree.stop() == 0


def test_an_ok_that_somebody_has_filled(tree, turns):
    service = tree.add("a")
    tree.start(turns.changes)
    pid = trees.started(service)
    with turns.few(supervise_of(tree, "a"), 2), written_full(service / "supervise/ok"):
        obeys(service, pid)
        assert processes.finish(processes.module("svok", str(service))).code == 0
        assert (
            f"up (pid {pid})"
            in processes.finish(processes.module("svstat", str(service))).stdout.decode()
        )
    assert tree.stop() == 0


@pytest.mark.parametrize("garbage", [b"", b"\xff" * 18, os.urandom(4096)], ids=len)
def test_garbage_in_status(tree, garbage):
    service = tree.add("a")
    tree.start()
    pid = trees.started(service)
    (service / "supervise/status").write_bytes(garbage)
    assert processes.finish(processes.module("svstat", str(service))).code == 0
    obeys(service, pid)
    assert trees.read(service).pid == pid
    assert tree.stop() == 0
