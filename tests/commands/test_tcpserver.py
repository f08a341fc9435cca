from __future__ import annotations

import os
import resource
import signal
import socket
import sys
from pathlib import Path

import pytest

from supervise.commands import tcpserver
from tests.support import certificates, processes, recordings, tcpservers
from tests.support.patience import PATIENCE, eventually
from tests.support.tcpservers import (
    environment,
    moved,
    start,
    start_ident,
    start_names,
    ticks,
    write_rules,
)


@pytest.fixture
def background(background):
    """What a server leaves to end by itself, because its client is gone, is waited for."""
    yield background
    background.end()
    recordings.gone()


USAGE = tcpserver.USAGE.encode() + b"\n"
LEAN = ("-H", "-R", "-l0")
ENV = "/usr/bin/env"


def test_the_usage_is_the_one_of_the_ipv6_package():
    assert tcpserver.USAGE == (
        "tcpserver: usage: tcpserver [ -461UXpPhHrRoOdDqQv ] [ -c limit ] [ -C limit:msg ]"
        " [ -x rules.cdb ] [ -B banner ] [ -g gid ] [ -u uid ] [ -b backlog ] [ -l localname ]"
        " [ -t timeout ] [ -T handshaketimeout ] [ -y proxies ] [ -n certificate ]"
        " [ -N certificate ] [ -G grace ] [ -I interface ] host port program"
    )


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ((), USAGE),
        (("0", "0"), USAGE),
        (("-vHRl0", "0", "0"), USAGE),
        (("-q",), b""),
        (("-vq", "0"), b""),
        (("-qv", "0"), USAGE),
        (("-Z",), b"tcpserver: illegal option -- Z\n" + USAGE),
        (("-q", "-Z"), b"tcpserver: illegal option -- Z\n" + USAGE),
        (("-vc",), b"tcpserver: option requires an argument -- c\n" + USAGE),
    ],
)
def test_wrong_usage(run, argv, said):
    assert run("tcpserver", *argv) == (100, b"", said)


FATAL = b"tcpserver: fatal: "


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("0", "80x"), b"unable to figure out port number for 80x"),
        (("0", "no-such-service"), b"unable to figure out port number for no-such-service"),
        (("127.1", "0"), b"no IP address for 127.1"),
        (("-4", "::1", "0"), b"no IP address for ::1"),
        (("192.0.2.1", "0"), b"unable to bind: address not available"),
        (("-I", "no-such-if", "::1", "0"),
         b"unable to find interface no-such-if: device not configured"),
        (("--", "::1%no-such-if", "0"),
         b"unable to find interface no-such-if: device not configured"),
        (("-n", "none", "127.0.0.1", "0"),
         b"unable to read certificate none: file does not exist"),
    ],
)  # fmt: skip
def test_what_cannot_begin(run, argv, said):
    assert run("tcpserver", *argv, "/bin/true") == (111, b"", FATAL + said + b"\n")
    assert run("tcpserver", "-q", *argv, "/bin/true") == (111, b"", b"")


def test_a_port_that_is_taken(run):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = run("tcpserver", "127.0.0.1", port, "/bin/true")
    assert done == (111, b"", FATAL + b"unable to bind: address already used\n")


def test_options_are_read_left_to_right_and_the_last_one_wins(monkeypatch):
    monkeypatch.setenv("UID", "1000")
    monkeypatch.setenv("GID", "100x")
    wanted, operands = tcpserver.read(
        ["-vqQ", "-c5", "-c", "7x", "-C3:hi", "-b", "", "-tx", "-T9", "-G8", "-y::1,", "-U",
         "-u", "77", "-pPp", "-DdD", "-oO", "-l", "", "-Bhi", "-x", "rules", "-X", "-461", "-I",
         "eth0", "-N", "other", "-ncert", "--", "h", "-p"]
    )  # fmt: skip
    assert operands == ["h", "-p"]
    assert vars(wanted) == {
        "verbosity": 1, "total": b"7x", "per_address": b"3:hi", "backlog": 0, "patience": 0,
        "handshake_patience": 9, "grace": 8, "user": 77, "group": 100, "paranoid": True,
        "at_once": True,
        "keep_ip_options": False, "local_name": b"", "banner": b"hi", "rules": "rules",
        "rules_may_miss": True, "only_ipv4": True, "as_ipv6": True, "print_port": True,
        "interface": "eth0", "proxy_words": b"::1,", "certificate": "cert",
        "tls_delayed": False,
    }  # fmt: skip


def test_without_uid_and_gid_in_the_environment_nothing_changes(monkeypatch):
    monkeypatch.delenv("UID", raising=False)
    monkeypatch.delenv("GID", raising=False)
    assert vars(tcpserver.read(["-U"])[0]) == {}


def test_the_log_of_one_connection(background, tmp_path):
    server = start(background, tmp_path, "-v", *LEAN, "--", "/bin/sh", "-c", "echo hello; exit 3")
    assert server.talk(source="127.0.0.2") == b"hello\n"
    assert server.lines(6) == [
        "tcpserver: status: 0/40",
        "tcpserver: status: 1/40",
        "tcpserver: pid PID from 127.0.0.2",
        "tcpserver: ok PID 0:127.0.0.1:PORT :127.0.0.2::RPORT",
        "tcpserver: end PID status 768",
        "tcpserver: status: 0/40",
    ]
    assert server.stop() == 0


