"""tcpserver with TLS, its relays, and the clients of others."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from supervise.machines.tunnel import Tunnel
from tests.support import certificates, processes, recordings
from tests.support.certificates import OPENSSL
from tests.support.mail import Home
from tests.support.patience import PATIENCE, eventually
from tests.support.tcpservers import environment, read_all, start

LEAN = ("-v", "-H", "-R", "-l0")
MUCH = 8 << 20  # bytes: more than sockets, pipes and a relay hold
VERSIONS = {"-tls1_2": "TLSv1.2", "-tls1_3": "TLSv1.3"}
SHELL = ("/bin/sh", "-c")


@pytest.fixture
def background(background):
    """What a server leaves to end by itself, because its client is gone, is waited for."""
    yield background
    background.end()
    recordings.gone()


@pytest.fixture
def server(background, tmp_path, certificate):
    """Start one with these options and, after «--», this program."""

    def call(*argv, **options):
        return start(background, tmp_path, *LEAN, "-n", str(certificate.both), *argv, **options)

    return call


@pytest.fixture
def connect(certificate):
    """Be a client of a server."""
    opened = []

    def call(server, version=None, context=None):
        context = context or certificates.client(certificate, version)
        plain = server.connect()
        opened.append(plain)
        client = context.wrap_socket(
            plain, server_hostname=certificates.NAME, suppress_ragged_eofs=False
        )
        opened.append(client)
        return client

    yield call
    for one in opened:
        one.close()


def s_client(server, certificate, *options, said=b""):
    done = subprocess.run(
        [OPENSSL, "s_client", "-connect", f"127.0.0.1:{server.port}", "-quiet", "-verify_quiet",
         "-verify_return_error", "-CAfile", certificate.chain, *options],
        input=said, capture_output=True, timeout=PATIENCE,
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize("option", VERSIONS)
def test_openssl_as_a_client(server, certificate, option):
    running = server("--", *SHELL, 'read line; echo "$line $SSL_PROTOCOL $SSL_CIPHER"; exit 3')
    said = s_client(running, certificate, option, said=b"hello\n").split()
    assert said[:2] == [b"hello", VERSIONS[option].encode()]
    assert running.lines(6) == [
        "tcpserver: status: 0/40",
        "tcpserver: status: 1/40",
        "tcpserver: pid PID from 127.0.0.1",
        "tcpserver: ok PID 0:127.0.0.1:PORT :127.0.0.1::RPORT",
        "tcpserver: end PID status 768",
        "tcpserver: status: 0/40",
    ]


@pytest.mark.parametrize("option", ["-tls1", "-tls1_1"])
def test_what_is_too_old(server, certificate, option):
    running = server("--", "/bin/echo", "hello")
    assert s_client(running, certificate, option, "-cipher", "ALL:@SECLEVEL=0") == b""
    assert running.lines(6)[3:5] == [
        "tcpserver: warning: dropping connection, unable to accept TLS: unsupported protocol",
        "tcpserver: end PID status 28416",
    ]


def test_what_the_program_finds(server, connect):
    running = server("--", "/usr/bin/env", env={"SSL_TLS_SNI": "old", "SSLCTLFD": "0"})
    client = connect(running)
    found = environment(read_all(client))
    tls = {name: value for name, value in found.items() if name.startswith("SSL")}
    assert tls == {
        "SSL_PROTOCOL": "TLSv1.3",
        "SSL_CIPHER": client.cipher()[0],
        "SSL_CIPHER_USEKEYSIZE": str(client.cipher()[2]),
        "SSL_SESSION_RESUMED": "Initial",
        "SSL_TLS_SNI": certificates.NAME,
        "SSL_CLIENT_VERIFY": "NONE",
    }
    assert (found["PROTO"], found["TCPREMOTEIP"]) == ("TCP", "127.0.0.1")
    assert found["TCPREMOTEPORT"] == str(client.getsockname()[1])
    assert not [name for name in found if "KEY" in name and "SIZE" not in name]


def test_the_program_has_three_descriptors_and_they_are_no_socket(server, connect):
    listing = "for one in /proc/$$/fd/*; do readlink $one; done"
    running = server("--", *SHELL, listing)
    names = read_all(connect(running)).decode().split()
    assert [name.partition(":")[0] for name in names] == ["pipe", "pipe", str(running.path)]


def test_the_banner_and_the_rules_after_the_handshake(server, connect, tmp_path):
    (tmp_path / "rules").write_text("127.:deny\n")
    names = [str(tmp_path / name) for name in ("rules.cdb", "rules.tmp")]
    processes.finish(processes.module("tcprules", *names), b"127.:deny\n")
    running = server("-Bhello", "-x", names[0], "--", "/bin/true")
    assert read_all(connect(running)) == b"hello"
    assert running.lines(6)[3:] == [
        "tcpserver: deny PID 0:127.0.0.1:PORT :127.0.0.1::RPORT",
        "tcpserver: end PID status 25600",
        "tcpserver: status: 0/40",
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"EHLO me.example\r\n", "wrong version number"),
        (b"GET / HTTP/1.0\r\n\r\n", "http request"),
        (b"\x16\x03", "connection closed"),
        (b"", "connection closed"),
    ],
)
def test_a_client_that_speaks_no_tls(server, text, reason):
    running = server("--", "/bin/echo", "never")
    with running.connect() as client:
        client.sendall(text)
        client.shutdown(socket.SHUT_WR)
        assert b"never" not in read_all(client)
    assert running.lines(6)[3:] == [
        f"tcpserver: warning: dropping connection, unable to accept TLS: {reason}",
        "tcpserver: end PID status 28416",
        "tcpserver: status: 0/40",
    ]


def test_a_client_that_asks_for_a_name_that_is_no_text(server, certificate):
    """The library would print that as an exception."""
    client = Tunnel(certificates.client(certificate), server=False, name="aaaa.example")
    client.begin()
    running = server("--", "/bin/echo", "never")
    with running.connect() as plain:
        plain.sendall(client.to_network.replace(b"aaaa", b"\xff\xfe\xfd\xfc"))
        assert b"never" not in read_all(plain)
    assert running.lines(6)[3:] == [
        "tcpserver: warning: dropping connection, unable to accept TLS: callback failed",
        "tcpserver: end PID status 28416",
        "tcpserver: status: 0/40",
    ]


def takes_no_more(client):
    """Whether the server has hung up, which takes another byte otherwise."""
    try:
        client.send(b"x")
    except OSError:
        return True
    return False


@pytest.mark.parametrize("trickle", [False, True])
def test_a_client_that_stops_in_the_handshake_costs_a_slot_for_a_time(server, trickle):
    running = server("-c1", "-T1", "--", "/bin/echo", "never")
    with running.connect() as client:
        client.sendall(b"\x16\x03\x01\x01\x00")
        if trickle:
            eventually(lambda: takes_no_more(client))
        assert running.lines(6)[3:] == [
            "tcpserver: warning: dropping connection, unable to accept TLS: timed out",
            "tcpserver: end PID status 28416",
            "tcpserver: status: 0/1",
        ]


def test_the_status_is_that_of_the_program(server, connect):
    running = server("--", *SHELL, "kill -9 $$")
    assert read_all(connect(running)) == b""
    assert running.lines(6)[4] == "tcpserver: end PID status 9"


def test_a_program_that_is_not_there(server, connect):
    running = server("--", "/no/such/program")
    assert read_all(connect(running)) == b""
    assert running.lines(7)[4:] == [
        "tcpserver: warning: dropping connection, "
        "unable to run /no/such/program: file does not exist",
        "tcpserver: end PID status 28416",
        "tcpserver: status: 0/40",
    ]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_much_both_ways_at_once(server, connect, version):
    client = connect(server("--", "/bin/cat"), version)
    text = os.urandom(1 << 16) * (MUCH >> 16)
    said, got = memoryview(text), bytearray()
    client.setblocking(False)
    while len(got) < len(text):
        try:
            said = said[client.send(said[: 1 << 16]) :] if said else said
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        try:
            got += client.recv(1 << 16)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
    assert bytes(got) == text


def exchange(client, plain):
    """Send what waits, and hear once."""
    plain.sendall(client.to_network)
    client.sent(len(client.to_network))
    client.arrived(plain.recv(1 << 16))


def test_a_client_that_has_said_everything_is_answered(server, certificate):
    running = server("--", *SHELL, "cat; echo that was all")
    client = Tunnel(certificates.client(certificate), server=False, name=certificates.NAME)
    client.begin()
    with running.connect() as plain:
        while not client.shaken:
            exchange(client, plain)
        client.said(b"words ")
        client.said(b"")
        while client.hearing:
            exchange(client, plain)
    assert client.to_program == b"words that was all\n"


def test_a_program_that_has_said_everything_hears_the_rest(server, connect, tmp_path):
    running = server("--", *SHELL, f"echo hello; exec >&-; cat >{tmp_path}/rest")
    client = connect(running)
    assert read_all(client) == b"hello\n"
    client.sendall(b"the rest")
    client.close()
    eventually(lambda: b" end " in running.log())
    assert (tmp_path / "rest").read_bytes() == b"the rest"


def test_a_relay_holds_the_slot_of_its_program_until_it_has_sent_everything(
    server, connect, tmp_path
):
    """It is stopped here, as a slow client would stop it."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    running = server("-c1", "--", *SHELL, f"echo ready; read line <{gate}; echo bye")
    client = connect(running)
    assert client.recv(100) == b"ready\n"
    (keyholder,) = filter(processes.children, processes.children(running.process.pid))
    (relay,) = processes.children(keyholder)
    os.kill(relay, signal.SIGSTOP)
    gate.write_text("\n")
    eventually(lambda: b" end " in running.log())
    assert running.lines(5)[-1] == "tcpserver: end PID status 0"
    os.kill(relay, signal.SIGCONT)
    assert read_all(client) == b"bye\n"
    assert running.lines(6)[-1] == "tcpserver: status: 0/1"


