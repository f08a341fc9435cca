from __future__ import annotations

import os
import re
import socket
import subprocess

import pytest

from supervise.commands import tcpclient
from supervise.unix.sockets import End
from tests.support import processes, tcpservers, unreachable
from tests.support.patience import PATIENCE
from tests.support.tcpservers import ENV, environment, moved, start_ident, start_names

USAGE = tcpclient.USAGE.encode() + b"\n"
FATAL = b"tcpclient: fatal: "
LEAN = ("-H", "-R", "-l0")


def test_the_usage_is_the_one_of_the_ipv6_package():
    assert tcpclient.USAGE == (
        "tcpclient: usage: tcpclient [ -46hHrRdDqQv ] [ -i localip ] [ -p localport ]"
        " [ -T timeoutconn ] [ -l localname ] [ -t timeoutinfo ] [ -I interface ]"
        " host port program"
    )


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ((), USAGE),
        (("0", "1"), USAGE),
        (("-vp5", "0", "1"), USAGE),
        (("-q",), b""),
        (("-qv", "0"), USAGE),
        (("-Z",), b"tcpclient: illegal option -- Z\n" + USAGE),
        (("-RT",), b"tcpclient: option requires an argument -- T\n" + USAGE),
        (("-i", "127.1", "0", "1", "true"), USAGE),
        (("-i", "::g", "0", "1", "true"), USAGE),
        (("-i", "", "0", "1", "true"), USAGE),
    ],
)
def test_wrong_usage(run, argv, said):
    assert run("tcpclient", *argv) == (100, b"", said)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("0", "80x"), b"unable to figure out port number for 80x"),
        (("127.1", "1"), b"no IP address for 127.1"),
        (("-4", "::1", "1"), b"no IP address for ::1"),
        (("-i127.0.0.1", "::1", "1"), b"no IP address for ::1"),
        (("-i::1", "127.0.0.1", "1"), b"no IP address for 127.0.0.1"),
        (("-i192.0.2.1", "127.0.0.1", "1"), b"unable to bind socket: address not available"),
        (("-Ino-such", "::1", "1"), b"unable to find interface no-such: device not configured"),
    ],
)  # fmt: skip
def test_what_cannot_begin(run, argv, said):
    assert run("tcpclient", *LEAN, *argv, "/bin/true") == (111, b"", FATAL + said + b"\n")
    assert run("tcpclient", "-q", *LEAN, *argv, "/bin/true") == (111, b"", b"")


def test_options_are_read_left_to_right_and_the_last_one_wins():
    wanted, operands = tcpclient.read(
        ["-vqQ", "-t5x", "-T3+4", "-p", "70000", "-i", "1.2.3.4x", "-hH", "-rR", "-dD", "-l", "",
         "-46", "-Ieth0", "--", "-h", "p"]
    )  # fmt: skip
    assert operands == ["-h", "p"]
    assert vars(wanted) == {
        "quiet": False, "telling": False, "patience": 5, "timeouts": (3, 4), "local_port": 70000,
        "local_ip": b"\1\2\3\4", "remote_names": False, "identify": False, "at_once": True,
        "local_name": b"", "only_ipv4": True, "as_ipv6": True, "interface": "eth0",
    }  # fmt: skip
    assert tcpclient.source(tcpclient.read(["-p70000"])[0]).port == 4464


def test_this_machine():
    assert tcpclient.find(tcpclient.Wanted(), "", 5) == [End(b"\x7f\0\0\1", 5)]
    assert tcpclient.find(tcpclient.read(["-i::1"])[0], "0", 5) == [End(bytes(15) + b"\1", 5)]