def test_all_lines_of_a_connection_name_its_process(background, tmp_path):
    server = start(background, tmp_path, "-v", *LEAN, "--", "/bin/sh", "-c", "echo $$")
    pid = server.talk().strip()
    server.lines(6)
    assert [line.split()[2] for line in server.log().splitlines()[2:5]] == [pid] * 3


@pytest.mark.parametrize(("options", "said"), [((), 0), (("-Q",), 0), (("-q",), 0), (("-v",), 6)])
def test_what_is_logged(background, tmp_path, options, said):
    server = start(background, tmp_path, *LEAN, *options, "--", "/bin/echo", "hello")
    assert server.talk() == b"hello\n"
    assert len(server.lines(said)) == said
    assert server.stop() == 0
    assert len(server.lines(said)) == said


DROPPING = "tcpserver: warning: dropping connection, "


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("/nonexistent/program", "unable to run /nonexistent/program: file does not exist"),
        ("no-such-program", "unable to run no-such-program: file does not exist"),
        ("/etc", "unable to run /etc: access denied"),
        ("/etc/passwd", "unable to run /etc/passwd: access denied"),
    ],
)
def test_a_program_that_cannot_be_run(background, tmp_path, program, said):
    server = start(background, tmp_path, "-v", *LEAN, "--", program)
    assert server.talk() == b""
    assert server.lines(7)[3:6] == [
        "tcpserver: ok PID 0:127.0.0.1:PORT :127.0.0.1::RPORT",
        DROPPING + said,
        "tcpserver: end PID status 28416",
    ]
    quiet = start(background, tmp_path, "-q", *LEAN, "--", program)
    assert quiet.talk() == b""
    assert quiet.stop() == 0
    assert quiet.log() == b""


INHERITED = {
    "PROTO": "SSL", "TCPREMOTEHOST": "old", "TCPREMOTEINFO": "old", "TCPLOCALHOST": "old",
    "TCP6REMOTEHOST": "old", "TCP6INTERFACE": "old", "UID": "5", "OTHER": "kept",
}  # fmt: skip


def test_the_environment_of_an_ipv4_client(background, tmp_path):
    server = start(background, tmp_path, *LEAN, "--", ENV, env=INHERITED)
    with server.connect(source="127.0.0.3") as client:
        port = str(client.getsockname()[1])
        found = environment(tcpservers.read_all(client))
    assert found == {
        **tcpservers.ENV,
        "PROTO": "TCP", "UID": "5", "OTHER": "kept",
        "TCPLOCALIP": "127.0.0.1", "TCPLOCALPORT": str(server.port), "TCPLOCALHOST": "0",
        "TCPREMOTEIP": "127.0.0.3", "TCPREMOTEPORT": port,
        "TCP6LOCALIP": "::ffff:127.0.0.1", "TCP6LOCALPORT": str(server.port), "TCP6LOCALHOST": "0",
        "TCP6REMOTEIP": "::ffff:127.0.0.3", "TCP6REMOTEPORT": port,
    }  # fmt: skip


def chosen(found, *names):
    return [found.get(name) for name in names]


SHAPE = ("PROTO", "TCPLOCALIP", "TCPREMOTEIP", "TCP6LOCALIP", "TCP6REMOTEIP", "TCPLOCALHOST")
MAPPED = "::ffff:127.0.0.1"


@pytest.mark.parametrize("host", ["0", ""])
def test_every_address_of_both_families(background, tmp_path, host):
    server = start(background, tmp_path, "-v", "-HRl", "", "--", ENV, host=host)
    found = environment(server.talk())
    assert chosen(found, *SHAPE) == ["TCP", "127.0.0.1", "127.0.0.1", MAPPED, MAPPED, ""]
    found = environment(server.talk(ip="::1"))
    assert chosen(found, *SHAPE) == ["TCP6", "::1", "::1", "::1", "::1", ""]
    lines = server.lines(11)
    assert "tcpserver: ok PID :127.0.0.1:PORT :127.0.0.1::RPORT" in lines
    assert "tcpserver: ok PID :[::1]:PORT :[::1]::RPORT" in lines
    assert "tcpserver: pid PID from ::1" in lines


@pytest.mark.parametrize("host", ["::1", "[::1]", "0:0::0001"])
def test_one_ipv6_address(background, tmp_path, host):
    server = start(background, tmp_path, *LEAN, "--", ENV, host=host)
    assert chosen(environment(server.talk(ip="::1")), *SHAPE) == ["TCP6", *["::1"] * 4, "0"]
    with pytest.raises(ConnectionRefusedError):
        server.connect(ip="127.0.0.1")


def test_only_ipv4(background, tmp_path):
    server = start(background, tmp_path, "-4", *LEAN, "--", ENV, host="0")
    assert environment(server.talk())["PROTO"] == "TCP"
    with pytest.raises(ConnectionRefusedError):
        server.connect(ip="::1")