def test_a_session_goes_on_in_another_child(server, certificate):
    running = server("--", *SHELL, "echo $SSL_SESSION_RESUMED")
    context, session, answers = certificates.client(certificate), None, []
    for _ in range(2):
        with (
            running.connect() as plain,
            context.wrap_socket(
                plain, server_hostname=certificates.NAME, session=session
            ) as client,
        ):
            answers.append(client.recv(100))
            session = client.session
    assert answers == [b"Initial\n", b"Resumed\n"]


def test_no_child_of_the_program_and_no_zombie(server, connect):
    running = server("--", *SHELL, "cat /proc/$$/task/$$/children; echo; read line")
    client = connect(running)
    assert len(client.makefile("rb").readline().split()) == 1, "cat alone"
    client.sendall(b"\n")
    client.close()
    eventually(lambda: b" end " in running.log())
    (keyholder,) = processes.children(running.process.pid)
    children = Path(f"/proc/{keyholder}/task/{keyholder}/children")
    eventually(lambda: children.read_bytes() == b"", "no child, and no zombie")
    eventually(lambda: b"status: 0/40\n" in running.log()[-30:])


def test_a_relay_that_is_killed_ends_its_connection_and_no_other(server, connect):
    running = server("--", "/bin/cat")
    client, other = connect(running), connect(running)
    for one in (client, other):
        one.sendall(b"x")
        assert one.recv(1) == b"x"
    keyholder = next(filter(processes.children, processes.children(running.process.pid)))
    os.kill(processes.children(keyholder)[0], 9)
    eventually(lambda: b" end " in running.log())
    other.sendall(b"y")
    assert other.recv(1) == b"y"


