"""Old logs: their labels, one that cannot be made, and how many stay."""

from __future__ import annotations

import errno
import os
import signal

import pytest

from supervise.drivers import clock
from supervise.drivers.archive import SAFE, UNFINISHED, Archive
from supervise.drivers.fulldisk import Persistence
from supervise.drivers.orders import Stopped
from supervise.formats import tai64
from supervise.machines.moment import Moment

TEN_YEARS = 10 * 365 * 86400 * 10**9


@pytest.fixture
def archive(orders):
    return Archive("log", 4, Persistence("log", orders))


@pytest.fixture
def set_clock(monkeypatch):
    def set_to(unix: int) -> None:
        monkeypatch.setattr(clock, "now", lambda: Moment(0.0, tai64.from_unix(unix)))

    return set_to


def put(archive: Archive, text: str, code: str = SAFE) -> None:
    with open("previous", "w") as file:
        file.write(text)
    archive.add("previous", code)


def kept() -> list[str]:
    """The contents of the old logs, in the order of their names."""
    found = []
    for name in sorted(name for name in os.listdir() if name.startswith("@")):
        with open(name) as file:
            found.append(file.read())
    return found


def test_a_file_gets_the_label_of_now_and_its_code(archive, set_clock):
    set_clock(935467445_787492000)
    put(archive, "one", UNFINISHED)
    assert os.listdir() == ["@4000000037c219bf2ef02e94.u"]
    assert os.stat("@4000000037c219bf2ef02e94.u").st_nlink == 1


def test_what_is_not_there_is_neither_labelled_nor_a_reason_to_trim(archive):
    for number in range(6):
        open(f"@{number:024}.s", "w").close()
    archive.add("previous", SAFE)
    assert len(os.listdir()) == 6


def test_a_file_that_has_its_label_already_is_only_removed(archive):
    with open("previous", "w") as file:
        file.write("one")
    os.link("previous", "@" + "0" * 24 + ".s")
    archive.add("previous", SAFE)
    assert os.listdir() == ["@" + "0" * 24 + ".s"]


def test_one_fewer_than_the_number_stay_and_other_files_too(archive):
    open("state", "w").close()
    for text in "abcde":
        put(archive, text)
    assert kept() == ["c", "d", "e"]
    assert "state" in os.listdir()


@pytest.mark.parametrize("step", [-TEN_YEARS, -1, 0])
def test_a_clock_that_goes_back_does_not_change_the_order(archive, set_clock, step):
    for number, text in enumerate("abcde"):
        set_clock(2 * 10**18 + number * step)
        put(archive, text)
    assert kept() == ["c", "d", "e"]


def test_a_clock_that_was_ahead_in_an_earlier_run_does_not_cost_the_newest_log(orders, set_clock):
    """A machine without a battery for its clock starts in the past, too: the log that a crash left
    would be the oldest by its label, and removed as soon as it is labelled."""
    set_clock(2 * 10**18 + TEN_YEARS)
    for text in "abc":
        put(Archive("log", 4, orders), text)
    set_clock(2 * 10**18)
    put(Archive("log", 4, orders), "crashed", UNFINISHED)
    assert kept() == ["b", "c", "crashed"]


def test_names_that_no_clock_can_give_are_not_followed(archive, set_clock):
    set_clock(935467445_787492000)
    for name in ("@" + "f" * 24 + ".s", "@" + "z" * 30, "@8000000000000000" + "0" * 8 + ".s"):
        open(name, "w").close()
    put(archive, "one")
    assert "@4000000037c219bf2ef02e94.s" not in os.listdir()  # the smallest of four goes first
    assert len(os.listdir()) == 3


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK])
def test_a_file_system_without_links_gets_a_rename(archive, failing, capfd, number):
    failing("link", 1, number)
    put(archive, "one")
    assert (kept(), os.path.exists("previous")) == (["one"], False)
    assert capfd.readouterr().err == ""


def test_a_rename_for_a_link_clobbers_nothing(archive, set_clock, failing):
    set_clock(935467445_787492000)
    archive.label()  # so that the directory is not looked at again
    archive.labels.last = None
    with open("@4000000037c219bf2ef02e94.s", "w") as file:
        file.write("first")
    failing("link", 1, errno.EPERM)
    put(archive, "second")
    assert kept() == ["first", "second"]


def test_other_trouble_with_a_link_is_told_and_tried_again_under_a_new_label(
    archive, failing, capfd
):
    failing("link", 2, errno.ENOSPC)
    put(archive, "one")
    told = capfd.readouterr().err.splitlines()
    assert len(set(told)) == len(told) == 2
    for line in told:
        assert line.startswith("multilog: warning: unable to link to log/@4")
        assert line.endswith(".s, pausing: out of disk space")
    assert kept() == ["one"]


def test_a_label_that_is_taken_costs_no_pause(archive, failing, capfd):
    failing("link", 3, errno.EEXIST)
    put(archive, "one")
    assert capfd.readouterr().err == ""
    assert kept() == ["one"]


def test_told_to_stop_in_trouble_the_file_stays(archive, failing):
    failing("link", 1, errno.ENOSPC, stop=True)
    with pytest.raises(Stopped):
        put(archive, "one")
    assert os.listdir() == ["previous"]


def test_an_old_log_that_cannot_be_removed_is_left(archive, capfd):
    stuck = "@" + "0" * 24 + ".s"
    os.mkdir(stuck)
    for text in "abcd":
        put(archive, text)
    warning = f"multilog: warning: unable to remove log/{stuck}: is a directory\n"
    assert capfd.readouterr().err == warning * 2
    os.rmdir(stuck)
    assert kept() == ["b", "c", "d"]


def test_an_old_log_that_somebody_else_removes_first_is_no_trouble(archive, failing, capfd):
    for text in "abc":
        put(archive, text)
    with open("previous", "w"):
        pass
    archive.link("previous", SAFE)
    failing("unlink", 1, errno.ENOENT)
    archive.trim(told=False)
    assert capfd.readouterr().err == ""


def test_thousands_of_old_logs_go_at_once(archive):
    for number in range(3000):
        open(f"@{number:024x}.s", "w").close()
    put(archive, "new")
    assert sorted(os.listdir())[:2] == [f"@{number:024x}.s" for number in (2998, 2999)]
    assert len(os.listdir()) == 3


def test_a_signal_between_attempts_is_kept_for_later(archive, failing, orders):
    """ALRM during a pause neither ends it nor is lost."""
    failing("link", 1, errno.EIO)
    os.kill(os.getpid(), signal.SIGALRM)
    put(archive, "one")
    orders.look()
    assert (kept(), orders.rotate) == (["one"], True)


@pytest.mark.parametrize(("code", "oldest"), [(UNFINISHED, "s"), (UNFINISHED, "u"), (SAFE, "s")])
def test_a_whole_log_that_goes_for_a_piece_of_one_is_told_of(archive, capfd, code, oldest):
    for number in range(3):
        open(f"@{number:024}.{oldest}", "w").close()
    put(archive, "new", code)
    gone = "multilog: warning: removing log/@" + "0" * 24 + ".s to keep what was left unfinished\n"
    assert capfd.readouterr().err == (gone if (code, oldest) == (UNFINISHED, "s") else "")
    assert len(kept()) == 3
