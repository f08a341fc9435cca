"""supervise beside the original: how it starts, what it leaves, what the child sees."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import differences, sidebyside, trees
from tests.support.patience import eventually
from tests.support.processes import finish, module

pytestmark = sidebyside.needs("supervise")

THEIRS = ["/usr/bin/supervise"]
OURS = module("supervise")
BOTH = pytest.mark.parametrize("supervise", [THEIRS, OURS], ids=["theirs", "ours"])


# Start-up


def cannot_enter(path: Path) -> None:
    path.rmdir()


def cannot_stat_down(path: Path) -> None:
    (path / "down").symlink_to("down")


def state_is_a_file(path: Path) -> None:
    (path / "supervise").touch()


def state_is_a_link_loop(path: Path) -> None:
    (path / "supervise").symlink_to("supervise")


def state_dangles_too_deep(path: Path) -> None:
    (path / "supervise").symlink_to("missing/parent")


def lock_is_a_directory(path: Path) -> None:
    (path / "supervise/lock").mkdir(parents=True)


def control_is_a_link_loop(path: Path) -> None:
    (path / "supervise").mkdir()
    (path / "supervise/control").symlink_to("control")


def control_is_a_directory(path: Path) -> None:
    (path / "supervise/control").mkdir(parents=True)


def ok_dangles(path: Path) -> None:
    (path / "supervise").mkdir()
    (path / "supervise/ok").symlink_to("missing/ok")


@pytest.mark.parametrize(
    "spoil",
    [
        cannot_enter,
        cannot_stat_down,
        state_is_a_file,
        state_is_a_link_loop,
        state_dangles_too_deep,
        lock_is_a_directory,
        control_is_a_link_loop,
        control_is_a_directory,
        ok_dangles,
    ],
)
def test_start_up_failures(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    results = []
    for supervise in (THEIRS, OURS):
        folder = sidebyside.empty(tmp_path / "folder")
        (folder / "sv").mkdir()
        spoil(folder / "sv")
        results.append(finish([*supervise, "sv"], cwd=folder))
    assert results[0] == results[1]
    assert results[0].code == 111


@pytest.mark.parametrize("argv", [[], ["a", "b"], [""], ["missing/"], ["-x"], ["--", "a"]])
def test_wrong_calls(tmp_path: Path, argv: list[str]) -> None:
    ours = finish([*OURS, *argv], cwd=tmp_path)
    assert ours == finish([*THEIRS, *argv], cwd=tmp_path)


@BOTH
@pytest.mark.parametrize("second", [THEIRS, OURS], ids=["theirs", "ours"])
def test_one_supervise_keeps_the_other_out(tmp_path, background, supervise, second):
    service = start(background, supervise, tmp_path, down=True)
    done = finish([*second, "sv"], cwd=service.parent)
    assert done == (
        111,
        b"",
        b"supervise: fatal: unable to acquire sv/supervise/lock: temporary failure\n",
    )


SPOILT = ("missing", "not executable", "directory", "no first line", "odd")


def test_what_cannot_be_started(tmp_path, background):
    said = {}
    for folder, supervise in ((tmp_path / "theirs", THEIRS), (tmp_path / "ours", OURS)):
        for run in SPOILT:
            service = trees.make_service(folder / run / "sv", run=None)
            spoil_run(service / "run", run)
            with (folder / run / "errors").open("wb") as errors:
                background.start([*supervise, "sv"], cwd=folder / run, stderr=errors)
        for run in SPOILT:
            errors = folder / run / "errors"
            said[folder.name, run] = eventually(lambda e=errors: e.read_bytes().splitlines()[:1])
            trees.control(folder / run / "sv", b"dx")
    for run in SPOILT:
        assert said["ours", run] == said["theirs", run]
        assert said["ours", run][0].startswith(b"supervise: fatal: unable to start sv/run: ")
    assert [process.wait() for process in background.started] == [0] * len(said)


def spoil_run(path: Path, how: str) -> None:
    if how == "directory":
        path.mkdir()
    elif how == "no first line":
        trees.write_script(path, "exec sleep 10000", first_line="")
    elif how == "odd":
        trees.write_script(path, "", first_line="#!/missing/interpreter\n")
    elif how == "not executable":
        path.write_text("#!/bin/sh\n")
        path.chmod(0o644)


def start(background, supervise, folder, run=trees.SLEEP, **more) -> Path:
    """A service of its own under that supervise, once it answers."""
    service = trees.make_service(folder / "sv", run, **more)
    background.start([*supervise, "sv"], cwd=folder)
    eventually(lambda: trees.is_supervised(service))
    return service


# Files and what the child sees


def test_files_and_modes(tmp_path, background):
    listings = []
    for supervise in (THEIRS, OURS):
        folder = sidebyside.empty(tmp_path / "folder")
        service = start(background, supervise, folder, down=True)
        files = {
            path.name: oct(path.stat().st_mode)
            for path in [service / "supervise", *(service / "supervise").iterdir()]
        }
        listings.append(files)
        trees.control(service, b"x")
        background.started[-1].wait()
        assert len((service / "supervise/status").read_bytes()) == 18
    differences.stand_by("supervise: `supervise/child`")
    assert listings[1].pop("child") == oct(stat.S_IFREG | 0o600)
    assert listings[0] == listings[1]
    assert set(listings[0]) == {"supervise", "lock", "control", "ok", "status"}


def test_a_dangling_state_directory_is_made(tmp_path, background):
    for supervise in (THEIRS, OURS):
        folder = sidebyside.empty(tmp_path / "folder")
        service = trees.make_service(folder / "sv", down=True)
        (service / "supervise").symlink_to("../state")
        background.start([*supervise, "sv"], cwd=folder)
        eventually(lambda service=service: trees.is_supervised(service))
        assert stat.S_IMODE((folder / "state").stat().st_mode) == 0o700
        trees.control(service, b"x")
        background.started[-1].wait()


VIEW = """\
ls -l /proc/$$/fd >descriptors # no pipe, whose ends the shell would have too for a moment
{ pwd; umask; env | sort; sed 's/.* \\([0-9]* ->\\)/\\1/' descriptors
grep -E 'Sig(Blk|Ign)|NoNewPrivs' /proc/self/status; ulimit -a; } >view.new
mv view.new view
exec sleep 10000"""


def test_what_the_child_sees(tmp_path, background):
    views = []
    for supervise in (THEIRS, OURS):
        folder = sidebyside.empty(tmp_path / "folder")
        service = trees.make_service(folder / "sv", VIEW)
        outputs = [(folder / name).open("wb") for name in ("stdout", "stderr")]
        read_end, write_end = os.pipe()
        background.start(
            [*supervise, "sv"],
            cwd=folder,
            env={**sidebyside.BASE, "PWD": "/stale", "MINE": "one"},
            stdin=read_end,
            stdout=outputs[0],
            stderr=outputs[1],
            pass_fds=[write_end],
            umask=0o027,
            preexec_fn=lambda: signal.signal(signal.SIGUSR1, signal.SIG_IGN),
        )
        os.close(read_end)
        os.close(write_end)
        eventually((service / "view").exists)
        views.append(comparable((service / "view").read_text()))
        trees.control(service, b"dx")
        assert background.started[-1].wait() == 0
        for output in outputs:
            output.close()
    assert views[0] == views[1]


def comparable(view: str) -> list[str]:
    """Without what differs from one run to the next."""
    return [line.partition("pipe:")[0] for line in view.splitlines()]
