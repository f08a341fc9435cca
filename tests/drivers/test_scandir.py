from __future__ import annotations

import errno
import os
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from supervise.drivers import clock, scandir, watch
from supervise.drivers.scandir import Named, ScanDirectory, Unnamed
from supervise.machines.scaneffects import Identity


@pytest.fixture
def scan(tmp_path, monkeypatch):
    (tmp_path / "scan").mkdir()
    monkeypatch.chdir(tmp_path / "scan")
    made = ScanDirectory("svscan")
    made.watch.changes()
    yield made
    made.watch.close()


def identity(path: str) -> Identity:
    about = os.stat(path)
    return Identity(about.st_dev, about.st_ino)


def look_first(scan: ScanDirectory) -> list[scandir.Sighting]:
    """Everything that is there; what was made until now is no change."""
    scan.watch.changes()
    return scan.look_at_everything()


def warnings(capfd) -> list[str]:
    return [line.removeprefix("svscan: warning: ") for line in capfd.readouterr().err.splitlines()]


def test_directories_and_links_to_them(scan, tmp_path):
    os.makedirs("a/log")
    os.mkdir("b")
    os.mkdir(".hidden")
    open("file", "w").close()
    (tmp_path / "sv").mkdir()
    os.symlink("../sv", "c")
    sightings = look_first(scan)
    expected = [Named(identity(name), name == "a") for name in os.listdir(".") if name in "abc"]
    assert sightings == expected
    assert scan.look_again is None
    assert [scan.name_of(identity(name)) for name in "abc"] == ["a", "b", "c"]
    assert scan.name_of(Identity(0, 0)) is None


def test_a_rename_is_no_disappearance(scan):
    os.mkdir("a")
    look_first(scan)
    os.rename("a", "b")
    assert scan.look_at_changes() == [Named(identity("b"), False)]
    os.mkdir("b/log")
    assert scan.look_at_changes() == [Named(identity("b"), True)]


def test_one_name_of_two_is_gone(scan, tmp_path):
    (tmp_path / "sv").mkdir()
    os.symlink("../sv", "a")
    os.symlink("../sv", "b")
    look_first(scan)
    os.unlink("a")
    assert scan.look_at_changes() == []
    assert scan.name_of(identity("../sv")) == "b"
    (tmp_path / "sv/log").mkdir()
    assert scan.look_at_changes() == [Named(identity("../sv"), True)]
    os.unlink("b")
    assert scan.look_at_changes() == [Unnamed(identity("../sv"))]


def test_another_directory_under_the_same_name(scan):
    os.mkdir("a")
    old = identity("a")
    look_first(scan)
    os.rename("a", ".old")
    os.mkdir("a")
    assert scan.look_at_changes() == [Named(identity("a"), False), Unnamed(old)]


def test_a_link_that_dangles_and_its_target_that_comes_and_goes(scan, tmp_path, capfd):
    os.symlink("../sv", "a")
    assert look_first(scan) == []
    assert scan.look_again is not None
    assert scan.look_at_everything() == []
    assert warnings(capfd) == ["unable to stat a: file does not exist"]
    (tmp_path / "sv").mkdir()
    known = identity("../sv")
    assert scan.look_at_changes() == [Named(known, False)]
    assert scan.look_again is None
    (tmp_path / "sv").rmdir()
    assert scan.look_at_changes() == [Unnamed(known)]
    assert warnings(capfd) == ["unable to stat a: file does not exist"]
    os.unlink("a")
    assert scan.look_at_changes() == []
    assert (scan.look_again, scan.troubled, scan.watch.dependents) == (None, {}, {})


def test_a_link_to_itself(scan, capfd):
    os.symlink("a", "a")
    assert look_first(scan) == []
    assert warnings(capfd) == ["unable to stat a: symbolic link loop"]


def test_a_log_that_cannot_be_looked_at(scan, capfd):
    """A new service waits until it is known whether it has a log; a known one goes on."""
    os.mkdir("a")
    os.mkdir("b")
    look_first(scan)
    os.symlink("log", "a/log")
    assert scan.look_at_changes() == [Named(identity("a"), False)]
    os.mkdir("c")
    os.symlink("log", "c/log")
    assert scan.look_at(["c"]) == []
    assert warnings(capfd) == [
        "unable to stat a/log: symbolic link loop",
        "unable to stat c/log: symbolic link loop",
    ]
    os.unlink("c/log")
    assert Named(identity("c"), False) in scan.look_at_everything()


def test_a_log_that_is_a_file(scan, capfd):
    os.mkdir("a")
    open("a/log", "w").close()
    for _ in range(3):
        assert look_first(scan) == [Named(identity("a"), False)]
    assert warnings(capfd) == ["unable to start a/log: not a directory"]
    os.unlink("a/log")
    os.mkdir("a/log")
    assert scan.look_at_changes() == [Named(identity("a"), True)]
    assert scan.troubled == {}


def test_a_name_with_a_log_that_is_a_file_goes(scan):
    os.mkdir("a")
    open("a/log", "w").close()
    look_first(scan)
    known = identity("a")
    os.mkdir("b")
    shutil.rmtree("a")
    assert scan.look_at_everything() == [Named(identity("b"), False), Unnamed(known)]
    assert (scan.troubled, scan.look_again) == ({}, None)


