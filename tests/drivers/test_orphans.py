from __future__ import annotations

import errno
import os
import signal

import pytest

from supervise.drivers.adoption import Record
from supervise.drivers.child import Orphan
from supervise.drivers.orphans import NOBODY, Orphans
from supervise.formats.adoption import Memory
from supervise.formats.status import DOWN, UP, Status
from supervise.formats.tai64 import EPOCH, Tai64n
from supervise.machines.scaneffects import Identity
from supervise.unix import descriptors, processes

OWNER = Identity(1, 2), "main"


def sleep() -> int:
    signal.pause()
    return 0


@pytest.fixture
def left(tmp_path, monkeypatch):
    """Have a supervise leave something, as if it had been killed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sv/supervise").mkdir(parents=True)

    def leave(pid: int | None, want: bytes = UP) -> None:
        os.chdir("sv")
        record = Record("sv")
        record.keep(Memory(Status(Tai64n(EPOCH, 0), pid, False, want), 0.0, False, False))
        os.close(record.descriptor)
        os.chdir("..")

    before = descriptors.above_standard()
    yield leave
    assert descriptors.above_standard() == before


@pytest.fixture
def child():
    """A child of ours; what is not collected by the test is afterwards."""
    pid = processes.fork(sleep)
    yield pid
    try:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except ProcessLookupError:
        pass


def end(pid: int) -> int:
    os.kill(pid, signal.SIGTERM)
    return os.waitpid(pid, 0)[1]


def test_a_child_that_is_ours_is_expected_to_end(left, child):
    left(child)
    orphans = Orphans()
    assert orphans.look(OWNER, "sv", {})
    pid, pidfd, expected, status, *_ = orphans.left[OWNER]
    assert (pid, expected, status) == (child, True, None)
    assert pidfd is not None
    orphans.taken(OWNER)
    assert orphans.ended(child, end(child)) == OWNER
    assert orphans.ended(child, 0) is None, "said once"


def test_an_end_before_the_next_supervise_is_kept_for_it(left, child):
    left(child)
    orphans = Orphans()
    orphans.look(OWNER, "sv", {})
    assert orphans.ended(child, end(child)) is None
    assert orphans.left[OWNER] == Orphan(child, None, False, signal.SIGTERM)
    orphans.taken(OWNER)


def test_a_child_that_ended_with_its_supervise(left, child):
    left(child)
    orphans = Orphans()
    strays = {child: end(child), 99999999: 0}
    assert orphans.look(OWNER, "sv", strays)
    assert orphans.left[OWNER] == Orphan(child, None, False, signal.SIGTERM)
    assert strays == {99999999: 0}
    orphans.forget(OWNER)


def test_a_child_of_somebody_else_is_not_expected(left):
    left(os.getpid())
    orphans = Orphans()
    assert orphans.look(OWNER, "sv", {})
    assert not orphans.left[OWNER].expected
    assert orphans.owners == {}
    orphans.forget(OWNER)


@pytest.mark.parametrize(("want", "more"), [(UP, True), (DOWN, False)])
def test_without_a_child_there_is_more_to_do_only_where_it_was_wanted(left, want, more):
    left(None, want)
    orphans = Orphans()
    assert orphans.look(OWNER, "sv", {}) == more
    assert orphans.left[OWNER] == NOBODY
    orphans.taken(OWNER)


def test_nothing_is_known_where_nothing_was_kept_or_the_name_is_gone(left):
    orphans = Orphans()
    for path in ("sv", "missing", None):
        assert not orphans.look(OWNER, path, {})
        assert orphans.left[OWNER] == NOBODY


@pytest.mark.parametrize("place", ["pidfd_open", "pread"])
def test_what_cannot_be_looked_at_is_looked_for_by_the_next_one(
    left, child, monkeypatch, capfd, place
):
    left(child)

    def refuse(*_: object) -> int:
        raise OSError(errno.ENOMEM, "x")

    monkeypatch.setattr(os, place, refuse)
    orphans = Orphans()
    assert orphans.look(OWNER, "sv", {}), "there may be somebody"
    assert orphans.left[OWNER] == NOBODY
    warning = "svscan: warning: unable to look at what supervise sv has left: out of memory\n"
    assert capfd.readouterr().err == warning


def test_groups_are_added_to_what_is_left(left, child):
    left(child)
    orphans = Orphans()
    orphans.add_groups(OWNER, (4711,))
    assert orphans.left == {}, "nothing is"
    assert orphans.look(OWNER, "sv", {})
    orphans.add_groups(OWNER, (4711,))
    assert orphans.left[OWNER].groups == (4711,)
    orphans.forget(OWNER)
