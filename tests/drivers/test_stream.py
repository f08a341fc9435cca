"""A stream in the spool of a log directory. What becomes of it after a kill is in test_recovery."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from supervise.drivers.intake import open_directory
from supervise.drivers.orders import Orders
from supervise.drivers.stream import ENOUGH, Kept, Unkept
from supervise.formats.logscript import Directory
from supervise.formats.spool import Point
from supervise.unix import descriptors, files
from tests.support.forks import in_a_fork
from tests.support.pipes import full_pipe

POINT = Point(b"begun", False)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def with_stream(text, work):
    """What some work on a stream of that text answers, and the settled blocks of both records."""

    def run():
        descriptors.move(full_pipe(text), 0)
        orders, start = Orders(pause=0.01), files.open_read(".")
        directories = [
            open_directory(Directory((), path), start, orders, None) for path in (b"./a", b"./b")
        ]
        stream = Kept(directories, directories[0].spool)
        stream.begin(bytes(16), 0, Point())
        answer = work(stream)
        return answer, [each.block for each in directories]

    return in_a_fork(run)


def take(stream: Kept, size: int) -> bytes:
    block = stream.next(size, POINT)
    stream.position += len(block)
    return block


def test_it_comes_by_way_of_the_spool():
    answer, _ = with_stream(
        b"one two", lambda stream: (take(stream, 4), take(stream, 9), take(stream, 9))
    )
    assert answer == (b"one ", b"two", b"")
    assert Path("a/spool").read_bytes().endswith(b"one two")
    assert b"one two" not in Path("b/spool").read_bytes()


def test_it_is_forgotten_once_everybody_has_noted_it():
    answer, blocks = with_stream(
        b"one two", lambda stream: (take(stream, 9), stream.forget(POINT), stream.position)
    )
    assert answer == (b"one two", True, 0)
    assert [(block.at, block.until, block.before) for block in blocks] == [(0, 0, POINT)] * 2
    assert b"one two" not in Path("a/spool").read_bytes()


def test_it_is_not_forgotten_while_somebody_cannot_take_it():
    def work(stream):
        take(stream, 9)
        stream.directories[1].abandoned = True
        return stream.forget(POINT), stream.position

    assert with_stream(b"one two", work)[0] == (False, 7)
    assert Path("a/spool").read_bytes().endswith(b"one two")


def test_it_does_not_grow_for_ever_though_more_is_waiting():
    def work(stream):
        most = 0
        while take(stream, 65536):
            most = max(most, stream.position)
            stream.forget_much(POINT)
        return most

    assert ENOUGH <= with_stream(b"x" * 10**6, work)[0] < ENOUGH + 65536


def test_a_full_spool_is_begun_anew_before_anybody_waits():
    def work(stream):
        take(stream, 4)
        real, full = os.splice, [True]

        def splice(*arguments, **options):
            if full.pop() if full else False:
                raise OSError(28, "made up")
            return real(*arguments, **options)

        os.splice = splice
        return take(stream, 4), stream.position

    assert with_stream(b"one two", work)[0] == (b"two", 3)


def test_the_last_newline_is_put_there_too():
    answer, _ = with_stream(b"one", lambda stream: (take(stream, 9), stream.end_line()))
    assert answer == (b"one", b"\n")
    assert Path("a/spool").read_bytes().endswith(b"one\n")


def test_without_a_log_directory_nothing_is_kept():
    def run():
        descriptors.move(full_pipe(b"one"), 0)
        stream = Unkept()
        return stream.next(2, POINT), stream.next(2, POINT), stream.next(2, POINT)

    assert in_a_fork(run) == (b"on", b"e", b"")
