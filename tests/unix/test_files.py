from __future__ import annotations

import os
import stat

import pytest

from supervise.unix import descriptors, files


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = os.umask(0o022)
    yield
    os.umask(before)


def written(descriptor: int, block: bytes) -> None:
    files.write_all(descriptor, block)
    os.close(descriptor)


def mode(path: str) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def test_reading_opens_what_is_there():
    with pytest.raises(FileNotFoundError):
        files.open_read("a")
    written(files.open_trunc("a"), b"text")
    descriptor = files.open_read("a")
    assert os.read(descriptor, 10) == b"text"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.write(descriptor, b"x")
    os.close(descriptor)


def test_reading_a_fifo_does_not_wait_for_a_writer():
    os.mkfifo("fifo")
    descriptor = files.open_read("fifo")
    assert os.read(descriptor, 10) == b""
    os.close(descriptor)


def test_writing_neither_creates_nor_truncates():
    with pytest.raises(FileNotFoundError):
        files.open_write("a")
    written(files.open_trunc("a"), b"text")
    written(files.open_write("a"), b"b")
    assert files.read_whole("a") == b"bext"


def test_writing_a_fifo_that_nobody_reads_is_enxio():
    os.mkfifo("fifo")
    with pytest.raises(OSError, match="No such device or address"):
        files.open_write("fifo")
    reader = files.open_read("fifo")
    written(files.open_write("fifo"), b"u")
    assert os.read(reader, 10) == b"u"
    os.close(reader)


def test_appending_creates_0600():
    written(files.open_append("a"), b"one")
    written(files.open_append("a"), b"two")
    assert files.read_whole("a") == b"onetwo"
    assert mode("a") == 0o600


def test_truncating_creates_0644():
    written(files.open_trunc("a"), b"long")
    written(files.open_trunc("a"), b"s")
    assert files.read_whole("a") == b"s"
    assert mode("a") == 0o644


def test_the_umask_takes_away():
    os.umask(0o077)
    os.close(files.open_trunc("a"))
    os.close(files.open_append("b", 0o666))
    assert (mode("a"), mode("b")) == (0o600, 0o600)


@pytest.mark.parametrize("way", [files.open_read, files.open_write, files.open_append])
def test_every_way_is_non_blocking_and_closed_on_exec(way):
    os.close(files.open_trunc("a"))
    descriptor = way("a")
    assert not os.get_blocking(descriptor)
    assert not descriptors.survives_exec(descriptor)
    os.close(descriptor)


def test_the_head_of_a_file():
    written(files.open_trunc("a"), b"0123456789")
    assert files.read_head("a", 4) == b"0123"
    assert files.read_head("a", 10) == files.read_head("a", 11) == b"0123456789"


def test_the_head_of_a_directory_is_trouble_and_leaves_nothing_open():
    before = descriptors.above_standard()
    with pytest.raises(IsADirectoryError):
        files.read_head(".", 10)
    assert descriptors.above_standard() == before


def test_a_file_of_many_blocks():
    content = bytes(range(256)) * 1000
    written(files.open_trunc("a"), content)
    assert files.read_whole("a") == content
    assert files.read_head("a", 200_000) == content[:200_000]


def test_writing_all_of_more_than_a_pipe_holds():
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with pytest.raises(BlockingIOError):
        files.write_all(writing, bytes(1_000_000))
    assert len(os.read(reading, 1_000_000)) >= 4096
    os.close(reading)
    os.close(writing)


def test_existence_follows_links_and_trouble_is_not_absence():
    assert files.exists(".")
    assert not files.exists("a")
    os.symlink("nowhere", "dangling")
    assert not files.exists("dangling")
    os.symlink("loop", "loop")
    with pytest.raises(OSError, match="symbolic links"):
        files.exists("loop")
    os.close(files.open_trunc("a"))
    with pytest.raises(NotADirectoryError):
        files.exists("a/b")


def test_a_fifo_is_made_0600_and_one_that_is_there_keeps_its_mode():
    files.make_fifo("fifo")
    assert stat.S_ISFIFO(os.stat("fifo").st_mode)
    assert mode("fifo") == 0o600
    os.chmod("fifo", 0o620)
    files.make_fifo("fifo")
    assert mode("fifo") == 0o620
    files.make_fifo("nowhere/fifo")
    assert os.listdir(".") == ["fifo"]
