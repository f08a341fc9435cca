from __future__ import annotations

import os

from setuptools import Distribution

from scripts.generate import launchers
from supervise import registry, search


def build(directory):
    distribution = Distribution({"scripts": ["scripts/installed/who@"]})
    command = launchers.BuildScripts(distribution)
    command.build_dir = str(directory)
    command.ensure_finalized()
    command.run()


def test_every_program_has_a_script_beside_those_that_are_copied(tmp_path, monkeypatch):
    monkeypatch.chdir(launchers.ROOT)
    build(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*registry.PROGRAMS, "who@"}
    assert all(os.access(path, os.X_OK) for path in tmp_path.iterdir())


def test_the_script_has_the_sign_by_which_it_is_called_in_place():
    assert search.SCRIPT_SIGN in launchers.SCRIPT.encode()
    assert launchers.SCRIPT.startswith("#!python\n"), "the line that pip completes"
