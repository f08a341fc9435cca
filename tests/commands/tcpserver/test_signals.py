"""tcpserver's signals: to read limits again, to tell who is connected, and to end with grace."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import socket
import subprocess

import pytest

from tests.support.patience import PATIENCE, eventually
from tests.support.processes import children, state
from tests.support.tcpservers import OURS, read_all, start

LEAN = ("-H", "-R", "-l0")
HELLO = ("/bin/sh", "-c", "echo hello; exec cat")


@pytest.fixture
def stay():
    """Clients that stay until the test is over."""
    clients = []

    def call(server, **options):
        clients.append(server.connect(**options))
        assert clients[-1].recv(6) == b"hello\n"
        return clients[-1]

    yield call
    for client in clients:
        client.close()


def logged(server, line):
    eventually(lambda: line in server.lines(0), line)


def test_new_limits_from_files(background, tmp_path, stay):
    total, each = tmp_path / "total", tmp_path / "each"
    total.write_text("5\n")
    each.write_text("1:no\n")
    server = start(
        background, tmp_path, "-v", "-c", str(total), "-C", str(each), *LEAN, "--", *HELLO
    )
    stay(server, source="127.0.0.2")
    assert server.talk(source="127.0.0.2") == b"no"
    total.write_text("7\n")
    each.write_text("2:never\n")
    server.process.send_signal(signal.SIGHUP)
    logged(server, "tcpserver: status: 1/7")
    stay(server, source="127.0.0.2")
    assert server.talk(source="127.0.0.2") == b"never"


def test_a_lower_limit_sends_nobody_away(background, tmp_path, stay):
    total = tmp_path / "total"
    total.write_text("3\n")
    server = start(background, tmp_path, "-v", "-c", str(total), *LEAN, "--", *HELLO)
    here = [stay(server) for _ in range(3)]
    total.write_text("1\n")
    server.process.send_signal(signal.SIGHUP)
    logged(server, "tcpserver: status: 3/1")
    with server.connect() as waiting:
        for number, client in enumerate(here):
            client.sendall(b"still here\n")
            assert client.recv(100) == b"still here\n"
            client.close()
            logged(server, f"tcpserver: status: {2 - number}/1")
        assert waiting.recv(6) == b"hello\n"


def test_a_higher_limit_counts_at_once(background, tmp_path, stay):
    total = tmp_path / "total"
    total.write_text("0\n")
    server = start(background, tmp_path, "-v", "-c", str(total), *LEAN, "--", *HELLO)
    with server.connect() as waiting:
        total.write_text("1\n")
        server.process.send_signal(signal.SIGHUP)
        assert waiting.recv(6) == b"hello\n"


def test_a_bad_file_changes_nothing(background, tmp_path, stay):
    total = tmp_path / "total"
    total.write_text("3\n")
    server = start(background, tmp_path, "-c", str(total), *LEAN, "--", *HELLO)
    total.write_text("many\n")
    server.process.send_signal(signal.SIGHUP)
    assert server.lines(1) == [
        f"tcpserver: warning: going on with the old limits: unable to read {total}: no number"
    ]
    stay(server)
    total.unlink()
    server.process.send_signal(signal.SIGHUP)
    assert server.lines(2)[1].endswith(f"unable to read {total}: file does not exist")


def test_to_hang_up_is_no_reason_to_end(background, tmp_path, stay):
    server = start(background, tmp_path, "-v", *LEAN, "--", *HELLO)
    server.process.send_signal(signal.SIGHUP)
    stay(server)
    assert len(server.lines(4)) == 4


def test_the_program_is_not_deaf_to_our_signals(background, tmp_path):
    server = start(background, tmp_path, *LEAN, "--", "/bin/sh", "-c", "kill -HUP $$; echo alive")
    assert server.talk() == b""


def test_signals_that_were_ignored_stay_so(background, tmp_path, stay):
    command = [
        "/bin/sh",
        "-c",
        "trap '' HUP USR1; exec \"$@\"",
        "sh",
        *OURS,
    ]
    server = start(background, tmp_path, *LEAN, "--", *HELLO, command=command)
    server.process.send_signal(signal.SIGUSR1)
    server.process.send_signal(signal.SIGHUP)
    stay(server)
    assert server.log() == b""


def test_who_is_connected(background, tmp_path, stay):
    server = start(background, tmp_path, *LEAN, "--", *HELLO, host="0")
    stay(server, source="127.0.0.2")
    stay(server, ip="::1")
    first, second = children(server.process.pid)
    server.process.send_signal(signal.SIGUSR1)
    eventually(lambda: server.log().count(b"\n") == 3, "three lines")
    lines = re.sub(r" \d+$", " SECONDS", server.log().decode(), flags=re.MULTILINE).splitlines()
    assert lines == [
        "tcpserver: status: 2/40",
        f"tcpserver: open {first} :127.0.0.2 SECONDS",
        f"tcpserver: open {second} :[::1] SECONDS",
    ]


def test_who_is_connected_behind_a_proxy(background, tmp_path):
    server = start(background, tmp_path, *LEAN, "-y127.0.0.2", "--", *HELLO)
    with server.connect(source="127.0.0.2") as client, server.connect(source="127.0.0.2"):
        client.sendall(b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n")
        assert client.recv(6) == b"hello\n"
        eventually(lambda: len(children(server.process.pid)) == 2)
        server.process.send_signal(signal.SIGUSR1)
        eventually(lambda: server.log().count(b"\n") == 3, "three lines")
        assert sorted(line.split()[3] for line in server.log().decode().splitlines()[1:]) == [
            ":127.0.0.2", ":192.0.2.1",
        ]  # fmt: skip


def test_nobody_is_told_of_by_a_silent_server(background, tmp_path, stay):
    server = start(background, tmp_path, "-q", *LEAN, "--", *HELLO)
    stay(server)
    server.process.send_signal(signal.SIGUSR1)
    stay(server)
    assert server.log() == b""


def test_a_reader_who_is_slow_keeps_nobody_from_being_served(background, tmp_path):
    """A pipe of one page holds what is told of some hundred connections."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(writing, False)
    os.write(writing, b"x" * 4096)
    os.set_blocking(writing, True)
    process = background.start(
        [*OURS, "-1", *LEAN, "127.0.0.1", "0", *HELLO],
        stdout=subprocess.PIPE, stderr=writing,
    )  # fmt: skip
    os.close(writing)
    port = int(process.stdout.readline())
    process.send_signal(signal.SIGUSR1)
    eventually(lambda: [state(pid) for pid in children(process.pid)] == ["S"], "one who tells")
    for _ in range(3):
        process.send_signal(signal.SIGUSR1)  # and nobody more
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
            assert client.recv(6) == b"hello\n"
    told = b""
    while b"0/40\n" not in told:
        told += os.read(reading, 4096)
    assert told == b"x" * 4096 + b"tcpserver: status: 0/40\n"
    eventually(lambda: not children(process.pid))
    os.set_blocking(reading, False)
    with pytest.raises(BlockingIOError):
        os.read(reading, 1)
    os.set_blocking(reading, True)
    process.send_signal(signal.SIGUSR1)
    assert os.read(reading, 4096) == b"tcpserver: status: 0/40\n"
    os.close(reading)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_with_grace_it_ends_after_its_children(background, tmp_path, stay, number):
    server = start(background, tmp_path, "-v", "-G1000", *LEAN, "--", *HELLO)
    clients = [stay(server) for _ in range(2)]
    server.process.send_signal(number)
    eventually(lambda: refuses(server), "the address is free")
    for client in clients:
        client.sendall(b"on\n")
        assert client.recv(100) == b"on\n"
        assert server.process.poll() is None
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == b""
    assert server.process.wait(PATIENCE) == 0
    assert [line for line in server.lines(0) if "warning" in line] == []
    assert server.lines(0)[-1] == "tcpserver: status: 0/40"


