from __future__ import annotations

import os

import pytest

from supervise.unix import readiness


@pytest.fixture
def ends():
    read_end, write_end = os.pipe()
    yield read_end, write_end
    for end in (read_end, write_end):
        try:
            os.close(end)
        except OSError:
            pass  # the test closed it


def test_an_empty_pipe_can_be_written_and_not_read(ends):
    read_end, write_end = ends
    assert readiness.wait([read_end], [write_end]) == (set(), {write_end})


def test_a_pipe_with_something_in_it_can_be_read(ends):
    os.write(ends[1], b"x")
    assert readiness.wait([ends[0]], []) == ({ends[0]}, set())


def test_the_end_of_a_pipe_is_something_to_read(ends):
    os.close(ends[1])
    assert readiness.wait([ends[0]], []) == ({ends[0]}, set())


def test_a_pipe_that_nobody_reads_is_for_its_writer_to_find_out(ends):
    os.close(ends[0])
    assert readiness.wait([], [ends[1]]) == (set(), {ends[1]})


def test_an_ordinary_file_is_always_ready(tmp_path):
    with open(tmp_path / "file", "w+b") as file:
        number = file.fileno()
        assert readiness.wait([number], [number]) == ({number}, {number})


def test_a_closed_descriptor_is_ready_to_say_so(ends):
    os.close(ends[0])
    assert readiness.wait([ends[0]], []) == ({ends[0]}, set())
    os.close(ends[1])
    assert readiness.wait([], [ends[1]]) == (set(), {ends[1]})


def test_a_deadline_that_has_passed(ends):
    assert readiness.wait([ends[0]], [], until=0.0) == (set(), set())


def test_a_watched_writer_is_ready_when_its_reader_is_gone(ends):
    read_end, write_end = ends
    assert readiness.wait([], [], [write_end], 0.0) == (set(), set())
    os.close(read_end)
    assert readiness.wait([], [], [write_end]) == (set(), {write_end})