def test_ipv4_clients_as_ipv6_ones(background, tmp_path):
    server = start(background, tmp_path, "-v6", *LEAN, "--", ENV, host="0")
    assert chosen(environment(server.talk()), *SHAPE) == ["TCP6", *[MAPPED] * 4, "0"]
    assert server.lines(4)[2:4] == [
        f"tcpserver: pid PID from {MAPPED}",
        f"tcpserver: ok PID 0:[{MAPPED}]:PORT :[{MAPPED}]::RPORT",
    ]


def link_local():
    """A link-local address of this machine and its interface, or None."""
    for line in Path("/proc/net/if_inet6").read_text().splitlines():
        address, _, _, scope, _, name = line.split()
        if scope == "20":
            return socket.inet_ntop(socket.AF_INET6, bytes.fromhex(address)), name
    return None


@pytest.mark.skipif(link_local() is None, reason="needs a link-local address")
def test_a_link_local_client_has_an_interface(background, tmp_path):
    ip, name = link_local()
    server = start(background, tmp_path, "-I", name, *LEAN, "--", ENV, host=ip)
    found = environment(server.talk(ip=f"{ip}%{name}"))
    assert chosen(found, "TCP6INTERFACE", "TCPREMOTEIP", "TCPLOCALIP") == [name, ip, ip]


def test_the_program_has_the_connection_and_nothing_else(background, tmp_path):
    server = start(background, tmp_path, *LEAN, "--", "/bin/ls", "/proc/self/fd")
    assert server.talk() == b"0\n1\n2\n3\n"  # 3 is where ls reads the directory


def test_the_program_is_as_if_nobody_had_touched_signals(background, tmp_path):
    server = start(background, tmp_path, *LEAN, "--", "/bin/cat", "/proc/self/status")
    found = dict(line.split(":\t") for line in server.talk().decode().splitlines() if "\t" in line)
    assert [int(found[name], 16) for name in ("SigBlk", "SigIgn", "SigCgt")] == [0, 0, 0]


def test_a_dialogue(background, tmp_path):
    server = start(background, tmp_path, *LEAN, "--", "/bin/cat")
    with server.connect() as client:
        for word in (b"one\n", b"two\n"):
            client.sendall(word)
            assert client.recv(100) == word


def test_the_banner_is_sent_as_it_is_before_anything_else(background, tmp_path):
    rules = write_rules(tmp_path, {b"": b"D\0"})
    server = start(
        background, tmp_path, "-v", *LEAN, "-B", "220 hi\\n", "-x", rules, "--", "/bin/echo"
    )
    assert server.talk() == b"220 hi\\n"
    assert server.lines(5)[3] == "tcpserver: deny PID 0:127.0.0.1:PORT :127.0.0.1::RPORT"


def test_fields_are_masked_and_cut(background, tmp_path):
    server = start(background, tmp_path, "-vHRl", "a:b%c d\xe9", "--", "/bin/true")
    server.talk()
    assert server.lines(4)[3] == "tcpserver: ok PID a?b?c?d??:127.0.0.1:PORT :127.0.0.1::RPORT"


def test_the_limit_holds_and_everybody_is_served(background, tmp_path):
    server = start(background, tmp_path, "-v", "-c3", *LEAN, "--", "/bin/cat")
    clients = [server.connect() for _ in range(40)]
    eventually(lambda: "status: 3/3" in server.log().decode(), "a full house")
    for client in clients:
        client.sendall(b"x")
        client.shutdown(socket.SHUT_WR)
    for client in clients:
        with client:
            assert tcpservers.read_all(client) == b"x"
    # Counted lines: the start, and of each connection two status lines, pid, ok and end.
    lines = server.lines(1 + 40 * 5)
    assert len(lines) == 1 + 40 * 5
    assert {line for line in lines if "status:" in line} == {
        f"tcpserver: status: {count}/3" for count in range(4)
    }
    assert lines[-1] == "tcpserver: status: 0/3"


def test_at_the_limit_nobody_more_is_accepted_and_it_costs_nothing(background, tmp_path):
    server = start(background, tmp_path, "-v", "-c1", *LEAN, "--", "/bin/sh", "-c", "echo; cat")
    with server.connect() as first, server.connect() as second:
        assert first.recv(1) == b"\n"
        spent = ticks(server.process.pid)
        used(30)
        assert ticks(server.process.pid) - spent <= 5
        assert len(server.lines(4)) == 4
        first.shutdown(socket.SHUT_WR)
        assert second.recv(1) == b"\n"


@pytest.mark.parametrize("limit", ["junk", "0", ""])
def test_a_limit_of_nothing_accepts_nobody(background, tmp_path, limit):
    server = start(background, tmp_path, "-v", "-c", limit, *LEAN, "--", "/bin/echo")
    with server.connect():
        used(10)
        assert server.lines(1) == ["tcpserver: status: 0/0"]
        assert server.stop() == 0


def test_there_is_a_limit_to_limits(background, tmp_path):
    server = start(background, tmp_path, "-v", "-c", "65537", *LEAN, "--", "/bin/echo")
    assert server.lines(1) == ["tcpserver: status: 0/65536"]
    assert server.talk() == b"\n"


def used(work):
    """Work for that many hundredths of a second of processor time: time that a loop without
    pause would have used as well."""
    goal = sum(os.times()[:2]) + work / 100
    while sum(os.times()[:2]) < goal:
        pass


