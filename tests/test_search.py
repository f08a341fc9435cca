from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from supervise import search
from tests.support import processes
from tests.support.processes import SCRIPTS, script
from tests.support.scripts import IN_SHELL, OURS, place, saying


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SUPERVISE_EXEC", raising=False)
    monkeypatch.setattr(search, "known", {})
    return tmp_path


def is_ours(path: Path) -> bool:
    return search.is_ours(os.fsencode(path))


@pytest.mark.parametrize("text", [OURS, IN_SHELL], ids=["plain", "long path"])
def test_a_script_that_pip_writes_is_ours(folder, text):
    assert is_ours(place(folder / "svc", text))


@pytest.mark.parametrize("name", ["svc", "supervise"])
def test_the_installed_scripts_are_ours(folder, name):
    assert is_ours(SCRIPTS / name)
    assert search.in_place(name, os.fsencode(SCRIPTS / name))


@pytest.mark.parametrize(
    "text",
    [
        "",
        OURS.replace(sys.prefix, "/opt/other"),
        OURS.replace("supervise.__main__", "circus.__main__"),
        OURS.replace("from supervise", "# from supervise"),
        f"#!/bin/sh\n# {sys.prefix}/bin/python3\nfrom supervise.__main__ import main\n",
        f"#!/usr/bin/python3\n# {sys.prefix}/bin/\nfrom supervise.__main__ import main\n",
        OURS.replace("import re\n", "#" * 2000 + "\n"),
        "\x7fELF",
    ],
)
def test_anything_else_is_foreign(folder, text):
    assert not is_ours(place(folder / "svc", text))


def test_what_cannot_be_run_or_read_is_foreign(folder):
    assert not is_ours(place(folder / "svc", OURS, mode=0o644))
    assert not is_ours(folder)
    assert not is_ours(folder / "none")
    os.mkfifo(folder / "fifo", 0o755)
    assert not is_ours(folder / "fifo")


def test_only_a_program_of_the_registry_is_called_in_place(folder):
    path = os.fsencode(place(folder / "svc", OURS))
    assert search.in_place("svc", path)
    assert search.in_place("/anywhere/svc", path)
    assert not search.in_place("cat", path)


def test_real_execs_can_be_forced(folder, monkeypatch):
    path = os.fsencode(place(folder / "svc", OURS))
    monkeypatch.setenv("SUPERVISE_EXEC", "1")
    assert not search.in_place("svc", path)


def test_a_relative_file_is_looked_at_again(folder, monkeypatch):
    place(folder / "one" / "svc", OURS)
    place(folder / "two" / "svc", saying("foreign"))
    monkeypatch.chdir(folder / "one")
    assert search.in_place("svc", b"./svc")
    monkeypatch.chdir(folder / "two")
    assert not search.in_place("svc", b"./svc")


def test_what_is_known_stays_known_when_it_can_no_longer_be_read(folder):
    path = place(folder / "svc", OURS)
    assert search.in_place("svc", os.fsencode(path))
    path.chmod(0)
    assert search.in_place("svc", os.fsencode(path))


def test_is_in_place_asks_about_the_first_of_that_name(folder, monkeypatch):
    place(folder / "ours" / "svc", OURS)
    place(folder / "theirs" / "svc", saying("foreign"))
    place(folder / "file", "")
    answers = {
        f"{folder}/ours:{folder}/theirs": True,
        f"{folder}/none:{folder}/ours": True,
        f"{folder}/theirs:{folder}/ours": False,
        f"{folder}/file:{folder}/ours": False,
        f"{folder}/none": False,
    }
    for path, answer in answers.items():
        monkeypatch.setenv("PATH", path)
        assert search.is_in_place("svc") == answer, path


def test_the_directory_of_our_programs(folder, monkeypatch):
    monkeypatch.setattr(sys, "argv", [script("svscan")])
    assert search.directory() == str(SCRIPTS)
    place(folder / "supervise", OURS)
    monkeypatch.setattr(sys, "argv", [str(folder / "svscan")])
    assert search.directory() == str(folder)
    monkeypatch.setattr(sys, "argv", ["/nonexistent/svscan"])
    assert search.directory() == str(SCRIPTS)
    monkeypatch.setattr(sys, "prefix", "/nonexistent")
    assert search.directory() is None


def test_the_script_beside_ours_starts_a_program(folder, monkeypatch):
    place(folder / "svscan", OURS)
    monkeypatch.setattr(sys, "argv", [str(folder / "svscanboot")])
    assert search.command("svscan") == [str(folder / "svscan")]


def test_without_scripts_an_interpreter_starts_the_package_that_we_are(folder, monkeypatch):
    """Wherever we are, and whatever is there."""
    monkeypatch.setattr(sys, "argv", ["-c"])
    (folder / "supervise").mkdir()
    (folder / "supervise/__init__.py").write_text("raise Exception")
    done = processes.finish([*search.command("svscan"), "--version"], cwd=folder, env={})
    assert (done.code, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"svscan (supervise-tools) ")
