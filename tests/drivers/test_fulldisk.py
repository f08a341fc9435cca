"""What follows when something cannot be written, by the choice of the directory."""

from __future__ import annotations

import errno
import os

import pytest

from supervise.drivers.fulldisk import KINDS, Dropped
from supervise.drivers.orders import Stopped

OLD = ["@" + f"{number:024}" + ".s" for number in range(3)]


@pytest.fixture
def make(orders, tmp_path):
    opened = []

    def make_persistence(full):
        persistence = KINDS[full]("log", orders)
        opened.append(os.open(".", os.O_RDONLY))
        persistence.directory = opened[-1]
        return persistence

    yield make_persistence
    for descriptor in opened:
        os.close(descriptor)


def failing(*numbers: int):
    """A step that fails so often, and then can be done."""
    left = list(numbers)

    def step() -> str:
        if left:
            raise OSError(left.pop(0), "made up")
        return "done"

    return step


def test_to_block_is_to_try_again(make, capfd):
    assert make("block").insist("do it", failing(errno.ENOSPC, errno.EIO)) == "done"
    assert capfd.readouterr().err == (
        "multilog: warning: unable to do it, pausing: out of disk space\n"
        "multilog: warning: unable to do it, pausing: input/output error\n"
    )


def make_old_logs():
    for name in OLD:
        open(name, "w").close()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_the_oldest_logs_go_until_there_is_room(make, capfd, number):
    make_old_logs()
    assert make("delete").insist("do it", failing(number, number)) == "done"
    assert sorted(os.listdir()) == OLD[2:]
    reason = {errno.ENOSPC: "out of disk space", errno.EDQUOT: "disk quota exceeded"}[number]
    assert capfd.readouterr().err == "".join(
        f"multilog: warning: unable to do it, removing log/{name}: {reason}\n" for name in OLD[:2]
    )


def test_without_old_logs_there_is_a_pause(make, capfd):
    assert make("delete").insist("do it", failing(errno.ENOSPC)) == "done"
    assert "pausing" in capfd.readouterr().err


def test_other_trouble_costs_no_log(make, capfd):
    make_old_logs()
    assert make("delete").insist("do it", failing(errno.EIO)) == "done"
    assert sorted(os.listdir()) == OLD
    assert "pausing: input/output error" in capfd.readouterr().err


def test_a_log_that_cannot_be_removed_is_waited_for(make, monkeypatch, capfd):
    make_old_logs()
    monkeypatch.setattr(os, "unlink", lambda *_, **__: failing(errno.EROFS)())
    assert make("delete").insist("do it", failing(errno.ENOSPC)) == "done"
    assert capfd.readouterr().err == (
        "multilog: warning: unable to do it, pausing: read-only file system\n"
    )


def test_what_is_dropped_is_told_once_until_it_can_be_done(make, capfd):
    persistence = make("drop")
    for _ in range(3):
        with pytest.raises(Dropped):
            persistence.insist("do it", failing(errno.ENOSPC))
        assert persistence.insist("do something else", failing()) == "done"
    told = "multilog: warning: unable to do it, dropping lines: out of disk space\n"
    assert capfd.readouterr().err == told
    assert persistence.insist("do it", failing()) == "done"
    with pytest.raises(Dropped):
        persistence.insist("do it", failing(errno.ENOSPC))
    assert capfd.readouterr().err == told


def test_nothing_is_waited_for_where_lines_may_be_dropped(make, orders):
    persistence = make("drop")
    with pytest.raises(Dropped):
        persistence.pause(1e9)
    orders.stop = True
    with pytest.raises(Stopped):
        persistence.pause(1e9)


@pytest.mark.parametrize("full", KINDS)
def test_until_the_directory_is_open_all_of_them_wait(make, full, capfd):
    make_old_logs()
    persistence = make(full)
    persistence.directory = None
    assert persistence.insist("do it", failing(errno.ENOSPC)) == "done"
    persistence.pause(0.0)
    assert sorted(os.listdir()) == OLD
    assert "pausing: out of disk space" in capfd.readouterr().err