def memory(pid: int) -> bytes:
    """What a process may write to, as it is now."""
    found = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            begin, end, modes = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
            if modes.startswith("rw"):
                mem.seek(int(begin, 16))
                try:
                    found.append(mem.read(int(end, 16) - int(begin, 16)))
                except OSError:
                    pass
    return b"".join(found)


def secrets(certificate) -> list[bytes]:
    """The number that is the key, as the library and as its file have it, in both byte orders."""
    text = subprocess.run(
        [OPENSSL, "pkey", "-in", certificate.key, "-noout", "-text"],
        capture_output=True,
        check=True,
    ).stdout.decode()
    digits = re.search(r"priv:\n([\s0-9a-f:]+)pub:", text)[1]
    number = bytes.fromhex(re.sub(r"[\s:]", "", digits))[-32:]
    return [number, number[::-1], certificate.key.read_bytes().split(b"\n")[1]]


@pytest.mark.needs_root
def test_a_program_of_ours_has_no_key_in_its_memory(server, connect, certificate, tmp_path):
    """It is called in place, in a fork of tcpserver; so that must have none either."""
    home = Home(tmp_path / "home")
    env = home.environment(PATH=processes.our_path())
    running = server("--", "qmail-smtpd", env=env)
    client = connect(running)
    assert client.recv(100) == b"220 me.example ESMTP\r\n"
    pid = int(re.search(rb"ok (\d+)", running.log())[1])
    keyholder = next(filter(processes.children, processes.children(running.process.pid)))
    known = secrets(certificate)
    assert any(secret in memory(keyholder) for secret in known), "else this proves nothing"
    for one in (running.process.pid, pid):
        held = memory(one)
        assert [secret in held for secret in known] == [False] * 3


