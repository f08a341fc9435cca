"""Our tcpclient beside Debian's ucspi-tcp, which has the original."""

from __future__ import annotations

import os
import re
import socket
import struct
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from supervise.commands import tcpclient
from tests.support import differences, ownnetwork, processes, unreachable
from tests.support.generators import any_words, has_new_option, new_letters, numbers
from tests.support.oracle import SIDES, Call, finish, oracle
from tests.support.sidebyside import BASE, needs
from tests.support.tcpservers import start_ident, start_names

pytestmark = needs("tcpclient")

THEIRS, OURS = ["/usr/bin/tcpclient"], [processes.script("tcpclient")]
LEAN = ("-H", "-R", "-l0")
OUR_USAGE = tcpclient.USAGE.encode()
THEIR_USAGE = (
    b"tcpclient: usage: tcpclient [ -hHrRdDqQv ] [ -i localip ] [ -p localport ]"
    b" [ -T timeoutconn ] [ -l localname ] [ -t timeoutinfo ] host port program"
)
NEW_LETTERS = new_letters(OUR_USAGE, THEIR_USAGE)


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


@pytest.fixture(scope="module")
def network():
    with ownnetwork.entered(), ownnetwork.names_unknown():
        yield


@pytest.fixture
def listening(network):
    with socket.create_server(("0.0.0.0", 7), backlog=100) as listening:
        listening.setblocking(False)
        yield listening


def forget_client(listening):
    """Close the connection of a client that is gone, so that its port is free at once."""
    try:
        connection, _ = listening.accept()
    except BlockingIOError:
        return
    with connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


addresses = st.one_of(
    st.lists(st.sampled_from(["127", "0", "1", "300", "", "09", "[", "x"]), max_size=6).map(
        ".".join
    ),
    st.builds("127.0.0.{}{}".format, st.integers(1, 500), st.sampled_from(["", "x", ".", " "])),
)
clusters = st.one_of(
    st.text("dDqQvHR", max_size=3).map("-{}".format),
    st.text("dDqQvHRptTil-z", max_size=3).map("-{}".format),
    st.builds("-{}{}".format, st.sampled_from("ptT"), numbers),
    st.builds("-T{}+{}".format, numbers, numbers),
    st.builds("-i{}".format, addresses),
    st.builds("-l{}".format, any_words),
)


LEFT_OUT = [
    "tcpserver, tcpclient: usage",
    "tcpclient: IPv6",
]


def only_ours(word):
    """What README's table has under «tcpclient: IPv6»: options, and addresses with colons."""
    has_colon = word.startswith("-i") and ":" in word
    return has_colon or has_new_option(word, "tpiTl", NEW_LETTERS)


plain_clusters = clusters.filter(lambda word: not only_ours(word))
ports = st.one_of(numbers, numbers, st.just("7"), any_words)


CHANCE_PORTS = range(*map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()))


def without_chance(text):
    """Without a local port that the kernel may have chosen."""
    port = re.search(rb"(?<=TCPLOCALPORT=)\d+", text)
    return text.replace(port[0], b"N") if port and int(port[0]) in CHANCE_PORTS else text


def is_its_own_server(text):
    """Whether both ends are one, which is what TCP makes of a local port that nobody listens on;
    for the next client it is still taken."""
    ports = re.findall(rb"TCP(?:LOCAL|REMOTE)PORT=(\d+)", text)
    return len(ports) == 2 and ports[0] == ports[1]


@pytest.mark.needs_root
@oracle
@example(["-p65537"], "127.0.0.1", "7")
@given(st.lists(plain_clusters, max_size=3), st.sampled_from(["127.0.0.1", "0", ""]), ports)
def test_any_options_and_ports(listening, options, host, port):
    """Most ports refuse, and the message has their number."""
    argv = (*options, *LEAN, host, port, "/usr/bin/env")
    call = Call("tcpclient", argv, {"DNSCACHEIP": "127.0.0.1"})
    seen = []
    for start in SIDES:
        done = finish(start, call, b"")
        forget_client(listening)
        stderr = done.stderr.replace(OUR_USAGE, THEIR_USAGE)
        assume(not is_its_own_server(done.stdout))
        seen.append((done.code, sorted(without_chance(done.stdout).splitlines()), stderr))
    assert seen[1] == seen[0]


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


def test_the_loopback_is_rewritten_like_any_host(tmp_path):
    (tmp_path / "rewrite").write_text("=127.0.0.1:[\n")
    env = {"DNSREWRITEFILE": str(tmp_path / "rewrite")}
    for host in ("", "0"):
        assert b"no IP address for 127.0.0.1" in same(*LEAN, host, "7", "x", env=env)[2]


@pytest.mark.parametrize("row", LEFT_OUT)
def test_what_the_oracle_leaves_out_is_in_the_table(row):
    differences.stand_by(row)
