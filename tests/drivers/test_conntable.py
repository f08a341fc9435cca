from __future__ import annotations

import os
import resource
import signal

import pytest

from supervise.drivers.conntable import ConnTable
from supervise.formats.connlimits import Limit
from supervise.formats.connrow import ACCEPTED, ARRIVED, SERVED, Row
from supervise.unix import locks, processes
from tests.support.forks import in_a_fork

ONE, TWO = bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2])


@pytest.fixture
def table():
    table = ConnTable(200)
    yield table
    os.close(table.lock)
    table.memory.close()


def rows(table):
    return dict(table.connections())


def test_a_connection_from_its_start_to_its_end(table):
    place = table.take(ONE, 12.5)
    table.give(place, 4711)
    assert rows(table) == {4711: Row(ACCEPTED, 12.5, ONE)}
    assert place.enter(ARRIVED, TWO, []).refusal is None
    assert rows(table) == {4711: Row(ARRIVED, 12.5, TWO)}
    place.enter(SERVED, TWO, [], b"two.example.org")
    assert rows(table) == {4711: Row(SERVED, 12.5, TWO, b"two.example.org")}
    assert table.end(4711)
    assert rows(table) == {}


def test_a_connection_that_another_process_takes_on(table):
    table.give(table.take(ONE, 0), 4711)
    table.hand_on(4711, 4712)
    table.hand_on(4713, 4714)
    assert not table.end(4711)
    assert list(rows(table)) == [4712]
    assert table.end(4712)


def test_a_child_that_is_none_of_ours(table):
    table.give(table.take(ONE, 0), 4711)
    assert not table.end(4712)
    assert list(rows(table)) == [4711]


def test_rows_are_used_again(table):
    for pid in range(1000):
        place = table.take(ONE, 0)
        table.give(place, pid)
        assert table.end(pid)
    for _ in range(1000):
        table.take_back(table.take(ONE, 0))
    assert table.used == 1


def test_all_rows_of_a_table():
    table = ConnTable(3)
    for pid in range(3):
        place = table.take(ONE, 0)
        place.enter(SERVED, ONE, [], b"x" * 95)
        table.give(place, pid)
    assert list(rows(table).values()) == [Row(SERVED, 0, ONE, b"x" * 95)] * 3
    os.close(table.lock)


def test_who_is_counted(table):
    limit = [Limit("two", 2)]
    first, second, third, other = (table.take(ONE, 0) for _ in range(4))
    assert first.enter(ARRIVED, ONE, limit).concurrency == 1
    assert second.enter(ARRIVED, ONE, limit).concurrency == 2
    assert third.enter(ARRIVED, ONE, limit).refusal == ("two", 3, 2)
    assert other.enter(ARRIVED, TWO, limit).concurrency == 1
    assert second.enter(SERVED, ONE, limit).concurrency == 1  # only those who got so far
    first.leave()
    assert third.enter(ARRIVED, ONE, limit).refusal is None


def test_there_is_memory_where_there_may_be_no_files():
    def served():
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
        place = ConnTable(1000).take(ONE, 0)
        concurrency = place.enter(SERVED, ONE, [Limit("one", 1)]).concurrency
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))  # for our answer, which is a file
        return concurrency

    assert in_a_fork(served) == 1


def test_of_children_who_come_at_once_exactly_so_many_are_served(table):
    """Each enters as soon as all have begun, and stays until it is told to leave."""
    begin, told, leave = os.pipe(), os.pipe(), os.pipe()
    limits = [Limit("seven", 7), Limit("ten", 10, 24)]

    def child(place, ip):
        os.close(begin[1])
        os.close(leave[1])
        os.read(begin[0], 1)
        for stage in (ARRIVED, SERVED):
            refusal, concurrency = place.enter(stage, ip, limits if stage == SERVED else [])
        os.write(told[1], b"%c%c" % (refusal is None, concurrency))
        os.read(leave[0], 1)
        return 0

    pids = []
    for number in range(60):
        ip = ONE if number % 2 else TWO
        place = table.take(ip, 0)
        pids.append(processes.fork(lambda place=place, ip=ip: child(place, ip)))
        table.give(place, pids[-1])
    os.close(begin[1])
    answers = [tuple(os.read(told[0], 2)) for _ in pids]
    os.close(leave[1])
    served = [concurrency for admitted, concurrency in answers if admitted]
    assert len(served) == 10
    assert sum(row.stage == SERVED for row in rows(table).values()) == 10
    ones = [row.ip for row in rows(table).values() if row.stage == SERVED].count(ONE)
    assert sorted(served) == sorted([*range(1, ones + 1), *range(1, 10 - ones + 1)])
    for pid in pids:
        os.waitpid(pid, 0)
    for descriptor in (begin[0], *told, leave[0]):
        os.close(descriptor)


def test_a_child_that_is_killed_while_it_counts_stops_nobody(table):
    reading, writing = os.pipe()

    def child():
        with locks.records(table.lock):
            os.write(writing, b"1")
            signal.pause()
        return 0

    pid = processes.fork(child)
    assert os.read(reading, 1) == b"1"
    os.kill(pid, signal.SIGKILL)
    place = table.take(ONE, 0)
    assert place.enter(SERVED, ONE, [Limit("one", 1)]).refusal is None
    os.waitpid(pid, 0)
    os.close(reading)
    os.close(writing)
