"""Every program that becomes another beside its original: what cannot be run, where it is looked
for, and what it is given."""

from __future__ import annotations

import os
import re
import resource
import signal

import pytest

from tests.support import differences, pairs
from tests.support.differences import difference
from tests.support.originals import CALLED, LOADERS, VARIABLES, sample
from tests.support.pairs import installed
from tests.support.sidebyside import needs

pytestmark = needs(*CALLED)

loaders = pytest.mark.parametrize("name", LOADERS)
NEED_ROOT = ("setuidgid",)
loaders_that_can = pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.needs_root] * (name in NEED_ROOT)) for name in LOADERS],
)

NOT_RUN = [
    "missing", "./missing", "/missing/x", "text", "./text", "./text/x", "text/x", "lineless",
    "./lineless", "./loop", "./nowhere", "./directory", "./closed/x", "./fifo", "", ".", "/",
    "x" * 256, "./" + "x" * 256, "x/" * 2100,
]  # fmt: skip


@pytest.mark.parametrize("path", NOT_RUN, ids=lambda path: path[:12])
@loaders
def test_what_cannot_be_run(same, port, name, path):
    same(sample(name, port, (path, "argument"), stdin=b""))


@loaders_that_can
def test_what_is_being_written(folders, port, name):
    def write():
        os.set_inheritable(os.open("lineless", os.O_WRONLY), True)

    call = sample(name, port, ("./lineless",), stdin=b"", arrange=write)
    original, ours = pairs.both(folders, call, pairs.in_place)
    assert b"text busy" in original.stderr
    assert ours == original


def test_arguments_that_are_empty_or_long(same, port):
    words = ("/bin/sh", "-c", "echo $#; exec cat", "", "", "x" * 100_000, " ", "\n")
    for name in LOADERS:
        same(sample(name, port, words, stdin=b""))


PATHS = [
    None, "", "/missing:/bin", "text:/bin", "loop:/bin", "directory:closed::/bin", "/bin:text",
    "x" * 256 + ":/bin",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS, ids=lambda path: "none" if path is None else path[:12])
@loaders
def test_where_it_is_looked_for(same, port, name, path):
    variables = {**VARIABLES, "PATH": path}
    environment = tuple(f"{name}={value}" for name, value in variables.items() if value is not None)
    same(sample(name, port, ("cat",), environment=environment))


# What it is given.


def arrange_oddly():
    """Leave nothing of a process as it usually is."""
    os.umask(0o027)
    os.nice(5)
    os.chdir("directory")
    os.setpgid(0, 0)
    for number in (5, 9, 60):
        os.dup2(os.open("/dev/null", os.O_RDONLY), number)
    os.closerange(3, 5)
    for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2, signal.SIGALRM})
    resource.setrlimit(resource.RLIMIT_CORE, (1000, 2000))
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, 200))


@pytest.fixture
def given(folders, port):
    """What the program says that both loaders become in an odd process."""

    def both(name, *program, **options):
        call = sample(name, port, program, stdin=b"", arrange=arrange_oddly, **options)
        return pairs.both(folders, call, installed)

    return both


STATE = re.compile(rb"^(?:Max|Umask|Uid|Gid|Groups|Sig(?!Q)|Cap|NoNewPrivs|Seccomp).*$", re.M)


@loaders_that_can
def test_its_limits_signals_and_rights(given, name):
    original, ours = (
        (result.code, STATE.findall(result.stdout))
        for result in given(name, "/bin/cat", "/proc/self/limits", "/proc/self/status")
    )
    assert len(original[1]) > 20
    assert ours == original


@loaders_that_can
def test_its_group_session_terminal_and_niceness(given, name):
    original, ours = (
        [result.stdout.rpartition(b")")[2].split()[field] for field in (2, 3, 4, 16)]
        for result in given(name, "/bin/cat", "/proc/self/stat")
    )
    assert original[-1] == b"5"
    assert ours == original


CHANCE = re.compile(rb"\w+ +\d+ \d+:\d+|\[\d+\]|/proc/\w+|\r")


@loaders_that_can
def test_its_descriptors_and_directory(given, name):
    original, ours = (
        CHANCE.sub(b"", result.stdout)
        for result in given(name, "/bin/ls", "-l", "/proc/self/fd", "/proc/self/cwd")
    )
    assert b" 60 -> /dev/null\n" in original
    assert ours == original


ODD_VARIABLES = (
    "FIRST=1", "SAME=one", "SAME=two", "=nameless", "valueless", "EMPTY=", "EQUALS==", "LC_ALL=C",
    "PATH=/usr/bin:/bin", b"BYTES=\xff\x01", "UID=3", "A=replaced", "PROTO=other", "RBLSMTPD=",
)  # fmt: skip
LEFT_OUT = "environment: what is no variable, or one more of the same name"


@loaders_that_can
def test_its_environment(given, name):
    """In no order: what is changed comes in one of its own in the original."""
    differences.stand_by(LEFT_OUT)
    original, ours = (
        sorted(re.sub(rb"LOCALPORT=\d+|\r\n$", b"", result.stdout).split(b"\0"))
        for result in given(name, "/bin/cat", "/proc/self/environ", environment=ODD_VARIABLES)
    )
    for left_out in (b"SAME=two", b"valueless"):
        original.remove(left_out)
    assert b"BYTES=\xff\x01" in original
    assert ours == original


IGNORED = "SIGPIPE and SIGXFSZ, ignored at the start"
FIELDS = {"recordio": ("stdout", "stderr"), "tcpclient": ()}  # tcpclient stops ignoring it itself


@loaders_that_can
def test_signals_that_the_interpreter_ignores_too(same, port, name):
    def ignore():
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)

    program = ("/bin/grep", "SigIgn", "/proc/self/status")
    fields = FIELDS.get(name, ("stdout",))
    call = sample(name, port, program, stdin=b"", arrange=ignore)
    same(call, difference(IGNORED, *fields), installed)
