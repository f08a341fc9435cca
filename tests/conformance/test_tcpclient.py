"""Our tcpclient beside Debian's ucspi-tcp, which has the original."""

from __future__ import annotations

import os
import re
import socket

import pytest

from supervise.commands import tcpclient
from tests.support import processes, unreachable
from tests.support.sidebyside import BASE, needs
from tests.support.tcpservers import start_ident, start_names

pytestmark = needs("tcpclient")

THEIRS, OURS = ["/usr/bin/tcpclient"], [processes.script("tcpclient")]
LEAN = ("-H", "-R", "-l0")
OUR_USAGE = tcpclient.USAGE.encode()
THEIR_USAGE = OUR_USAGE.replace(b"-46h", b"-h").replace(b"[ -I interface ] ", b"")


CHANCE = re.compile(
    rb"(?<=TCPLOCALPORT=)\d+|^\S+ 1 \w+.*:\d\d(?= \d+ ->)|\[\d+\]|(?<=/proc/)\d+", re.M
)


def same(*argv, shell="", env=None):
    """What both do, when it is the same: their own ports and the like are chance."""
    both = []
    for command in (THEIRS, OURS):
        script = f'exec "$@" {shell}'
        done = processes.finish(
            ["/bin/sh", "-c", script, "sh", *command, *argv], env={**BASE, **(env or {})}
        )
        stdout = sorted(CHANCE.sub(b"", done.stdout).splitlines())
        both.append((done.code, stdout, done.stderr.replace(OUR_USAGE, THEIR_USAGE)))
    assert both[1] == both[0]
    return both[0]


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listening:
        yield str(listening.getsockname()[1])


@pytest.mark.parametrize(
    "argv",
    [
        (), ("0",), ("0", "0"), ("-q",), ("-q", "0", "0"), ("-Z",), ("-vZ", "0", "0", "x"),
        ("-q", "-Z"), ("-i",), ("-vl",), ("-T",), ("--",), ("-q", "--", "0", "0"),
        ("-i", "127.1", "0", "1", "x"), ("-i", "", "0", "1", "x"), ("-i.", "0", "1", "x"),
        ("0", "80x", "x"), ("0", "no-such", "x"), ("127.1", "0", "x"), ("300.0.0", "0", "x"),
        ("[]", "0", "x"), ("x" * 64, "0", "x"), ("-q", "127.1", "0", "x"),
    ],
)  # fmt: skip
def test_calls_that_cannot_work(argv):
    assert same(*argv)[0] in (100, 111)


@pytest.mark.parametrize("host", ["", "0", "127.0.0.1", "[127.0.0.1]", "127.0.0.257", "127.0.0.3"])
@pytest.mark.parametrize("options", [("-v",), ("-vQ",), ("-q",)])
def test_hosts(port, host, options):
    with unreachable.closed("127.0.0.3"):
        done = same(*LEAN, *options, host, port, "/usr/bin/env")
    assert (done[0] == 0) == (host != "127.0.0.3")


@pytest.mark.parametrize(
    "options",
    [
        ("-D",), ("-d",), ("-la:b",), ("-l", ""), ("-i127.0.0.5",), ("-i", "127.0.0.5x"),
        ("-i", "192.0.2.1"), ("-i300.0.0.1",), ("-T0",), ("-Tjunk",), ("-T", ""), ("-T+0",),
        ("-T1+1",), ("-T5x+3",), ("-p", "0"), ("-px",),
    ],
)  # fmt: skip
def test_options(port, options):
    env = {"TCPREMOTEHOST": "old", "TCPREMOTEINFO": "old", "TCPLOCALHOST": "x", "PROTO": "SSL"}
    same("-v", *LEAN, *options, "127.0.0.1", port, "/usr/bin/env", env=env)


def test_a_local_port_that_is_taken(port):
    assert (
        b"address already used" in same(*LEAN, "-p", port, "-i127.0.0.1", "127.0.0.1", "1", "x")[2]
    )