def refuses(server):
    try:
        server.connect().close()
    except (ConnectionRefusedError, ConnectionResetError):
        return True
    return False


def test_the_next_server_can_begin_while_the_grace_lasts(background, tmp_path, stay):
    server = start(background, tmp_path, "-G1000", *LEAN, "--", *HELLO)
    client = stay(server)
    server.process.send_signal(signal.SIGTERM)
    eventually(lambda: refuses(server))
    command = [*OURS, "-1", *LEAN, "127.0.0.1", str(server.port), *HELLO]
    following = background.start(command, stdout=subprocess.PIPE)
    assert following.stdout.readline() == b"%d\n" % server.port
    stay(server)
    client.close()
    assert server.process.wait(PATIENCE) == 0


def test_nobody_is_waited_for_where_nobody_is(background, tmp_path):
    server = start(background, tmp_path, "-G1000", *LEAN, "--", *HELLO)
    assert server.stop() == 0


@pytest.mark.parametrize("grace", ["0", "1"])
def test_who_is_there_after_the_grace_is_told_to_end(background, tmp_path, stay, grace):
    server = start(background, tmp_path, "-G", grace, *LEAN, "--", *HELLO)
    clients = [stay(server) for _ in range(3)]
    stopped, *_ = children(server.process.pid)
    os.kill(stopped, signal.SIGSTOP)
    assert server.stop() == 0
    assert [read_all(client) for client in clients] == [b""] * 3
    said = f"tcpserver: warning: sending TERM to children left after {grace} seconds: 3"
    assert server.lines(0) == [said]


def test_a_second_signal_ends_it_at_once_and_not_its_children(background, tmp_path, stay):
    server = start(background, tmp_path, "-G1000", *LEAN, "--", *HELLO)
    client = stay(server)
    server.process.send_signal(signal.SIGTERM)
    eventually(lambda: refuses(server))
    assert server.stop() == 0
    client.sendall(b"on\n")
    assert client.recv(100) == b"on\n"


def test_any_grace_is_a_time(background, tmp_path, stay):
    server = start(background, tmp_path, "-G", str(2**64 - 1), *LEAN, "--", *HELLO)
    client = stay(server)
    server.process.send_signal(signal.SIGTERM)
    eventually(lambda: refuses(server))
    client.close()
    assert server.process.wait(PATIENCE) == 0
