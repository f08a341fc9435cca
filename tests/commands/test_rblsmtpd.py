from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys

import pytest

from supervise.commands import rblsmtpd
from supervise.machines.verdict import ALLOWED, LISTED, Source
from tests.support import processes, recordings, tcpservers
from tests.support.patience import PATIENCE
from tests.support.tcpservers import ENV, moved, start_names

USAGE = (
    b"rblsmtpd: usage: rblsmtpd [ -b ] [ -R ] [ -t timeout ] [ -r base ] [ -a base ]"
    b" smtpd [ arg ... ]\n"
)
LATER = {**ENV, "RBLSMTPD": "later", "TCPREMOTEIP": "1.2.3.4"}


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ((), USAGE),
        (("-b",), USAGE),
        (("-R", "x"), b"rblsmtpd: illegal option -- R\n" + USAGE),
        (("-r",), b"rblsmtpd: option requires an argument -- r\n" + USAGE),
        (("-bt5",), USAGE),
    ],
)
def test_wrong_usage(run, argv, said):
    assert run("rblsmtpd", *argv) == (100, b"", said)


def test_options_hold_for_the_lists_after_them():
    argv = ["-ra", "-bc", "-r", "b", "-B", "-ac", "-C", "-t", "5x", "-rd", "-b", "--", "x", "-r"]
    wanted, operands = rblsmtpd.read(argv)
    assert operands == ["x", "-r"]
    assert wanted.patience == 5
    assert wanted.sources == [
        Source(LISTED, b"a", permanent=False, closed=False),
        Source(LISTED, b"b", permanent=True, closed=True),
        Source(ALLOWED, b"c", permanent=False, closed=True),
        Source(LISTED, b"d", permanent=False, closed=False),
    ]


@pytest.mark.parametrize("env", [{}, {"RBLSMTPD": ""}])
def test_a_client_who_is_accepted(run, env):
    done = run("rblsmtpd", "-b", "/bin/sh", "-c", "cat; exit 7", stdin=b"all", env={**ENV, **env})
    assert done == (7, b"all", b"")


def test_what_a_look_up_needs_is_loaded_ahead_of_it():
    load = "from supervise.commands import rblsmtpd as it; import sys; "
    show = "print('dns.message' in sys.modules); "
    probe = [sys.executable, "-c", f"{load}{show}it.prepare(); {show}"]
    assert processes.finish(probe) == (0, b"False\nTrue\n", b"")


def test_a_server_that_cannot_be_run(run):
    said = b"rblsmtpd: fatal: unable to run nonexist: file does not exist\n"
    assert run("rblsmtpd", "nonexist", env=ENV) == (111, b"", said)


def without_pid(text):
    return re.sub(rb"(?<= pid )\d+", b"PID", text)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ("later", b"451 later"),
        ("-never", b"553 never"),
        ("-", b"553 "),
        ("a\nb\udcff", b"451 a?b?"),
        ("-" + "x" * 300, b"553 " + b"x" * 200),
    ],
)
def test_a_client_who_is_refused(run, told, message):
    client = b"HELO me\r\nmail from:<>\r\nRCPT to:<x>\r\n\r\nrset\nNOOP\nquit\r\nrcpt\n"
    env = {**ENV, "RBLSMTPD": told, "TCPREMOTEIP": "1.2.3.4"}
    done = run("rblsmtpd", "/bin/false", stdin=client, env=env)
    ok, no = b"250 rblsmtpd.local\r\n", message + b"\r\n"
    said = b"220 rblsmtpd.local\r\n" + ok + ok + no + no + ok + ok + b"221 rblsmtpd.local\r\n"
    assert (done.code, done.stdout) == (0, said)
    assert without_pid(done.stderr) == b"rblsmtpd: 1.2.3.4 pid PID: " + message + b"\n"


def test_without_time_the_text_alone(run):
    env = {**ENV, "RBLSMTPD": "-no"}
    done = run("rblsmtpd", "-t0", "/bin/false", stdin=b"quit\r\n", env=env)
    assert (done.code, done.stdout) == (0, b"553 no\r\n")
    assert without_pid(done.stderr) == b"rblsmtpd:  pid PID: 553 no\n"


def test_the_end_of_the_client_is_the_end(run):
    done = run("rblsmtpd", "/bin/false", stdin=b"rcpt\r\nrcpt", env=LATER)
    assert (done.code, done.stdout) == (0, b"220 rblsmtpd.local\r\n451 later\r\n")


@pytest.fixture
def refused(background):
    """A client who is refused."""
    near, far = socket.socketpair()
    near.settimeout(PATIENCE)

    def begin(*argv):
        process = background.start(
            processes.module("rblsmtpd", *argv, "/bin/false"),
            stdin=far, stdout=far, stderr=subprocess.PIPE, env=LATER,
        )  # fmt: skip
        far.close()
        return process, near

    yield begin
    near.close()


def test_the_replies_of_a_group_come_together(refused):
    process, client = refused()
    assert client.recv(100) == b"220 rblsmtpd.local\r\n"
    client.sendall(b"mail\r\nrcpt\r\nrcpt\r\n")
    assert client.recv(1000) == b"250 rblsmtpd.local\r\n451 later\r\n451 later\r\n"
    client.close()
    assert process.wait(PATIENCE) == 0


def test_a_client_who_says_nothing_is_left_alone(refused):
    process, client = refused("-t1")
    assert client.recv(100) == b"220 rblsmtpd.local\r\n"
    assert client.recv(100) == b""
    assert process.wait(PATIENCE) == 0