def test_a_directory_that_cannot_be_read(scan, monkeypatch, capfd):
    os.mkdir("a")
    look_first(scan)

    def refuse(path: str) -> list[str]:
        raise PermissionError(errno.EACCES, "x")

    with monkeypatch.context() as patch:
        patch.setattr(scandir.os, "listdir", refuse)
        for _ in range(2):
            assert scan.look_at_everything() == [Named(identity("a"), False)]
        assert scan.look_again - clock.now().monotonic > scandir.LOOK_SOON, "longer each time"
        for _ in range(4):
            scan.look_at_everything()
        assert scan.look_again - clock.now().monotonic <= scandir.LOOK_AGAIN
    assert warnings(capfd) == ["unable to read directory: access denied"]
    assert scan.look_again is not None
    scan.look_at_everything()
    assert (scan.look_again, scan.pause) == (None, scandir.LOOK_SOON)


def test_a_look_that_is_planned_is_not_put_off_by_changes(scan, monkeypatch):
    look_first(scan)
    os.mkdir("a")

    def refuse(path: str) -> os.stat_result:
        raise OSError(errno.EIO, "x")

    with monkeypatch.context() as patch:
        patch.setattr(scandir.os, "stat", refuse)
        assert scan.look_at_changes() == []
    planned = scan.look_again
    assert planned is not None
    os.mkdir("b")
    assert scan.look_at_changes() == [Named(identity("b"), False)]
    assert scan.look_again == planned
    assert Named(identity("a"), False) in scan.look_at_everything()
    assert scan.look_again is None


def test_a_directory_that_is_deleted(scan, tmp_path, capfd):
    os.mkdir("a")
    look_first(scan)
    known = identity("a")
    shutil.rmtree(tmp_path / "scan")
    assert scan.look_at_changes() == [Unnamed(known)]
    assert len(warnings(capfd)) <= 1


def test_a_look_that_is_due_is_not_lost_over_a_change(scan):
    os.mkdir("a")
    look_first(scan)
    os.mkdir("b")
    scan.look_soon()
    assert len(scan.look_at_changes()) == 2
    assert not scan.is_due()


def test_changes_that_were_read_before_it_failed_are_not_lost(scan, monkeypatch):
    os.mkdir("a")
    answers = [os.read, trouble]
    with monkeypatch.context() as patch:
        patch.setattr(watch.os, "read", lambda fd, size: answers.pop(0)(fd, size))
        with pytest.raises(OSError, match="made up"):
            scan.look_at_changes()
    assert scan.is_due(), "without another event"
    assert scan.look_at_everything() == [Named(identity("a"), False)]


def trouble(descriptor: int, size: int) -> bytes:
    raise OSError(errno.ENOMEM, "made up")


NAMES = ("a", "b", "../out", "../elsewhere")
STEPS = st.sampled_from(
    [("mkdir", name) for name in NAMES]
    + [("rmdir", name) for name in NAMES]
    + [("link", target, name) for target in NAMES[2:] for name in NAMES if target != name]
    + [("unlink", name) for name in NAMES]
    + [("log", name) for name in NAMES]
    + [("move", one, other) for one in NAMES for other in NAMES if one != other]
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, min_size=1, max_size=12))
def test_changes_tell_all_that_a_full_look_would(tmp_path_factory, monkeypatch, steps):
    """Whatever is made, linked, moved and removed, here and elsewhere: nothing is missed."""
    folder = tmp_path_factory.mktemp("folder")
    (folder / "scan").mkdir()
    monkeypatch.chdir(folder / "scan")
    monkeypatch.setattr(scandir.errors, "warn", lambda program, text: None)
    scan = ScanDirectory("svscan")
    look_first(scan)
    seen: dict[Identity, bool] = {}
    for step in steps:
        apply(*step)
        learn(seen, scan.look_at_changes())
        assert seen == present()
        assert {*scan.names} == {name for name in "ab" if os.path.isdir(name)}
    scan.watch.close()
    monkeypatch.undo()


def apply(what: str, first: str, second: str = "") -> None:
    """Do it, where it can be done."""
    try:
        if what == "mkdir":
            os.mkdir(first)
        elif what == "rmdir":
            shutil.rmtree(first)
        elif what == "link":
            os.symlink(os.path.basename(first) if second.startswith("..") else first, second)
        elif what == "unlink":
            os.unlink(first)
        elif what == "log":
            os.mkdir(f"{first}/log")
        else:
            os.rename(first, second)
    except OSError:
        pass  # not from this state


def learn(seen: dict[Identity, bool], sightings: list[scandir.Sighting]) -> None:
    """What svscan's machine keeps of it: a log once seen stays."""
    for sighting in sightings:
        if isinstance(sighting, Named):
            seen[sighting.identity] = seen.get(sighting.identity, False) or sighting.has_log
        else:
            del seen[sighting.identity]


def present() -> dict[Identity, bool]:
    return {
        identity(name): os.path.isdir(f"{name}/log") for name in ("a", "b") if os.path.isdir(name)
    }
