from __future__ import annotations

import os
import signal

import pytest

from supervise import errors
from supervise.drivers import pidfile
from supervise.drivers.pidfile import PidFile
from supervise.unix import processes, recordlocks
from tests.support.forks import in_a_fork
from tests.support.patience import eventually


@pytest.fixture
def path(tmp_path):
    return tmp_path / "made/pid"


@pytest.fixture
def taken(path):
    """Start a process that takes the file; its pid."""
    started = []

    def hold() -> int:
        PidFile(str(path)).take()
        (path.parent / "ready").touch()
        signal.pause()
        return 0

    def start() -> int:
        started.append(processes.fork(hold))
        eventually((path.parent / "ready").exists)
        return started[-1]

    yield start
    for pid in started:
        end(pid)


def end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        pass  # the test did


def taking(path) -> str | None:
    """What keeps another process from taking it."""

    def take() -> str | None:
        try:
            PidFile(str(path)).take()
        except errors.Failure as failure:
            return f"{failure.code} {failure.text}"
        return None

    return in_a_fork(take)


def test_it_is_taken_by_one_at_a_time(path, taken):
    pid = taken()
    assert taking(path) == f"111 unable to lock {path}: already running as pid {pid}"
    assert path.read_text() == f"{pid}\n"
    end(pid)
    assert taking(path) is None


def test_it_and_its_directory_are_for_their_owner_alone(path, taken):
    taken()
    assert [place.stat().st_mode & 0o7777 for place in (path, path.parent)] == [0o600, 0o700]


def test_its_holder_is_known(path, taken):
    assert PidFile(str(path)).holder() is None
    pid = taken()
    holder = PidFile(str(path)).holder()
    assert holder is not None
    assert holder.pid == pid
    signal.pidfd_send_signal(holder.pidfd, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(holder.pidfd)
    assert PidFile(str(path)).holder() is None


def test_what_it_says_means_nothing_without_the_lock(path):
    path.parent.mkdir()
    path.write_text(f"{os.getppid()}\n")
    assert PidFile(str(path)).holder() is None
    assert taking(path) is None
    assert path.read_text() != f"{os.getppid()}\n"


def test_a_number_that_is_used_again_while_it_is_asked_for(path, taken, monkeypatch):
    """The holder ends between the two questions, and its lock goes to somebody else."""
    pid = taken()
    answers = iter([os.getppid(), pid, pid, pid])
    monkeypatch.setattr(recordlocks, "owner", lambda descriptor, byte: next(answers))
    holder = PidFile(str(path)).holder()
    assert holder is not None
    assert holder.pid == pid
    os.close(holder.pidfd)
    answers = iter([2**22 + 1, None])  # there is no such process any more
    assert PidFile(str(path)).holder() is None
    answers = iter([0])
    with pytest.raises(errors.Failure, match=r"find out who holds .*: no such process"):
        PidFile(str(path)).holder()


def test_who_can_clears_it_at_the_end(path):
    def take_and_clear() -> None:
        own = PidFile(str(path))
        own.take()
        own.clear()

    in_a_fork(take_and_clear)
    assert path.read_text() == ""
    in_a_fork(lambda: PidFile(str(path)).take())
    assert path.read_text() != "", "killed"
    in_a_fork(take_and_clear)
    assert path.read_text() == ""


@pytest.mark.parametrize("text", ["root:x:0:0\n", "12 13\n", "\n", (1 + pidfile.LONGEST) * "1"])
def test_a_file_that_is_none_is_left_alone(path, text):
    path.parent.mkdir()
    path.write_text(text)
    assert taking(path) == f"100 unable to write {path}: it is no pid file"
    assert path.read_text() == text


def test_a_link_is_not_followed(path, tmp_path):
    path.parent.mkdir()
    path.symlink_to(tmp_path / "other")
    assert taking(path) == f"111 unable to open {path}: symbolic link loop"
    assert not (tmp_path / "other").exists()


def test_places_where_it_cannot_be(tmp_path):
    (tmp_path / "file").touch()
    assert taking(tmp_path) == f"111 unable to open {tmp_path}: is a directory"
    below = tmp_path / "file/pid"
    assert taking(below) == f"111 unable to open {below}: not a directory"
    lost = tmp_path / "a/b/pid"
    assert taking(lost) == f"111 unable to create {lost.parent}: file does not exist"
    with pytest.raises(errors.Failure, match=f"unable to open {below}: not a directory"):
        PidFile(str(below)).holder()
    os.mkfifo(tmp_path / "fifo")
    assert (
        taking(tmp_path / "fifo") == f"111 unable to write {tmp_path}/fifo: unseekable descriptor"
    )
