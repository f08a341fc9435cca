from __future__ import annotations

import os

import pytest

from supervise.commands import svscan
from tests.support import processes


def test_a_directory_that_is_not_there(run, tmp_path):
    done = run("svscan", "missing", cwd=tmp_path)
    assert done == (111, b"", b"svscan: fatal: unable to chdir to missing: file does not exist\n")


def test_a_directory_that_is_a_file(run, tmp_path):
    (tmp_path / "file").touch()
    done = run("svscan", "file", cwd=tmp_path)
    assert done == (111, b"", b"svscan: fatal: unable to chdir to file: not a directory\n")


def test_a_service_that_stops_everything(run, tmp_path):
    """The scan directory is the current one; svscan is the grandparent of the service."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a/run").write_text(
        "#!/bin/sh\n"
        "svscan=$(sed -n 's/^PPid:[^0-9]*//p' /proc/$PPID/status)\n"
        "echo stop; trap 'exit' TERM; kill $svscan; while :; do :; done\n"
    )
    (tmp_path / "a/run").chmod(0o755)
    assert run("svscan", cwd=tmp_path) == (0, b"stop\n", b"")


@pytest.fixture
def path(monkeypatch):
    """Set PATH, and look at what svscan makes of it."""

    def change(value: bytes | None) -> bytes:
        monkeypatch.setattr(os, "environb", {} if value is None else {b"PATH": value})
        svscan.put_our_programs_first()
        return os.environb[b"PATH"]

    return change


def test_our_programs_come_first(path):
    ours = os.fsencode(processes.SCRIPTS)
    assert path(b"/usr/bin") == ours + b":/usr/bin"
    assert path(ours + b":/usr/bin") == ours + b":/usr/bin"
    assert path(None) == ours + b":/bin:/usr/bin"
    assert path(b"") == ours + b":"
