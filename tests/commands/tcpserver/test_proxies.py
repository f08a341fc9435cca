"""tcpserver behind proxies: what they tell of their clients counts, and only theirs."""

from __future__ import annotations

import socket
import struct

import pytest

from tests.support.patience import PATIENCE, eventually
from tests.support.processes import children, state
from tests.support.tcpservers import (
    environment,
    moved,
    read_all,
    start,
    start_ident,
    start_names,
    write_rules,
)

LEAN = ("-H", "-R", "-l0")
ENV = "/usr/bin/env"
FACTS = ("PROTO", "TCPREMOTEIP", "TCPREMOTEPORT", "TCPLOCALIP", "TCPLOCALPORT")
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LINE = b"PROXY TCP4 192.0.2.1 203.0.113.9 56324 443\r\n"
BLOCK = SIGNATURE + struct.pack(
    ">BBH16s16sHH5s", 0x21, 0x21, 41, socket.inet_pton(socket.AF_INET6, "2001:db8::7"),
    socket.inet_pton(socket.AF_INET6, "2001:db8::1"), 1, 2, b"\4\0\2hi",
)  # fmt: skip
LOCAL = SIGNATURE + b"\x20\0\0\0"
DROPPING = "tcpserver: warning: dropping connection, "
UNREADABLE = DROPPING + "unable to read PROXY header from 127.0.0.2: "


def talk(server, said, source="127.0.0.2", **options):
    """Be a proxy, or not; read to the end."""
    with server.connect(source=source, **options) as client:
        client.sendall(said)
        return read_all(client)


@pytest.mark.parametrize(
    ("header", "facts", "line"),
    [
        (LINE, ["TCP", "192.0.2.1", "56324", "203.0.113.9", "443"],
         "0:203.0.113.9:443 :192.0.2.1::RPORT"),
        (BLOCK, ["TCP6", "2001:db8::7", "1", "2001:db8::1", "2"],
         "0:[2001:db8::1]:2 :[2001:db8::7]::RPORT"),
        (b"PROXY TCP6 ::ffff:192.0.2.1 ::ffff:203.0.113.9 5 443\r\n",
         ["TCP", "192.0.2.1", "5", "203.0.113.9", "443"], "0:203.0.113.9:443 :192.0.2.1::RPORT"),
    ],
)  # fmt: skip
def test_what_the_header_tells_is_what_counts(background, tmp_path, header, facts, line):
    server = start(background, tmp_path, "-v", *LEAN, "-y127.0.0.2", "--", ENV)
    found = environment(talk(server, header))
    assert [found[name] for name in FACTS] == facts
    assert server.lines(4)[2:4] == [
        f"tcpserver: pid PID from {facts[1]}",
        f"tcpserver: ok PID {line}",
    ]


@pytest.mark.parametrize("header", [b"PROXY UNKNOWN\r\n", LOCAL])
def test_a_header_that_tells_nothing_leaves_the_proxy_as_the_client(background, tmp_path, header):
    server = start(background, tmp_path, *LEAN, "-y127.0.0.2", "--", ENV)
    found = environment(talk(server, header))
    assert [found["TCPREMOTEIP"], found["TCPLOCALIP"]] == ["127.0.0.2", "127.0.0.1"]
    assert found["TCPLOCALPORT"] == str(server.port)


def test_the_program_has_all_that_follows_the_header(background, tmp_path):
    server = start(background, tmp_path, *LEAN, "-y127.0.0.2", "--", "/bin/cat")
    for header in (LINE, BLOCK, LOCAL):
        with server.connect(source="127.0.0.2") as client:
            client.sendall(header + LINE + b"EHLO me\r\n")
            client.shutdown(socket.SHUT_WR)
            assert read_all(client) == LINE + b"EHLO me\r\n"


def test_others_are_served_as_ever_and_never_parsed(background, tmp_path):
    server = start(background, tmp_path, "-v", *LEAN, "-y127.0.0.2,::2", "--", "/bin/cat")
    for said in (LINE, BLOCK, b"", b"\r\n"):
        with server.connect(source="127.0.0.3") as client:
            client.sendall(said)
            client.shutdown(socket.SHUT_WR)
            assert read_all(client) == said
    assert server.lines(4)[3] == "tcpserver: ok PID 0:127.0.0.1:PORT :127.0.0.3::RPORT"


@pytest.mark.parametrize("host", ["0", "127.0.0.1"])
@pytest.mark.parametrize("options", [(), ("-6",)])
def test_a_range_of_proxies(background, tmp_path, host, options):
    options = (*LEAN, *options, "-y", "10.0.0.0/8,127.0.0.0/30")
    server = start(background, tmp_path, *options, "--", ENV, host=host)
    mapped = "::ffff:" if "-6" in options else ""
    for source in ("127.0.0.1", "127.0.0.3"):
        assert environment(talk(server, LINE, source))["TCPREMOTEIP"] == mapped + "192.0.2.1"
    assert environment(talk(server, b"", "127.0.0.4"))["TCPREMOTEIP"] == mapped + "127.0.0.4"