@pytest.fixture
def server():
    """A socket at which the test serves."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(PATIENCE)
        yield listening


@pytest.fixture
def server6():
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listening:
        listening.settimeout(PATIENCE)
        yield listening


def port_of(server):
    return str(server.getsockname()[1])


def test_a_dialogue(background, server):
    talk = 'echo hello >&7; read answer <&6; echo "$answer"'
    process = background.start(
        processes.module("tcpclient", *LEAN, "127.0.0.1", port_of(server), "/bin/sh", "-c", talk),
        stdout=subprocess.PIPE,
    )
    connection, _ = server.accept()
    with connection:
        assert connection.recv(100) == b"hello\n"
        connection.sendall(b"world\n")
        assert process.stdout.read() == b"world\n"
    assert process.wait(PATIENCE) == 0


def test_the_programs_code_is_the_code(run, server):
    argv = (*LEAN, "127.0.0.1", port_of(server))
    assert run("tcpclient", *argv, "/bin/sh", "-c", "exit 5").code == 5
    said = FATAL + b"unable to run nonexist: file does not exist\n"
    path = {"PATH": "/usr/bin:/bin"}  # no directory that we may not enter
    assert run("tcpclient", *argv, "nonexist", env=path) == (111, b"", said)


@pytest.mark.parametrize("options", [("-v",), ("-v6",)])
def test_what_the_program_has(run, server, options):
    inherited = {**ENV, "TCPREMOTEHOST": "old", "TCPREMOTEINFO": "old", "TCP6LOCALIP": "kept"}
    port = port_of(server)
    argv = (*options, "-HRl", "me", "-i127.0.0.5", "127.0.0.1", port, "/usr/bin/env")
    done = run("tcpclient", *argv, env=inherited)
    found = environment(done.stdout)
    mapped = "::ffff:" if "6" in options[0] else ""
    local_port = found.pop("TCPLOCALPORT")
    assert found == {
        **ENV, "TCP6LOCALIP": "kept", "PROTO": "TCP6" if mapped else "TCP",
        "TCPLOCALIP": f"{mapped}127.0.0.5", "TCPLOCALHOST": "me",
        "TCPREMOTEIP": f"{mapped}127.0.0.1", "TCPREMOTEPORT": port,
    }  # fmt: skip
    assert int(local_port) > 0
    assert done.stderr == f"tcpclient: connected to {mapped}127.0.0.1 port {port}\n".encode()


def test_ipv6(run, server6):
    argv = ("-vHRl0", "::1", port_of(server6), "/usr/bin/env")
    done = run("tcpclient", *argv, env=ENV)
    found = environment(done.stdout)
    assert (found["PROTO"], found["TCPLOCALIP"], found["TCPREMOTEIP"]) == ("TCP6", "::1", "::1")
    assert done.stderr == f"tcpclient: connected to ::1 port {port_of(server6)}\n".encode()


def test_the_descriptors_of_the_program(server):
    with open("/dev/null", "rb") as passed:
        command = processes.module("tcpclient", *LEAN, "127.0.0.1", port_of(server))
        done = processes.finish(
            [*command, "/bin/ls", "-l", "/proc/self/fd"], pass_fds=[passed.fileno()]
        )
        links = dict(re.findall(rb"(\d+) -> (\S+)", done.stdout))
        assert links.pop(b"%d" % passed.fileno()) == b"/dev/null"
    assert links[b"6"] == links[b"7"]
    assert links[b"6"].startswith(b"socket:")
    assert set(links) == {b"0", b"1", b"2", b"3", b"6", b"7"}  # 3 is the directory that ls reads


def test_refused(run):
    with unreachable.closed() as port:
        said = b"tcpclient: unable to connect to 127.0.0.1 port %d: connection refused\n" % port
        argv = (*LEAN, "127.0.0.1", str(port), "/bin/true")
        assert run("tcpclient", *argv) == (111, b"", said)
        assert run("tcpclient", "-q", *argv) == (111, b"", b"")


def test_one_line_for_each_address_and_silent_ones_last(run):
    with unreachable.silent() as port:
        argv = ("-T0+1", *LEAN, "127.0.0.1.127.0.0.2", str(port), "/bin/true")
        done = run("tcpclient", *argv)
    assert done.code == 111
    assert done.stderr.decode().splitlines() == [
        f"tcpclient: unable to connect to 127.0.0.2 port {port}: connection refused",
        f"tcpclient: unable to connect to 127.0.0.1 port {port}: timed out",
    ]


def test_the_next_address_is_connected_to(run, server):
    port = port_of(server)
    argv = ("-v", *LEAN, "127.0.0.2.127.0.0.1", port, "/bin/true")
    assert run("tcpclient", *argv).stderr.decode().splitlines() == [
        f"tcpclient: unable to connect to 127.0.0.2 port {port}: connection refused",
        f"tcpclient: connected to 127.0.0.1 port {port}",
    ]


SHOW = ("/bin/sh", "-c", 'echo "${TCPLOCALHOST-none}|${TCPREMOTEHOST-none}|${TCPREMOTEINFO-none}"')
TABLE = {
    "1.0.0.127.in-addr.arpa. PTR": ["Here.Example."],
    "3.0.0.127.in-addr.arpa. PTR": ["servfail"],
    "both.test. A": ["127.0.0.2"],
    "both.test. AAAA": ["::1"],
}


@pytest.fixture
def dns(background, monkeypatch):
    monkeypatch.setenv("DNSCACHEIP", "127.0.0.1")
    monkeypatch.setenv("DNSREWRITEFILE", "/nonexistent")
    monkeypatch.setenv("LOCALDOMAIN", "")
    return start_names(background, TABLE)


@pytest.mark.parametrize(
    ("options", "source", "said"),
    [
        (("-R",), "127.0.0.1", b"here.example|here.example|none\n"),
        (("-R",), "127.0.0.2", b"|here.example|none\n"),
        (("-R",), "127.0.0.3", b"none|here.example|none\n"),
        (("-R", "-H"), "127.0.0.1", b"here.example|none|none\n"),
        (("-R", "-l", ""), "127.0.0.1", b"|here.example|none\n"),
        (("-H", "-l0"), "127.0.0.1", b"0|none|joe\n"),
    ],
)
def test_names_and_users(background, server, dns, options, source, said):
    ident = start_ident(background, b"1,2:USERID:UNIX:joe\r\n")
    command = moved(dns.port, ident.port, name="tcpclient")
    done = processes.finish([*command, *options, "-i", source, "127.0.0.1", port_of(server), *SHOW])
    assert done == (0, said, b"")
    if "-R" not in options:
        asked = ident.process.stdout.readline()
        assert re.fullmatch(rb"127.0.0.1 b'%b , \d+\\r\\n'\n" % port_of(server).encode(), asked)


def test_no_user(server):
    with unreachable.closed() as nobody:
        command = moved(0, nobody, name="tcpclient")
        done = processes.finish([*command, "-Hl0", "127.0.0.1", port_of(server), *SHOW])
    assert done == (0, b"0|none|none\n", b"")


def test_a_name_with_addresses_of_both_families(server6, dns):
    port = port_of(server6)
    command = moved(dns.port, 0, name="tcpclient")
    done = processes.finish([*command, "-v", *LEAN, "both.test", port, "/bin/true"])
    assert (done.code, done.stderr.decode().splitlines()) == (0, [
        f"tcpclient: unable to connect to 127.0.0.2 port {port}: connection refused",
        f"tcpclient: connected to ::1 port {port}",
    ])  # fmt: skip


def test_a_chain_of_our_own_programs_in_one_process(server, tmp_path):
    (tmp_path / "WORD").write_text("hello")
    env = {**os.environ, "PATH": processes.our_path()}
    chain = ["envdir", str(tmp_path), "/bin/sh", "-c", "echo $WORD $TCPREMOTEPORT; ls -d /dev/fd/6"]
    done = processes.finish(
        [processes.script("tcpclient"), *LEAN, "127.0.0.1", port_of(server), *chain], env=env
    )
    assert done == (0, f"hello {port_of(server)}\n/dev/fd/6\n".encode(), b"")


def test_a_server_of_ours(background, tmp_path):
    server = tcpservers.start(background, tmp_path, *LEAN, "--", "/bin/echo", "from the server")
    command = processes.module("tcpclient", *LEAN, "127.0.0.1", str(server.port))
    done = processes.finish([*command, "/bin/sh", "-c", "cat <&6"])
    assert done == (0, b"from the server\n", b"")
