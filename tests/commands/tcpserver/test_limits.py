"""tcpserver's limits on the clients of an address, of a network, and on the load."""

from __future__ import annotations

import socket
import struct

import pytest

from tests.support.patience import eventually
from tests.support.tcpservers import environment, read_all, start, write_rules

LEAN = ("-H", "-R", "-l0")
ENV = "/usr/bin/env"
HELLO = ("/bin/sh", "-c", "echo $TCPCONCURRENCY; exec cat")


@pytest.fixture
def stay():
    """Clients that stay until the test is over; answers what each is greeted with."""
    clients = []

    def call(server, source="127.0.0.2", said=b"", **options):
        clients.append(server.connect(source=source, **options))
        clients[-1].sendall(said)
        return clients[-1].recv(100)

    yield call
    for client in clients:
        client.close()


def proxied(last):
    return b"PROXY TCP4 192.0.2.%d 127.0.0.1 5 6\r\n" % last


def denials(server):
    return [line for line in server.lines(0) if " deny " in line]


def denied(server, number=1):
    """The last of so many denials."""
    return eventually(lambda: denials(server)[number - 1 :], f"{number} denials")


def test_one_more_from_an_address_is_told_so_and_closed(background, tmp_path, stay):
    server = start(background, tmp_path, "-v", "-C2:421 \\\\ no\\r\\n", *LEAN, "--", *HELLO)
    assert [stay(server) for _ in range(2)] == [b"1\n", b"2\n"]
    assert server.talk(source="127.0.0.2") == b"421 \\ no\r\n"
    assert denied(server) == [
        "tcpserver: deny PID 0:127.0.0.1:PORT :127.0.0.2::RPORT CONCURRENCY:3/2"
    ]
    assert "tcpserver: end PID status 25600" in server.lines(12)
    assert stay(server, "127.0.0.3") == b"1\n"


def test_an_address_has_room_again_when_a_connection_has_ended(background, tmp_path):
    server = start(background, tmp_path, "-v", "-C1", *LEAN, "--", *HELLO)
    for _ in range(3):
        with server.connect() as client:
            assert client.recv(100) == b"1\n"
            assert server.talk() == b""
        eventually(lambda: server.lines(0)[-1] == "tcpserver: status: 0/40", "the end")


@pytest.mark.parametrize("word", ["0", "junk", "0:no"])
def test_a_limit_of_nothing_refuses_everybody(background, tmp_path, word):
    server = start(background, tmp_path, "-v", "-C", word, "-Bhi", *LEAN, "--", *HELLO)
    assert server.talk() == (b"no" if ":" in word else b"")
    assert denied(server)[0].endswith(" CONCURRENCY:1/0")


def test_a_message_that_the_client_does_not_take_keeps_nobody(background, tmp_path):
    message = "x" * 100_000
    server = start(background, tmp_path, "-v", f"-C0:{message}", *LEAN, "--", *HELLO)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        client.connect(("127.0.0.1", server.port))
        eventually(lambda: "tcpserver: end PID status 25600" in server.lines(0), "the end")


def test_who_is_one_too_many_costs_no_look_up_and_has_no_banner(background, tmp_path):
    silent = {"DNSCACHEIP": "192.0.2.1"}
    server = start(background, tmp_path, "-v", "-C0", "-Bhi", "--", *HELLO, env=silent)
    assert server.talk() == b""
    assert denied(server) == [
        "tcpserver: deny PID :127.0.0.1:PORT :127.0.0.1::RPORT CONCURRENCY:1/0"
    ]


def test_limits_may_be_in_files(background, tmp_path, stay):
    (tmp_path / "total").write_text("3\n")
    (tmp_path / "each").write_text("1:421 no: never\\n\n")
    server = start(
        background, tmp_path, "-v", "-c", str(tmp_path / "total"), "-C", str(tmp_path / "each"),
        *LEAN, "--", *HELLO,
    )  # fmt: skip
    assert server.lines(1) == ["tcpserver: status: 0/3"]
    assert stay(server) == b"1\n"
    assert server.talk(source="127.0.0.2") == b"421 no: never\n"


@pytest.mark.parametrize("option", ["-c", "-C"])
def test_a_bad_file_of_limits(run, tmp_path, option):
    (tmp_path / "bad").write_text("many\n")
    for name, why in (("bad", "no number"), ("none", "file does not exist")):
        done = run("tcpserver", option, f"{tmp_path}/{name}", "127.0.0.1", "0", "/bin/true")
        said = f"tcpserver: fatal: unable to read {tmp_path}/{name}: {why}\n"
        assert done == (111, b"", said.encode())


def test_variables_of_the_environment_are_for_everybody(background, tmp_path, stay):
    env = {"MAXCONNIP": "1", "MAXCONNC": "3", "DIEMSG": "421 no"}
    server = start(background, tmp_path, "-v", *LEAN, "--", *HELLO, env=env)
    assert stay(server, "127.0.0.2") == b"1\n"
    assert server.talk(source="127.0.0.2") == b"421 no\r\n"
    assert denied(server)[0].endswith(":127.0.0.2::RPORT MAXCONNIP:2/1")
    assert [stay(server, f"127.0.0.{last}") for last in (3, 4)] == [b"1\n"] * 2
    assert server.talk(source="127.0.0.5") == b"421 no\r\n"
    assert denied(server, 2)[0].endswith(":127.0.0.5::RPORT MAXCONNC:4/3")
    assert stay(server, "127.0.1.5") == b"1\n"


