from __future__ import annotations

import json
import resource
import sys

import pytest

from supervise.commands import softlimit
from tests.support import processes

USAGE = softlimit.USAGE.encode() + b"\n"
NAMES = [
    name
    for name in dir(resource)
    if name.startswith("RLIMIT_") and name != "RLIMIT_OFILE"  # BSD's name for NOFILE
]
NOW = {name: list(resource.getrlimit(getattr(resource, name))) for name in NAMES}
# All limits of its process by their names.
SHOW = (
    sys.executable, "-I", "-S", "-c",
    "import json, resource as r, sys;"
    "print(json.dumps({name: r.getrlimit(getattr(r, name)) for name in sys.argv[1:]}))",
    *NAMES,
)  # fmt: skip
MUCH = 2**40  # bytes or seconds: not in anybody's way
FEW = 64  # open files


def lowered(name, number):
    """The limit that a soft one of that number makes of the present one."""
    _, hard = NOW[name]
    return [number if hard == -1 else min(number, hard), hard]


def limits(done):
    assert (done.code, done.stderr) == (0, b"")
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "argv",
    [
        [], ["-a", "5"], ["-a"], ["-a5x", "true"], ["-a", "-1", "true"], ["-a", " 1", "true"],
        ["-c", "0x1", "true"], ["-c", "==", "true"], ["--"],
    ],
    ids=str,
)  # fmt: skip
def test_wrong_usage(run, argv):
    done = run("softlimit", *argv)
    assert (done.code, done.stdout) == (100, b"")
    lines = b"softlimit: option requires an argument -- a\n" if argv == ["-a"] else b""
    assert done.stderr == lines + USAGE


def test_a_wrong_option(run):
    done = run("softlimit", "-z", "true")
    assert done == (100, b"", b"softlimit: illegal option -- z\n" + USAGE)


@pytest.mark.parametrize(
    ("letter", "names", "number"),
    [
        ("a", ["RLIMIT_AS"], MUCH), ("c", ["RLIMIT_CORE"], 0), ("d", ["RLIMIT_DATA"], MUCH),
        ("f", ["RLIMIT_FSIZE"], MUCH), ("l", ["RLIMIT_MEMLOCK"], 4096),
        ("m", ["RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_MEMLOCK", "RLIMIT_AS"], MUCH),
        ("o", ["RLIMIT_NOFILE"], FEW), ("p", ["RLIMIT_NPROC"], 100000),
        ("r", ["RLIMIT_RSS"], 4096), ("s", ["RLIMIT_STACK"], 4 * 2**20),
        ("t", ["RLIMIT_CPU"], MUCH),
    ],
)  # fmt: skip
def test_each_option_sets_its_soft_limits_and_no_other(run, letter, names, number):
    done = run("softlimit", f"-{letter}", str(number), *SHOW)
    assert limits(done) == NOW | {name: lowered(name, number) for name in names}


def test_as_much_as_the_hard_limit(run):
    done = run("softlimit", "-o5", "-o=", "-c0", "-c", "=", *SHOW)
    assert limits(done) == NOW | {
        name: [NOW[name][1]] * 2 for name in ("RLIMIT_NOFILE", "RLIMIT_CORE")
    }


def test_more_than_the_hard_limit_is_the_hard_limit(run):
    done = run("softlimit", "-o", "18446744073709551615", *SHOW)
    assert limits(done) == NOW | {"RLIMIT_NOFILE": [NOW["RLIMIT_NOFILE"][1]] * 2}


def test_the_last_option_wins(run):
    done = run("softlimit", f"-m{MUCH}", f"-a{MUCH + 4096}", f"-o{FEW}", "-o", "65", *SHOW)
    after = limits(done)
    assert after["RLIMIT_AS"] == lowered("RLIMIT_AS", MUCH + 4096)
    assert after["RLIMIT_DATA"] == lowered("RLIMIT_DATA", MUCH)
    assert after["RLIMIT_NOFILE"] == lowered("RLIMIT_NOFILE", 65)


def test_nothing_is_0(run):
    assert limits(run("softlimit", "-c", "", *SHOW)) == NOW | {
        "RLIMIT_CORE": [0, NOW["RLIMIT_CORE"][1]]
    }


def test_a_child_that_cannot_be_run(run):
    fatal = b"softlimit: fatal: unable to run /nonexistent/child: file does not exist\n"
    assert run("softlimit", "/nonexistent/child") == (111, b"", fatal)


def test_a_child_of_ours_is_called_although_no_more_files_may_be_opened(run):
    done = run("softlimit", "-o0", "svok", env={"PATH": processes.our_path()})
    assert done == (100, b"", b"svok: usage: svok dir\n")


@pytest.mark.parametrize("call", ["getrlimit", "setrlimit"])
def test_what_the_system_refuses(monkeypatch, tmp_path, call):
    def refuse(*arguments: object) -> None:
        raise PermissionError(1, "refused")

    monkeypatch.setattr(resource, call, refuse)
    done = processes.finish_in_fork("softlimit", ["-c0", "/bin/true"], b"", tmp_path, None, None)
    assert done == (111, b"", f"softlimit: fatal: {call} failed: permission denied\n".encode())