def test_rules_deny_allow_and_set(background, tmp_path):
    write_rules(tmp_path, {
        b"127.0.0.2": b"D\0",
        b"127.0.": b"+RELAYCLIENT=\0+TCPREMOTEHOST=rule\0+X=1\0+X=2\0",
    })  # fmt: skip
    server = start(
        background, tmp_path, "-v", *LEAN, "-x", "rules.cdb", "--", ENV, cwd=tmp_path
    )  # fmt: skip
    assert server.talk(source="127.0.0.2") == b""
    server.lines(6)
    found = environment(server.talk(source="127.0.0.3"))
    assert chosen(found, "RELAYCLIENT", "TCPREMOTEHOST", "X") == ["", "rule", "2"]
    assert sorted(server.lines(11)) == sorted([
        "tcpserver: status: 0/40",
        "tcpserver: status: 1/40",
        "tcpserver: pid PID from 127.0.0.2",
        "tcpserver: deny PID 0:127.0.0.1:PORT :127.0.0.2::RPORT",
        "tcpserver: end PID status 25600",
        "tcpserver: status: 0/40",
        "tcpserver: status: 1/40",
        "tcpserver: pid PID from 127.0.0.3",
        "tcpserver: ok PID 0:127.0.0.1:PORT :127.0.0.3::RPORT",
        "tcpserver: end PID status 0",
        "tcpserver: status: 0/40",
    ])  # fmt: skip


def test_new_rules_count_at_once(background, tmp_path):
    path = write_rules(tmp_path, {b"": b"D\0"})
    server = start(background, tmp_path, *LEAN, "-x", path, "--", "/bin/echo", "in")
    assert server.talk() == b""
    os.replace(write_rules(tmp_path, {}, "new"), path)
    assert server.talk() == b"in\n"


def test_a_path_from_rules_does_not_find_the_program(background, tmp_path):
    write_rules(tmp_path, {b"": b"+PATH=/nonexistent\0"})
    server = start(background, tmp_path, *LEAN, "-x", str(tmp_path / "rules.cdb"), "--", "env")
    assert environment(server.talk())["PATH"] == "/nonexistent"


@pytest.mark.parametrize("host", ["0", "::1"])
def test_rules_for_ipv6(background, tmp_path, host):
    path = write_rules(tmp_path, {b"::1": b"+FOUND=six\0", b"127.": b"+FOUND=four\0"})
    server = start(background, tmp_path, *LEAN, "-x", path, "--", ENV, host=host)
    assert environment(server.talk(ip="::1"))["FOUND"] == "six"
    if host == "0":
        assert environment(server.talk())["FOUND"] == "four"


BROKEN = {
    "missing.cdb": "file does not exist",
    "empty.cdb": "invalid argument",
    "cut.cdb": "protocol error",
    "empty.cdb/x": "not a directory",
}


@pytest.mark.parametrize("may_miss", [(), ("-X",)])
@pytest.mark.parametrize("name", BROKEN)
def test_rules_that_cannot_be_read(background, tmp_path, name, may_miss):
    (tmp_path / "empty.cdb").touch()
    (tmp_path / "cut.cdb").write_bytes(b"junk")
    server = start(
        background, tmp_path, "-v", *LEAN, "-x", name, *may_miss, "--", "/bin/echo", "in",
        cwd=tmp_path,
    )  # fmt: skip
    if may_miss and name == "missing.cdb":
        assert server.talk() == b"in\n"
        return
    assert server.talk() == b""
    assert server.lines(6)[3:5] == [
        f"{DROPPING}unable to read {name}: {BROKEN[name]}",
        "tcpserver: end PID status 28416",
    ]


@pytest.mark.needs_root
def test_privileges_are_dropped_before_anybody_is_served(background, tmp_path):
    server = start(background, tmp_path, *LEAN, "-g1234", "-u4321", "--", "/usr/bin/id")
    assert server.talk() == b"uid=4321 gid=1234 groups=1234\n"
    named = start(
        background, tmp_path, *LEAN, "-U", "--", "/usr/bin/id", env={"UID": "4321", "GID": "1234"}
    )
    assert named.talk() == b"uid=4321 gid=1234 groups=1234\n"


@pytest.mark.needs_root
@pytest.mark.parametrize(
    ("options", "groups", "warned"),
    [
        (["-u4321"], "--clear-groups", True),
        (["-u4321"], "--regid=1234 --groups=0,1", True),
        (["-qu4321"], "--clear-groups", False),
        (["-u4321"], "--regid=1234 --groups=1,2", False),
        (["-u4321", "-g1234"], "--groups=0,1", False),
        (["-g1234"], "--groups=0,1", False),
    ],
)
def test_a_user_who_keeps_the_group_of_root_is_a_warning(
    background, tmp_path, options, groups, warned
):
    command = ["/usr/bin/setpriv", *groups.split(), *tcpservers.OURS]
    server = start(background, tmp_path, *LEAN, *options, "--", "/bin/echo", command=command)
    said = b"tcpserver: warning: still in the group of root: -u was given without -g\n"
    assert server.log() == said * warned