def test_a_client_who_never_stops_talking_is_left_too(refused):
    process, client = refused("-t1")
    answered = b""
    try:
        while True:
            client.sendall(b"noop\r\n" * 20)
            answered += client.recv(65536)
            if answered.endswith(b"\n") and process.poll() is not None:
                break
    except (BrokenPipeError, ConnectionResetError):
        pass
    assert process.wait(PATIENCE) == 0
    assert answered.count(b"250 ") > 20


def test_a_client_who_takes_nothing_is_left_too(refused):
    process, client = refused("-t1")
    client.setblocking(False)
    try:
        while True:
            client.send(b"rcpt\r\n" * 1000)
    except BlockingIOError:
        pass
    assert process.wait(PATIENCE) == 0


def test_a_client_who_is_gone(refused):
    process, client = refused()
    client.close()
    assert process.wait(PATIENCE) == 0
    assert process.stderr.read().count(b"\n") == 1


@pytest.mark.parametrize(
    "streams", ["<&-", ">&-", "<&- >&-", "<&- >&- 2>&-", "</dev/null >/dev/full"]
)
@pytest.mark.parametrize("options", [(), ("-t0",)])
def test_streams_that_do_not_work(streams, options):
    command = processes.module("rblsmtpd", *options, "/bin/false")
    done = processes.finish(["/bin/sh", "-c", f'exec "$@" {streams}', "sh", *command], env=LATER)
    assert (done.code, done.stderr.count(b"\n")) == (0, "2>" not in streams)


TABLE = {
    "4.3.2.1.spam.test. TXT": ['"see http://spam.test/?1.2.3.4"'],
    "4.3.2.1.friend.test. A": ["127.0.0.2"],
    "4.3.2.1.down.test. TXT": ["servfail"],
    "4.3.2.1.down.test. A": ["servfail"],
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.spam.test. TXT": ["six"],
}
SPAM = b"see http://spam.test/?1.2.3.4"


@pytest.fixture
def lists(background, monkeypatch):
    monkeypatch.setenv("DNSCACHEIP", "127.0.0.1")
    monkeypatch.setenv("TCPREMOTEIP", "1.2.3.4")
    return moved(start_names(background, TABLE).port, name="rblsmtpd")


def said(lists, *argv):
    """The refusal, or what the server says."""
    done = processes.finish([*lists, "-t0", *argv, "/bin/echo", "welcome"])
    assert done.code == 0
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("argv", "answer"),
    [
        (("-r", "spam.test"), b"451 " + SPAM),
        (("-b", "-r", "spam.test"), b"553 " + SPAM),
        (("-r", "spam.test", "-b"), b"451 " + SPAM),
        (("-r", "none.test", "-r", "spam.test"), b"451 " + SPAM),
        (("-r", "friend.test"), b"welcome"),
        (("-a", "friend.test", "-r", "spam.test"), b"welcome"),
        (("-r", "spam.test", "-a", "friend.test"), b"451 " + SPAM),
        (("-r", "down.test"), b"welcome"),
        (("-c", "-b", "-r", "down.test"), b"451 temporary RBL lookup error"),
        (("-r", "down.test", "-b", "-r", "spam.test"), b"451 " + SPAM),
        (("-a", "down.test", "-r", "spam.test"), b"welcome"),
        (("-c", "-a", "down.test", "-b", "-r", "spam.test"), b"451 " + SPAM),
        (("-r", "x" * 64, "-b", "-r", "spam.test"), b"451 " + SPAM),
    ],
)
def test_lists(lists, argv, answer):
    assert said(lists, *argv) == answer


def test_a_client_over_ipv6(lists, monkeypatch):
    monkeypatch.setenv("TCPREMOTEIP", "2001:db8::1")
    assert said(lists, "-r", "spam.test") == b"451 six"


@pytest.mark.parametrize(("told", "answer"), [("", b"welcome"), ("-no", b"553 no")])
def test_what_the_rules_say_comes_first(lists, monkeypatch, told, answer):
    monkeypatch.setenv("RBLSMTPD", told)
    assert said(lists, "-r", "spam.test") == answer


def test_the_server_has_no_children_of_ours(lists):
    argv = ("-a", "friend.test", *(word for _ in range(5) for word in ("-r", "spam.test")))
    show = 'read children </proc/$$/task/$$/children; echo "[$children]"; ls /proc/$$/fd'
    done = processes.finish([*lists, *argv, "/bin/sh", "-c", show])
    assert done == (0, b"[]\n0\n1\n2\n", b"")


def test_behind_a_server_of_ours(background, tmp_path):
    scripts = {"RBLSMTPD": "-no", "PATH": processes.our_path()}
    argv = ("-v", "-HRl0", "--", "rblsmtpd", "/bin/false")
    server = tcpservers.start(background, tmp_path, *argv, env=scripts)
    with server.connect() as client:
        assert client.recv(100) == b"220 rblsmtpd.local\r\n"
        client.sendall(b"rcpt to:<x@y>\r\nquit\r\n")
        assert tcpservers.read_all(client) == b"553 no\r\n221 rblsmtpd.local\r\n"
    lines = server.lines(7)
    assert lines[4].startswith("rblsmtpd: 127.0.0.1 pid ")
    assert lines[5] == "tcpserver: end PID status 0"
    background.end()
    recordings.gone()


def test_a_signal_ends_it(refused):
    process, client = refused()
    assert client.recv(100) == b"220 rblsmtpd.local\r\n"
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(PATIENCE) == -signal.SIGTERM