@pytest.mark.needs_root
def test_the_key_is_read_as_root_and_nobody_goes_on_as_root(server, connect, certificate, tmp_path):
    certificate.both.chmod(0o600)
    running = server("-u4321", "-g1234", "--", *SHELL, "id; read line")
    client = connect(running)
    assert client.recv(100) == b"uid=4321 gid=1234 groups=1234\n"
    family = processes.descendants(running.process.pid)
    assert len(family) == 3, "the shell, the keyholder and the relay"
    for pid in family:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        assert {"Uid:\t4321\t4321\t4321\t4321", "Gid:\t1234\t1234\t1234\t1234"} <= set(lines)


def test_without_the_process_that_holds_the_key_the_server_ends(server):
    running = server("--", "/bin/true")
    (keyholder,) = processes.children(running.process.pid)
    os.kill(keyholder, 9)
    assert running.process.wait(PATIENCE) == 111
    assert running.lines(2)[1] == "tcpserver: fatal: lost the process that holds the key"


def test_a_server_that_ends_leaves_its_connections_and_no_keyholder(server, connect):
    running = server("--", "/bin/cat")
    client = connect(running)
    client.sendall(b"x")
    assert client.recv(1) == b"x"
    (keyholder,) = (
        pid for pid in processes.children(running.process.pid) if processes.children(pid)
    )
    assert running.stop() == 0
    eventually(lambda: processes.state(keyholder) in ("Z", "gone"))
    client.sendall(b"y")
    assert client.recv(1) == b"y"


def test_tcpserver_itself_does_not_load_the_library(server):
    running = server("--", "/bin/true")
    (keyholder,) = processes.children(running.process.pid)
    loads = [b"libssl" in Path(f"/proc/{pid}/maps").read_bytes()
             for pid in (running.process.pid, keyholder)]  # fmt: skip
    assert loads == [False, True]


def test_a_new_certificate_counts_from_a_hangup_on(background, connect, certificate, tmp_path):
    used = tmp_path / "used.pem"
    used.write_bytes(certificate.both.read_bytes())
    running = start(background, tmp_path, *LEAN, "-n", str(used), "--", "/bin/echo", "hello")
    assert read_all(connect(running)) == b"hello\n"
    (tmp_path / "new").mkdir()
    new = certificates.make(tmp_path / "new")
    used.write_bytes(new.both.read_bytes())
    running.process.send_signal(signal.SIGHUP)

    def renewed():
        try:
            return read_all(connect(running, context=certificates.client(new))) == b"hello\n"
        except ssl.SSLCertVerificationError:
            return False

    eventually(renewed)
    used.write_bytes(b"nonsense")
    running.process.send_signal(signal.SIGHUP)
    warning = b"tcpserver: warning: going on with the old certificate: unable to read certificate"
    eventually(lambda: warning in running.log())
    assert renewed()
