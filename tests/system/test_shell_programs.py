"""The programs that are scripts of the shell: what they send, and what they print."""

from __future__ import annotations

import os
import re
import shutil
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from scripts.generate import manual
from supervise import program, registry
from tests.support import oneserver, processes, unreachable
from tests.support.patience import PATIENCE

INSTALLED = Path(__file__).parents[2] / "scripts" / "installed"
# The ports are small ones, which need root: a tcpclient in front of the true one moves them.
MOVING = """#!/bin/sh
echo "$*" >>{folder}/called
shift 4
exec {tcpclient} -RHl0 -- 127.0.0.1 {port} "$@"
"""
# Nothing else of ours is on the path: they find each other.
ENV = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}


@pytest.fixture
def call(tmp_path):
    """Call a script whose tcpclient is moved to a port; returns what came of it and the words that
    tcpclient had been given."""

    def run(port, name, *argv, **options):
        shutil.copy(INSTALLED / name, tmp_path / name)
        for other in ("addcr", "delcr", "mconnect-io"):
            (tmp_path / other).unlink(missing_ok=True)
            (tmp_path / other).symlink_to(processes.script(other))
        tcpclient = tmp_path / "tcpclient"
        tcpclient.write_text(
            MOVING.format(folder=tmp_path, port=port, tcpclient=processes.script("tcpclient"))
        )
        tcpclient.chmod(tcpclient.stat().st_mode | stat.S_IXUSR)
        done = processes.finish([str(tmp_path / name), *argv], env=ENV, **options)
        return done, (tmp_path / "called").read_text().splitlines()[-1]

    return run


ANSWER = b"one\r\n\r\ntwo \xe4\x01\tlast\r"


@pytest.mark.parametrize(("name", "port"), [("date@", 13), ("who@", 11)])
@pytest.mark.parametrize(("argv", "host"), [((), "0"), (("host",), "host"), (("-x",), "-x")])
def test_what_a_host_says_by_itself(background, call, name, port, argv, host):
    server = oneserver.start(background, ANSWER)
    done, called = call(server.port, name, *argv)
    assert done == (0, b"one\n\ntwo M-d^A\tlast^M", b"")
    assert called == f"-RHl0 -- {host} {port} sh -c exec delcr <&6"
    assert server.heard() == b""


@pytest.mark.parametrize(
    ("argv", "sent"),
    [
        ((), b"\r\n"),
        (("host",), b"\r\n"),
        (("host", "joe"), b"joe\r\n"),
        (("host", ""), b"\r\n"),
        (("host", "-n"), b"-n\r\n"),
        (("host", r"a  b\nc\\d%s"), b"a  b\\nc\\\\d%s\r\n"),
        (("host", "a\nb\r"), b"a\r\nb\r\r\n"),
        (("host", "joe", "more"), b"joe\r\n"),
    ],
)
def test_finger(background, call, argv, sent):
    server = oneserver.start(background, ANSWER, sent)
    done, called = call(server.port, "finger@", *argv)
    assert done == (0, b"one\n\ntwo M-d^A\tlast^M", b"")
    assert called.startswith(f"-RHl0 -- {(*argv, '0')[0]} 79 sh")
    assert server.heard() == sent


PAGE = b"HTTP/1.1 200 OK\r\nType: x\r\n\r\nline 1\r\n\r\nline 3\n\n\nlast \xe4"


@pytest.mark.parametrize(
    ("argv", "page", "host", "port"),
    [
        ((), "", "0", "80"),
        (("host",), "", "host", "80"),
        (("host", "a/b"), "a/b", "host", "80"),
        (("host", r"a\nb%s", "81"), r"a\nb%s", "host", "81"),
        (("-n", "-e", "http"), "-e", "-n", "http"),
    ],
)
def test_http(background, call, argv, page, host, port):
    server = oneserver.start(background, PAGE, b"\r\n\r\n")
    done, called = call(server.port, "http@", *argv)
    assert done == (0, b"line 1\nline 3\nlast \xe4\n", b"")
    assert called.startswith(f"-RHl0 -- {host} {port} sh")
    assert server.heard() == f"GET /{page} HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n".encode()


@pytest.mark.parametrize(
    ("argv", "called"), [((), "0 17"), (("host",), "host 17"), (("-h", "81"), "-h 81")]
)
def test_tcpcat(background, call, argv, called):
    server = oneserver.start(background, ANSWER)
    done, words = call(server.port, "tcpcat", *argv)
    assert done == (0, ANSWER, b"")
    assert words == f"-RHl0 -- {called} sh -c exec cat <&6"
    assert server.heard() == b""


@pytest.mark.parametrize(
    ("argv", "called"), [((), "0 25"), (("host",), "host 25"), (("-h", "81"), "-h 81")]
)
def test_mconnect(background, call, argv, called):
    server = oneserver.start(background, ANSWER, b"quit\r\n")
    done, words = call(server.port, "mconnect", *argv, stdin=b"helo\r\nquit\n")
    assert done == (0, ANSWER, b"")
    assert words == f"-RHl0 -- {called} mconnect-io"
    assert server.heard() == b"helo\r\r\nquit\r\n"


@pytest.mark.parametrize("name", registry.SHELL_PROGRAMS)
def test_help_and_version_as_the_only_argument(name):
    """Both as the other programs say it."""
    help = processes.finish([processes.script(name), "--help"], env=ENV)
    comment = manual.of_script((INSTALLED / name).read_text())
    assert help == (0, f"{name}: {comment}".encode(), b"")
    version = processes.finish([processes.script(name), "--version"], env=ENV)
    assert version == (0, program.version(name).encode(), b"")


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_a_host_of_that_name_can_still_be_asked(background, call, option):
    server = oneserver.start(background, ANSWER)
    done, called = call(server.port, "tcpcat", option, "17")
    assert done == (0, ANSWER, b"")
    assert called == f"-RHl0 -- {option} 17 sh -c exec cat <&6"


def test_what_answers_for_them_is_the_same_in_all():
    scripts = [(INSTALLED / name).read_text() for name in registry.SHELL_PROGRAMS]
    answers = {re.search(r"^case .*?^esac$", script, re.M | re.S)[0] for script in scripts}
    assert len(answers) == 1


def test_nobody_there(call):
    with unreachable.closed() as port:
        said = f"tcpclient: unable to connect to 127.0.0.1 port {port}: connection refused\n"
        for name in ("mconnect", "tcpcat"):
            assert call(port, name)[0] == (111, b"", said.encode())
        for name in ("date@", "finger@", "http@", "who@"):  # the last of a pipe decides, as ever
            assert call(port, name)[0] == (0, b"", said.encode())


def test_a_dialogue_with_the_installed_one(background):
    """By its path alone, with nothing of ours on the PATH."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(PATIENCE)
        process = background.start(
            [processes.script("mconnect"), "127.0.0.1", str(listening.getsockname()[1])],
            env=ENV, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        client, _ = listening.accept()
    with client:
        client.settimeout(PATIENCE)
        for word in (b"one", b"two"):
            client.sendall(word)
            assert os.read(process.stdout.fileno(), 100) == word
            os.write(process.stdin.fileno(), word + b"\n")
            assert client.recv(100) == word + b"\r\n"
    assert process.wait(PATIENCE) == 0