def test_who_is_refused_by_a_variable_has_had_the_banner(background, tmp_path):
    env = {"MAXCONNIP": "0", "DIEMSG": "421 no"}
    server = start(background, tmp_path, "-B220 hi\r\n", *LEAN, "--", *HELLO, env=env)
    assert server.talk() == b"220 hi\r\n421 no\r\n"


def test_variables_of_a_rule_are_for_its_clients(background, tmp_path, stay):
    rules = write_rules(tmp_path, {
        b"127.0.0.2": b"+MAXCONNIP=0\0+DIEMSG=one\0",
        b"127.0.0.3": b"+MAXCONNIP=\0",
        b"127.0.0.4": b"D\0+DIEMSG=denied\0",
        b"127.0.1.": b"+MAXCONNNET=31:1\0",
    })  # fmt: skip
    env = {"MAXCONNIP": "1", "DIEMSG": "all"}
    server = start(background, tmp_path, "-v", "-x", rules, *LEAN, "--", *HELLO, env=env)
    assert server.talk(source="127.0.0.2") == b"one\r\n"
    assert [stay(server, "127.0.0.3") for _ in range(3)] == [b"\n"] * 3
    assert server.talk(source="127.0.0.4") == b""
    assert stay(server, "127.0.0.5") == b"1\n"
    assert server.talk(source="127.0.0.5") == b"all\r\n"
    assert stay(server, "127.0.1.2") == b"1\n"
    assert server.talk(source="127.0.1.3") == b"all\r\n"
    assert [line.rpartition(":RPORT")[2] for line in denials(server)] == [
        " MAXCONNIP:1/0", "", " MAXCONNIP:2/1", " MAXCONNNET:2/1",
    ]  # fmt: skip


def test_networks_of_ipv6(background, tmp_path, stay):
    env = {"MAXCONNC": "1"}
    server = start(background, tmp_path, "-v", *LEAN, "-y::1", "--", *HELLO, host="::1", env=env)

    def header(ip):
        packed = socket.inet_pton(socket.AF_INET6, ip)
        body = struct.pack(">16s16sHH", packed, packed, 1, 2)
        return b"\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24" + body

    assert stay(server, None, header("2001:db8::1")) == b"\n"
    with server.connect() as client:
        client.sendall(header("2001:db8:0:0:ffff::1"))
        assert read_all(client) == b""
    assert denied(server)[0].endswith(" MAXCONNC:2/1")
    assert stay(server, None, header("2001:db8:0:1::1")) == b"\n"


def test_ipv4_clients_as_ipv6_ones_are_still_of_a_small_network(background, tmp_path, stay):
    options = ("-v6", *LEAN, "--", *HELLO)
    server = start(background, tmp_path, *options, host="0", env={"MAXCONNC": "1"})
    assert stay(server, "127.0.0.2") == b"\n"
    assert stay(server, "127.0.1.2") == b"\n"
    assert server.talk(source="127.0.0.3") == b""


@pytest.mark.parametrize(("most", "answer"), [("0", b"421 busy\r\n"), ("99999999", b"\n")])
def test_the_load(background, tmp_path, stay, most, answer):
    env = {"MAXLOAD": most, "DIEMSG": "421 busy"}
    server = start(background, tmp_path, "-v", *LEAN, "--", *HELLO, env=env)
    assert stay(server) == answer
    if most == "0":
        name, _, figures = denied(server)[0].rpartition(" ")[2].partition(":")
        assert (name, figures.partition("/")[2]) == ("LOAD", "0")


def test_the_clients_of_a_proxy_are_counted_each_for_itself(background, tmp_path, stay):
    server = start(background, tmp_path, "-v", "-C1:no", "-y127.0.0.2", *LEAN, "--", *HELLO)
    assert stay(server, said=proxied(1)) == b"1\n"
    assert stay(server, said=proxied(2)) == b"1\n"
    assert stay(server, said=proxied(1)) == b"no"
    assert stay(server, said=b"PROXY UNKNOWN\r\n") == b"1\n"
    assert denied(server)[0].endswith(":192.0.2.1::RPORT CONCURRENCY:2/1")


def test_who_has_not_come_through_the_header_is_not_counted(background, tmp_path, stay):
    server = start(background, tmp_path, "-v", "-C1", "-y127.0.0.2", *LEAN, "--", *HELLO)
    waiting = [server.connect(source="127.0.0.2") for _ in range(3)]
    server.lines(4)
    assert stay(server, said=b"PROXY UNKNOWN\r\n") == b"1\n"
    for client in waiting:
        client.close()


def test_no_count_is_inherited_from_another_server(background, tmp_path):
    env = {"TCPCONCURRENCY": "7"}
    server = start(background, tmp_path, *LEAN, "--", ENV, env=env)
    assert "TCPCONCURRENCY" not in environment(server.talk())
    server = start(background, tmp_path, "-C9", *LEAN, "--", ENV, env=env)
    assert environment(server.talk())["TCPCONCURRENCY"] == "1"