@pytest.mark.needs_root
def test_rules_are_read_with_the_lesser_privileges(background, tmp_path):
    path = write_rules(tmp_path, {})
    os.chmod(path, 0o600)
    server = start(
        background,
        tmp_path,
        *LEAN,
        "-u4321",
        "-g4321",
        "-x",
        "rules.cdb",
        "--",
        "/bin/echo",
        cwd=tmp_path,
    )
    assert server.talk() == b""
    assert server.lines(1) == [f"{DROPPING}unable to read rules.cdb: access denied"]


@pytest.mark.parametrize("number", ["4294967296", "99999999999"])
@pytest.mark.parametrize("option", ["-u", "-g"])
def test_a_number_that_is_no_user_or_group(run, option, number):
    done = run("tcpserver", *LEAN, option, number, "127.0.0.1", "0", "/bin/true")
    assert done.code == 111
    assert done.stderr.startswith(b"tcpserver: fatal: unable to set ")


@pytest.mark.skipif(os.geteuid() == 0, reason="needs an ordinary user")
def test_an_ordinary_user_cannot_change(run):
    done = run("tcpserver", *LEAN, "-u1", "127.0.0.1", "0", "/bin/true")
    assert done == (111, b"", FATAL + b"unable to set uid: permission denied\n")


@pytest.mark.needs_root
def test_as_an_ordinary_user_it_cannot_change(background, tmp_path):
    command = ["/usr/bin/setpriv", "--reuid=4321", "--clear-groups", *tcpservers.OURS]
    for option, what in (("-u1", b"uid"), ("-g1", b"gid")):
        argv = [*command, *LEAN, option, "127.0.0.1", "0", "/bin/true"]
        done = processes.finish(argv, env=tcpservers.ENV)
        assert done == (111, b"", FATAL + b"unable to set " + what + b": permission denied\n")


def test_term_ends_the_server_and_not_its_children(background, tmp_path):
    server = start(background, tmp_path, "-v", "-c1", *LEAN, "--", "/bin/cat")
    with server.connect() as client:
        client.sendall(b"before\n")
        assert client.recv(100) == b"before\n"
        assert server.stop() == 0  # at the limit, too
        client.sendall(b"after\n")
        assert client.recv(100) == b"after\n"
    assert len(server.lines(4)) == 4


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGALRM, signal.SIGUSR2])
def test_other_signals_end_it_as_they_end_any_program(background, tmp_path, number):
    server = start(background, tmp_path, *LEAN, "--", "/bin/cat")
    server.process.send_signal(number)
    assert server.process.wait(PATIENCE) == -number


def test_children_from_before_are_collected(background, tmp_path):
    command = ["/bin/sh", "-c", '/bin/sh -c "exit 5" & exec "$@"', "sh", *tcpservers.OURS]
    server = start(background, tmp_path, "-v", *LEAN, "--", "/bin/cat", command=command)
    assert server.lines(3) == [
        "tcpserver: status: 0/40",
        "tcpserver: end PID status 1280",
        "tcpserver: status: 0/40",
    ]


@pytest.mark.parametrize("options", [LEAN, ()])
def test_too_few_descriptors_to_begin(options):
    limited = (
        "import os,resource,sys; resource.setrlimit(resource.RLIMIT_NOFILE, (5, 5));"
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    done = processes.finish(
        [sys.executable, "-c", limited, *tcpservers.OURS, *options, "127.0.0.1", "0", "/bin/true"]
    )
    said = FATAL + b"unable to create pipe: process cannot open more files\n"
    assert done == (111, b"", said)


def test_standard_descriptors_that_are_closed(background, tmp_path):
    close = "import os,sys; os.close(2); os.close(0); os.execv(sys.argv[1], sys.argv[1:])"
    command = [sys.executable, "-c", close, *tcpservers.OURS]
    server = start(background, tmp_path, "-v", *LEAN, "--", "/bin/echo", "hello", command=command)
    assert server.talk() == b"hello\n"
    assert server.log() == b""
    assert os.readlink(f"/proc/{server.process.pid}/fd/2") == "/dev/null"


def test_the_server_lets_go_of_its_input_and_output(background, tmp_path):
    server = start(background, tmp_path, *LEAN, "--", "/bin/cat")
    assert server.process.stdout.read() == b""  # nobody else may keep it from ending
    assert server.process.poll() is None


NODELAY = """
import socket
s = socket.socket(fileno=0)
print(s.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0,
      s.getsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, 40).hex(), flush=True)
"""


@pytest.mark.parametrize("host", ["127.0.0.1", "0"])
@pytest.mark.parametrize(
    ("options", "shown"), [((), (False, False)), (("-D",), (True, False)), (("-o",), (False, True))]
)
def test_options_of_the_socket(background, tmp_path, options, shown, host):
    argv = (*LEAN, *options, "--", sys.executable, "-I", "-S", "-c", NODELAY)
    server = start(background, tmp_path, *argv, host=host)
    with socket.socket() as client:
        client.settimeout(PATIENCE)
        # Record route: 7 bytes long, the next address goes to byte 4. Source: RFC 791.
        client.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, b"\x07\x07\x04\0\0\0\0\0")
        client.connect(("127.0.0.1", server.port))
        delay, route = tcpservers.read_all(client).decode().rstrip("\n").split(" ")
    assert (delay == "True", bool(route)) == shown


