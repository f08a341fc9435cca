"""Imports are the price of a small tool: what each program may load, and what none may."""

from __future__ import annotations

import subprocess
import sys

import pytest

from supervise import registry

# Milliseconds each, on every start of every link of a chain.
HEAVY = {
    "argparse",
    "asyncio",
    "ctypes",
    "dataclasses",
    "dns",
    "getopt",
    "importlib.metadata",
    "inspect",
    "logging",
    "multiprocessing",
    "pathlib",
    "setproctitle",
    "shutil",
    "socket",
    "subprocess",
    "tempfile",
    "threading",
    "traceback",
    "urllib",
}
# The long-lived roots of a tree pay once for what all below them share.
ALLOWED = {
    "qmail-smtpd": {"dataclasses", "inspect", "socket"},
    "readproctitle": {"logging", "setproctitle", "threading", "traceback"},
    "splogger": {"socket"},
    "supervise": {"ctypes", "dataclasses", "inspect", "socket"},
    "svscan": {
        "ctypes",
        "dataclasses",
        "inspect",
        "logging",
        "multiprocessing",
        "setproctitle",
        "socket",
        "threading",
        "traceback",
    },
    "tcpclient": {"socket"},
    "tcpserver": {"socket"},
}

PROBE = """
import sys
before = set(sys.modules)
from supervise import registry
registry.load({name!r})
print(*sorted(set(sys.modules) - before))
"""


def loaded_by(name: str) -> set[str]:
    """The modules that a program imports on top of a bare interpreter."""
    probe = [sys.executable, "-I", "-c", PROBE.format(name=name)]
    done = subprocess.run(probe, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("name", registry.PROGRAMS)
def test_a_program_loads_nothing_heavy_that_it_does_not_need(name):
    assert loaded_by(name) & HEAVY <= ALLOWED.get(name, set())


@pytest.mark.parametrize("name", ALLOWED)
def test_what_is_allowed_is_used(name):
    assert ALLOWED[name] <= loaded_by(name), "take what is no longer needed off the list"


def test_the_probe_sees_what_is_imported():
    assert "setproctitle" in loaded_by("svscan")