@pytest.mark.parametrize(
    "program",
    [
        ("/bin/true",), ("/bin/false",), ("/bin/sh", "-c", "exit 255"), ("/etc",),
        ("/nonexistent",), ("/etc/passwd",), ("no-such-program",), ("/etc/passwd/x",), ("",),
        ("/bin/sh", "-c", "kill -KILL $$"), ("/bin/echo", "-v", "a b"),
        ("/bin/grep", "^Sig[BIC]", "/proc/self/status"),
    ],
)  # fmt: skip
def test_programs(port, program):
    same(*LEAN, "127.0.0.1", port, *program)


@pytest.mark.parametrize(
    "shell", [">&-", "<&-", "2>&-", "<&- >&- 2>&-", ">/dev/full", "6</dev/null 7>/dev/null", "5<&0"]
)
def test_descriptors(port, shell):
    same(*LEAN, "127.0.0.1", port, "/bin/ls", "-l", "/proc/self/fd", shell=shell)
    same(*LEAN, "127.0.0.1", port, "/bin/echo", "some", shell=shell)


def test_addresses_that_refuse():
    with unreachable.closed() as port:
        same(*LEAN, "127.0.0.1", str(port), "x")
        same(*LEAN, "127.0.0.1.127.0.0.2.127.0.0.3", str(port), "x")
        same("-q", *LEAN, "127.0.0.1.127.0.0.2", str(port), "x")


@pytest.mark.parametrize(
    ("timeouts", "host"),
    [
        ("1", "127.0.0.1"),
        ("0+1", "127.0.0.1.127.0.0.2"),
        ("0", "127.0.0.1"),
        ("0", "127.0.0.1.127.0.0.2"),
    ],
)
def test_an_address_that_is_silent(timeouts, host):
    with unreachable.silent() as port:
        said = same("-T", timeouts, *LEAN, host, str(port), "x")[2]
    assert b"timed out" in said


SHOW = ("/bin/sh", "-c", 'echo "${TCPLOCALHOST-none}|${TCPREMOTEHOST-none}|${TCPREMOTEINFO-none}"')
TABLE = {
    "1.0.0.127.in-addr.arpa. PTR": ["Here.Example."],
    "2.0.0.127.in-addr.arpa. PTR": ["We\\032ird%x_y-Z.Example."],
    "3.0.0.127.in-addr.arpa. PTR": ["."],
    "host.test. A": ["127.0.0.1"],
    "empty.test. AAAA": ["::2"],
    "none.test. TXT": ["x"],
}


@pytest.fixture
def dns(background):
    """The DNS, at an address that is this test run's own; answers its variable."""
    ip = f"127.54.{os.getpid() // 250 % 250}.{os.getpid() % 250 + 1}"
    start_names(background, TABLE, ip, 53)
    return {"DNSCACHEIP": ip, "LOCALDOMAIN": "test"}


@pytest.mark.needs_root
@pytest.mark.parametrize(
    ("options", "host"),
    [
        (("-i127.0.0.1",), "127.0.0.1"),
        (("-i127.0.0.2",), "127.0.0.1"),
        (("-i127.0.0.3",), "host"),
        (("-i127.0.0.4",), "host.test."),
        (("-H",), "127.0.0.1"),
        (("-Hl0",), "nowhere"),
        (("-Hl0",), "none.test"),
    ],
)
def test_names(port, dns, options, host):
    same("-vR", *options, host, port, *SHOW, env=dns)


@pytest.mark.needs_root
@pytest.mark.parametrize(
    "answer",
    [
        b"1 , 2 : USERID : UNIX : joe\r\n",
        b"1 , 2 : ERROR : NO-USER\r\n",
        b"\r\n",
        b"1 , 2 : USERID : UNIX : joe",
    ],
)
def test_users(background, answer):
    ip = f"127.114.{os.getpid() // 250 % 250}.{os.getpid() % 250 + 1}"
    ident = start_ident(background, answer, ip=ip, port=113)
    with socket.create_server((ip, 0)) as listening:
        port = str(listening.getsockname()[1])
        assert same("-Hl0", ip, port, *SHOW)[0] == 0
    questions = [ident.process.stdout.readline() for _ in range(2)]
    shapes = {re.sub(rb", \d+", b", N", question) for question in questions}
    assert shapes == {b"127.0.0.1 b'%b , N\\r\\n'\n" % port.encode()}