def few_descriptors(pid, more=0):
    """Let a process have the descriptors that it has."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    limit = len(tcpservers.descriptors(pid)) + more
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, hard))


def test_descriptors_that_run_out_make_no_spin(background, tmp_path):
    server = start(background, tmp_path, "-v", *LEAN, "--", "/bin/sh", "-c", "echo; cat")
    pid = server.process.pid
    with server.connect() as first:
        assert first.recv(1) == b"\n"
        few_descriptors(pid)
        with server.connect() as second:
            assert "unable to accept" in server.lines(5)[-1]
            spent = ticks(pid)
            used(50)
            assert ticks(pid) - spent <= 10
            assert server.lines(5)[4:] == [
                "tcpserver: warning: unable to accept: process cannot open more files"
            ]
            few_descriptors(pid, more=10)
            first.shutdown(socket.SHUT_WR)
            assert second.recv(1) == b"\n"


def test_term_is_honoured_while_descriptors_are_short(background, tmp_path):
    server = start(background, tmp_path, "-v", *LEAN, "--", "/bin/cat")
    server.lines(1)
    few_descriptors(server.process.pid)
    with server.connect():
        server.lines(2)
        assert server.stop() == 0


@pytest.mark.needs_root
def test_a_child_that_cannot_be_made(background, tmp_path):
    limited = (
        "import os,resource,sys; resource.setrlimit(resource.RLIMIT_NPROC, (1, 1));"
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    command = [sys.executable, "-c", limited, *tcpservers.OURS]
    argv = ("-v", *LEAN, "-u54321", "-g54321", "--", "/bin/cat")
    server = start(background, tmp_path, *argv, command=command)
    clients = [server.connect() for _ in range(3)]
    for client in clients:
        with client:
            assert tcpservers.read_all(client) == b""
    assert server.lines(10) == [
        "tcpserver: status: 0/40",
        *(["tcpserver: status: 1/40",
           DROPPING + "unable to fork: temporary failure",
           "tcpserver: status: 0/40"] * 3),
    ]  # fmt: skip
    assert server.stop() == 0


def test_ours_is_called_in_place(background, tmp_path):
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "SET").write_bytes(b"by envdir\n")
    script = "envdir"
    argv = ("--", script, str(tmp_path / "env"), "/bin/sh", "-c", "echo $SET $TCPREMOTEIP; cat")
    server = start(
        background, tmp_path, "-v", *LEAN, *argv, env={"PATH": processes.our_path()}
    )  # fmt: skip
    with server.connect() as client:
        client.sendall(b"and back\n")
        client.shutdown(socket.SHUT_WR)
        assert tcpservers.read_all(client) == b"by envdir 127.0.0.1\nand back\n"
    assert server.lines(6)[4] == "tcpserver: end PID status 0"


@pytest.mark.needs_root
def test_ours_is_called_in_place_with_the_lesser_privileges(background, tmp_path):
    argv = ("-u4321", "-g4321", "--", "recordio", "/bin/echo", "hello")
    server = start(background, tmp_path, *LEAN, *argv, env={"PATH": processes.our_path()})
    assert server.talk() == b"hello\n"
    eventually(lambda: b" > hello" in server.log())


def test_it_is_called_in_place_itself(background, tmp_path):
    (tmp_path / "env").mkdir()
    command = [*processes.module("envdir", str(tmp_path / "env")), "tcpserver"]
    server = start(
        background, tmp_path, "-v", *LEAN, "--", "/bin/echo", "hello",
        command=command, env={"PATH": processes.our_path()},
    )  # fmt: skip
    assert server.talk() == b"hello\n"
    assert server.lines(6)[-1] == "tcpserver: status: 0/40"
    assert server.stop() == 0


NAMES = {
    "1.0.0.127.in-addr.arpa. PTR": ["Local.Example."],
    "2.0.0.127.in-addr.arpa. PTR": ["right.example."],
    "right.example. A": ["127.0.0.9", "127.0.0.2"],
    "3.0.0.127.in-addr.arpa. PTR": ["wrong.example."],
    "wrong.example. A": ["127.0.0.9"],
    "4.0.0.127.in-addr.arpa. PTR": ["127.0.0.4."],
    "5.0.0.127.in-addr.arpa. PTR": ["servfail"],
    "6.0.0.127.in-addr.arpa. PTR": ["nowhere.example."],
    "7.0.0.127.in-addr.arpa. PTR": ["broken.example."],
    "broken.example. A": ["servfail"],
    "8.0.0.127.in-addr.arpa. PTR": ["truncated", "We\\032ird%x.Example."],
    "10.0.0.127.in-addr.arpa. PTR": ["10.0-15.example. = other.example."],
    "other.example. A": ["127.0.0.10"],
}


@pytest.fixture
def names(background):
    return start_names(background, NAMES)


DNS = {"DNSCACHEIP": "127.0.0.1"}


@pytest.mark.parametrize(
    ("options", "ip", "host"),
    [
        ((), "127.0.0.2", "right.example"),
        ((), "127.0.0.3", "wrong.example"),
        ((), "127.0.0.4", "127.0.0.4"),
        ((), "127.0.0.5", None),
        ((), "127.0.0.8", "we\\040ird\\045x.example"),
        ((), "127.0.0.99", None),
        (("-p",), "127.0.0.2", "right.example"),
        (("-p",), "127.0.0.3", None),
        (("-p",), "127.0.0.4", None),
        (("-p",), "127.0.0.6", None),
        (("-p",), "127.0.0.7", None),
        (("-pP",), "127.0.0.7", "broken.example"),
        (("-H",), "127.0.0.2", None),
    ],
)
def test_names_of_clients(background, tmp_path, names, options, ip, host):
    server = start(
        background, tmp_path, "-vR", *options, "--", ENV, command=moved(names.port), env=DNS
    )
    found = environment(server.talk(source=ip))
    assert chosen(found, "TCPLOCALHOST", "TCPREMOTEHOST", "TCP6REMOTEHOST") == [
        "local.example", host, host,
    ]  # fmt: skip
    shown = (host or "").replace("%", "?")
    line = f"tcpserver: ok PID local.example:127.0.0.1:PORT {shown}:{ip}::RPORT"
    assert server.lines(4)[3] == line


def test_our_own_name_is_asked_for_once(background, tmp_path, names):
    server = start(background, tmp_path, "-RH", "--", ENV, command=moved(names.port), env=DNS)
    for _ in range(4):
        assert environment(server.talk())["TCPLOCALHOST"] == "local.example"
    assert [name for *_, name, _ in names.questions()] == [b"1.0.0.127.in-addr.arpa."]


def test_nobody_can_guess_our_questions(background, tmp_path, names):
    server = start(background, tmp_path, "-Rl0", "--", ENV, command=moved(names.port), env=DNS)
    for _ in range(4):
        server.talk(source="127.0.0.2")
    questions = names.questions()
    assert len({port for port, *_ in questions}) > 1
    assert len({number for _, number, *_ in questions}) > 1


# What a child imports between its fork and the program; with the ports of DNS and ident moved.
LOADED_LATE = """
import os, sys
from supervise import program
from supervise.commands import tcpserver
early, prepare = set(), tcpserver.Wanted.prepare
def watched(wanted):
    prepare(wanted)
    early.update(sys.modules)
    from supervise.drivers import identity, nameservers
    nameservers.PORT, identity.PORT = int(sys.argv[1]), int(sys.argv[2])
