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
    "daemon",
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
    "ssl",
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
    "svscanboot": {"logging", "setproctitle", "threading", "traceback"},
    "tcpserver": {"socket"},
}

# All that a chain loader may load of the standard library: `fcntl`, `resource`, `select` and
# `_socket` are extension files, the others are part of the interpreter.
BASE = {"__future__", "errno"}
CHAIN_LOADERS: dict[str, set[str]] = {
    "argv0": BASE,
    "envdir": BASE,
    "envuidgid": {*BASE, "pwd"},
    "fghack": {*BASE, "fcntl"},
    "fixcrio": {*BASE, "fcntl", "select"},
    "pgrphack": BASE,
    "rblsmtpd": BASE,
    "recordio": {*BASE, "fcntl", "select"},
    "setlock": {*BASE, "fcntl"},
    "setuidgid": {*BASE, "pwd"},
    "softlimit": {*BASE, "resource"},
    "tcpclient": {*BASE, "_socket", "select"},
}

PROBE = """
import sys
before = set(sys.modules)
from supervise import registry
from supervise import __main__
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


@pytest.mark.parametrize("name", CHAIN_LOADERS)
def test_a_chain_loader_loads_only_what_is_named(name):
    loaded = {module for module in loaded_by(name) if module.partition(".")[0] != "supervise"}
    assert loaded == CHAIN_LOADERS[name]


@pytest.mark.parametrize("name", ALLOWED)
def test_what_is_allowed_is_used(name):
    assert ALLOWED[name] <= loaded_by(name), "take what is no longer needed off the list"


def test_the_probe_sees_what_is_imported():
    assert "setproctitle" in loaded_by("svscan")
