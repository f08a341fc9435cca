from __future__ import annotations

import os

import pytest

from supervise.commands import svscanboot
from tests.support import processes, trees
from tests.support.patience import eventually

ONCE = """\
svscan=$(sed -n 's/^PPid:[^0-9]*//p' /proc/$PPID/status)
echo $* $svscan; env; pwd
trap exit TERM; kill $svscan; while :; do :; done"""


def test_a_directory_that_is_not_there(run, tmp_path):
    done = run("svscanboot", "missing", cwd=tmp_path)
    failure = b"svscanboot: fatal: unable to chdir to missing: file does not exist\n"
    assert done == (111, b"", failure)


@pytest.mark.skipif(os.path.exists("/service"), reason="this machine has services")
def test_the_directory_that_it_takes_by_itself(run):
    failure = b"svscanboot: fatal: unable to chdir to /service: file does not exist\n"
    assert run("svscanboot") == (111, b"", failure)


def test_no_readproctitle_to_be_run(run, tmp_path, monkeypatch):
    """What cannot be shown by ps is said where standard error was."""
    monkeypatch.setattr("supervise.complaints.READER", "nothing")
    done = processes.finish_in_fork("svscanboot", [str(tmp_path)], b"", tmp_path, None, None)
    failure = b"svscanboot: fatal: unable to run nothing: file does not exist\n"
    assert done == (111, b"", failure)


def test_what_a_service_is_given(run, tmp_path):
    """Whatever whoever boots has: an environment of PATH only, and nothing of its streams. More
    words are ignored, as the original ignores all."""
    service = trees.make_service(tmp_path / "scan/a", f"exec >out 2>&1\nls -l /proc/$$/fd\n{ONCE}")
    environment = {"PATH": "/nowhere:/usr/bin:/bin", "HOME": "/", "SUPERVISE_EXEC": "1"}
    done = run("svscanboot", "scan", "more", cwd=tmp_path, stdin=b"text", env=environment)
    assert done == (0, b"", b"")
    eventually(lambda: processes.children() == [], "readproctitle has ended")
    said = (service / "out").read_text()
    path = f"{processes.SCRIPTS}:{svscanboot.PATH}"
    variables = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    # A shell adds what it keeps for itself.
    assert variables | {"PWD": "", "_": "", "SHLVL": ""} == {
        "PATH": path, "PWD": "", "_": "", "SHLVL": "",
    }  # fmt: skip
    assert " 0 -> /dev/null\n" in said