def test_proxies_over_ipv6(background, tmp_path):
    server = start(background, tmp_path, *LEAN, "-y", "::/64", "--", ENV, host="0")
    assert environment(talk(server, BLOCK, None, ip="::1"))["TCPREMOTEIP"] == "2001:db8::7"
    assert environment(talk(server, b"", ip="127.0.0.1"))["TCPREMOTEIP"] == "127.0.0.2"


@pytest.mark.parametrize(
    "said", [b"EHLO me\r\n", b"PROXY TCP4 1.2.3.4\r\n", SIGNATURE + b"\x11" * 4]
)
def test_a_proxy_must_begin_with_a_header(background, tmp_path, said):
    server = start(background, tmp_path, "-v", *LEAN, "-Bhi", "-y127.0.0.2", "--", ENV)
    assert talk(server, said) == b""
    assert server.lines(5)[1:] == [
        "tcpserver: status: 1/40",
        UNREADABLE + "protocol error",
        "tcpserver: end PID status 28416",
        "tcpserver: status: 0/40",
    ]


@pytest.mark.parametrize("said", [b"", LINE[:-2], BLOCK[:-1]])
@pytest.mark.parametrize("patience", ["1", "0"])
def test_a_header_that_is_late(background, tmp_path, said, patience):
    server = start(background, tmp_path, *LEAN, "-T", patience, "-y127.0.0.2", "--", ENV)
    with server.connect(source="127.0.0.2") as client:
        client.sendall(said)
        assert server.lines(1) == [UNREADABLE + "timed out"]
        eventually(lambda: not children(server.process.pid), "the child to end")


def test_a_proxy_that_hangs_up(background, tmp_path):
    server = start(background, tmp_path, *LEAN, "-y127.0.0.2", "--", ENV)
    server.connect(source="127.0.0.2").close()
    assert server.lines(1) == [UNREADABLE + "connection closed"]


def test_nothing_is_sent_before_the_header(background, tmp_path):
    server = start(background, tmp_path, *LEAN, "-Bhi\n", "-y127.0.0.2", "--", "/bin/cat")
    with server.connect(source="127.0.0.2") as client:
        client.setblocking(False)
        eventually(lambda: waiting(server), "a child that waits")
        with pytest.raises(BlockingIOError):
            client.recv(1)
        client.settimeout(PATIENCE)
        client.sendall(LINE)
        assert client.recv(100) == b"hi\n"


def waiting(server):
    return [pid for pid in children(server.process.pid) if state(pid) == "S"]


def test_rules_are_about_the_client_of_the_proxy(background, tmp_path):
    rules = write_rules(tmp_path, {b"192.0.2.1": b"D\0", b"127.": b"D\0", b"": b"+FOUND=all\0"})
    server = start(background, tmp_path, "-v", *LEAN, "-x", rules, "-y127.0.0.2", "--", ENV)
    assert talk(server, LINE) == b""
    assert server.lines(4)[3] == "tcpserver: deny PID 0:203.0.113.9:443 :192.0.2.1::RPORT"
    assert environment(talk(server, LINE.replace(b"192.0.2.1", b"192.0.2.2")))["FOUND"] == "all"
    assert talk(server, b"", source="127.0.0.3") == b""


def test_names_are_those_of_the_header(background, tmp_path):
    names = start_names(background, {
        "1.2.0.192.in-addr.arpa. PTR": ["client.example."],
        "9.113.0.203.in-addr.arpa. PTR": ["server.example."],
    })  # fmt: skip
    command, env = moved(names.port), {"DNSCACHEIP": "127.0.0.1"}
    server = start(background, tmp_path, "-Ry127.0.0.2", "--", ENV, command=command, env=env)
    found = environment(talk(server, LINE))
    assert [found["TCPREMOTEHOST"], found["TCPLOCALHOST"]] == ["client.example", "server.example"]


def test_nobody_is_asked_for_the_user_of_a_connection_that_he_does_not_know(background, tmp_path):
    ident = start_ident(background, b"1, 2 : USERID : UNIX : joe\r\n", ip="127.0.0.2")
    command = moved(ident=ident.port)
    server = start(background, tmp_path, "-Hl0", "-y127.0.0.2", "--", ENV, command=command)
    told = environment(talk(server, b"PROXY TCP4 127.0.0.2 127.0.0.1 5 6\r\n"))
    assert "TCPREMOTEINFO" not in told
    assert environment(talk(server, LOCAL))["TCPREMOTEINFO"] == "joe"
    assert len(ident.questions()) == 1


@pytest.mark.parametrize("words", ["", "localhost", "127.0.0.1/8", "127.0.0.1,"])
def test_a_list_that_is_none(run, words):
    done = run("tcpserver", *LEAN, "-y", words, "127.0.0.1", "0", "/bin/true")
    said = f"tcpserver: fatal: unable to understand -y {words}\n"
    assert done == (100, b"", said.encode())
    assert run("tcpserver", "-q", "-y", words, "127.0.0.1", "0", "/bin/true") == (100, b"", b"")