def become(words, environment):
    os.write(1, ascii([*sorted(set(sys.modules) - early), environment[b"TCPREMOTEHOST"]]).encode())
    return 0
tcpserver.Wanted.prepare, program.become = watched, become
os._exit(program.run("tcpserver", sys.argv[3:]))
"""


def test_a_child_imports_nothing_more(background, tmp_path, names):
    """It may have lost the right to read our files, and would pay for it on each connection."""
    path = write_rules(tmp_path, {b"=other.example": b"+FOUND=host\0", b"": b""})
    ident = start_ident(background, b"1, 2 : USERID : UNIX : joe\r\n")
    command = [sys.executable, "-c", LOADED_LATE, str(names.port), str(ident.port)]
    server = start(background, tmp_path, "-px", path, "--", ENV, command=command, env=DNS)
    assert server.talk(source="127.0.0.10") == b"[b'other.example']"


def test_a_denied_client_has_been_looked_up_by_name(background, tmp_path, names):
    path = write_rules(tmp_path, {b"=right.example": b"D\0", b"=.example": b"+FOUND=suffix\0"})
    server = start(
        background, tmp_path, "-vRl0", "-x", path, "--", ENV, command=moved(names.port), env=DNS
    )
    assert server.talk(source="127.0.0.2") == b""
    assert environment(server.talk(source="127.0.0.3"))["FOUND"] == "suffix"
    denied = "tcpserver: deny PID 0:127.0.0.1:PORT right.example:127.0.0.2::RPORT"
    assert denied in server.lines(9)


def test_term_to_a_child_that_looks_up_is_no_success(background, tmp_path):
    silent = start_names(background, {"2.0.0.127.in-addr.arpa. PTR": ["silent"]})
    server = start(
        background, tmp_path, "-vRl0", "--", ENV, command=moved(silent.port), env=DNS
    )  # fmt: skip
    with server.connect(source="127.0.0.2") as client:
        server.lines(3)
        (child,) = processes.children(server.process.pid)
        os.kill(child, signal.SIGTERM)
        assert client.recv(1) == b""
    assert server.lines(5)[3:] == ["tcpserver: end PID status 15", "tcpserver: status: 0/40"]


def test_a_child_that_looks_up_does_not_hold_the_port(background, tmp_path):
    silent = start_names(background, {"2.0.0.127.in-addr.arpa. PTR": ["silent"]})
    server = start(
        background, tmp_path, "-vRl0", "--", ENV, command=moved(silent.port), env=DNS
    )  # fmt: skip
    with server.connect(source="127.0.0.2"):
        server.lines(3)
        (child,) = processes.children(server.process.pid)
        assert server.stop() == 0
        with pytest.raises(ConnectionRefusedError):
            server.connect()
        os.kill(child, signal.SIGTERM)


def test_a_silent_name_server_is_given_up(background, tmp_path):
    silent = start_names(background, {"2.0.0.127.in-addr.arpa. PTR": ["silent"]})
    command = moved(silent.port, lifetime=0.2)
    server = start(background, tmp_path, "-vRl0", "--", ENV, command=command, env=DNS)
    assert "TCPREMOTEHOST" not in environment(server.talk(source="127.0.0.2"))


def test_a_host_by_its_name(background, tmp_path):
    table = {"six.test. AAAA": ["::1"], "both.test. A": ["127.0.0.1"], "both.test. AAAA": ["::1"]}
    names = start_names(background, table)
    command, env = moved(names.port), {**DNS, "LOCALDOMAIN": "nowhere test"}
    server = start(background, tmp_path, *LEAN, "--", ENV, host="six", command=command, env=env)
    assert environment(server.talk(ip="::1"))["PROTO"] == "TCP6"
    server = start(background, tmp_path, *LEAN, "--", ENV, host="both", command=command, env=env)
    assert environment(server.talk(ip="127.0.0.1"))["PROTO"] == "TCP"


@pytest.mark.parametrize(
    ("answer", "user", "shown"),
    [
        (b"1 , 2 : USERID : UNIX : joe\r\n", "joe", "joe"),
        (b"1,2:USERID:UNIX:jo e:x\ty z%\r\n", "joe:xyz%", "joe?xyz?"),
        (b"1,2:USERID:UNIX:\x01\x1b[2J:\xff\ntcpserver: x\n", "\x01\x1b[2J:\xff", "??[2J??"),
        (b"1 , 2 : ERROR : NO-USER\r\n", "", ""),
        (b"1 , 2 : USERID : UNIX : joe", None, ""),
    ],
)
def test_users_of_clients(background, tmp_path, answer, user, shown):
    ident = start_ident(background, answer)
    server = start(
        background, tmp_path, "-vHl0", "--", ENV, command=moved(ident=ident.port)
    )  # fmt: skip
    with server.connect() as client:
        port = client.getsockname()[1]
        found = environment(tcpservers.read_all(client))
    assert chosen(found, "TCPREMOTEINFO", "TCP6REMOTEINFO") == [user, user]
    line = f"tcpserver: ok PID 0:127.0.0.1:PORT :127.0.0.1:{shown}:RPORT"
    assert server.lines(4)[3] == line
    asked = ident.process.stdout.readline().decode().strip()
    assert asked == f"127.0.0.1 b'{port} , {server.port}\\r\\n'"


def test_rules_for_a_user(background, tmp_path):
    ident = start_ident(background, b"1,2:USERID:UNIX:joe\r\n")
    path = write_rules(tmp_path, {b"joe@127.0.0.1": b"D\0"})
    argv = ("-vHl0", "-x", path, "--", ENV)
    server = start(background, tmp_path, *argv, command=moved(ident=ident.port))
    assert server.talk() == b""
    assert "deny" in server.lines(4)[3]


def test_an_ident_server_that_never_answers_is_given_up(background, tmp_path):
    ident = start_ident(background, b"", wait=True)
    server = start(
        background, tmp_path, "-vHl0", "-t1", "--", ENV, command=moved(ident=ident.port)
    )  # fmt: skip
    assert "TCPREMOTEINFO" not in environment(server.talk())


def test_no_patience_at_all_for_ident(background, tmp_path):
    ident = start_ident(background, b"1,2:USERID:UNIX:joe\r\n")
    server = start(
        background, tmp_path, "-vHl0", "-tx", "--", ENV, command=moved(ident=ident.port)
    )  # fmt: skip
    assert "TCPREMOTEINFO" not in environment(server.talk())


def test_what_it_loads_before_it_forks():
    script = (
        "import sys; from supervise.commands import tcpserver\n"
        "wanted, _ = tcpserver.read(sys.argv[1:]); wanted.prepare()\n"
        "print(*(name for name in ('dns', 'cdbx', 'dataclasses', 'typing', 'subprocess',"
        " 'logging', 'argparse') if name in sys.modules))"
    )
    found = {}
    for options in ("-HRl0", "-HRl0 -xrules", "-Rl0", "-HR"):
        argv = [sys.executable, "-I", "-c", script, *options.split()]
        found[options] = processes.finish(argv).stdout.decode().split()
    assert found["-HRl0"] == ["typing"]
    assert found["-HRl0 -xrules"] == ["cdbx", "typing"]
    assert "dns" in found["-Rl0"]
    assert "dns" in found["-HR"]


def test_tls_without_a_certificate_is_a_mistake(run, monkeypatch):
    monkeypatch.delenv("CERTFILE", raising=False)
    done = run("tcpserver", "-N", "", "127.0.0.1", "0", "/bin/true")
    said = FATAL + b"no certificate: the option is empty, and so is $CERTFILE\n"
    assert done == (100, b"", said)


def test_a_certificate_with_the_key_of_another(run, certificate, tmp_path):
    other = certificates.make(tmp_path, "other.example")
    argv = ["-n", "", "127.0.0.1", "0", "/bin/true"]
    env = {**tcpservers.ENV, "CERTFILE": str(certificate.chain), "KEYFILE": str(other.key)}
    assert run("tcpserver", *argv, env=env) == (
        111, b"", FATAL + b"unable to read certificate %s with key %s: key values mismatch\n"
        % (bytes(certificate.chain), bytes(other.key)),
    )  # fmt: skip
