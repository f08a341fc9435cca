"""Our tcpserver beside Debian's ucspi-tcp: the same clients see and leave the same."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import cdbx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.commands import tcpserver
from supervise.formats import number
from tests.support import differences, ownnetwork, processes, recordings, tcpservers
from tests.support.generators import any_words, has_new_option, new_letters, numbers
from tests.support.oracle import SIDES, Call, Streams, oracle, read_until
from tests.support.patience import PATIENCE
from tests.support.sidebyside import needs
from tests.support.tcpservers import OURS, THEIRS, environment, start, start_ident, start_names

pytestmark = needs("tcpserver")
LEAN = ("-H", "-R", "-l0")
OUR_USAGE = tcpserver.USAGE.encode()
THEIR_USAGE = (
    b"tcpserver: usage: tcpserver [ -1UXpPhHrRoOdDqQv ] [ -c limit ] [ -x rules.cdb ]"
    b" [ -B banner ] [ -g gid ] [ -u uid ] [ -b backlog ] [ -l localname ] [ -t timeout ]"
    b" host port program"
)
NEW_LETTERS = new_letters(OUR_USAGE, THEIR_USAGE)


@pytest.fixture
def background(background):
    yield background
    background.end()
    recordings.gone()


def both(background, folder, look, *argv, **options):
    """What `look` saw of the original, when it sees the same of ours."""
    seen = []
    for command in (THEIRS, OURS):
        server = start(background, folder, *argv, command=command, **options)
        seen.append(look(server))
        assert server.stop() == 0
    assert seen[1] == seen[0]
    return seen[0]


def logged(number, **options):
    def look(server):
        return server.talk(**options), server.lines(number)

    return look


def ended(command, *argv, **options):
    return processes.finish([*command, *argv], env=tcpservers.ENV, **options)


def their_usage(text):
    return text.replace(OUR_USAGE, THEIR_USAGE)


@pytest.mark.parametrize(
    "argv",
    [
        (), ("0",), ("0", "0"), ("-q",), ("-q", "0", "0"), ("-Z",), ("-vZ", "0", "0", "x"),
        ("-q", "-Z"), ("-c",), ("-vl",), ("-x",), ("-", "0"), ("--",), ("-q", "--", "0", "0"),
        ("0", "80x", "x"), ("0", "no-such", "x"), ("127.1", "0", "x"),
        ("192.0.2.1", "0", "x"), ("300.0.0.1", "0", "x"), ("[]", "0", "x"), (".", "0", "x"),
        ("-q", "127.1", "0", "x"), ("x" * 64, "0", "x"),
    ],
)  # fmt: skip
def test_calls_that_cannot_work(argv):
    original = ended(THEIRS, *argv)
    done = ended(OURS, *argv)
    assert done._replace(stderr=their_usage(done.stderr)) == original


@pytest.mark.parametrize(
    "program",
    [
        ("/bin/true",), ("/bin/false",), ("/bin/sh", "-c", "exit 255"), ("/etc",),
        ("/nonexistent",),
        ("/etc/passwd",), ("no-such-program",), ("/etc/passwd/x",), ("",), ("sh", "-c", "exit 3"),
        ("/bin/sh", "-c", "kill -KILL $$"), ("/bin/sh", "-c", "kill -PIPE $$"),
        ("/bin/sh", "-c", "kill -TERM $$"), ("/bin/echo", "-v", "a b"), ("/usr/bin/id",),
    ],
)  # fmt: skip
def test_the_log_of_a_connection(background, tmp_path, program):
    silent = program[0] not in ("/bin/true", "/bin/false", "/bin/sh", "sh", "/bin/echo",
                                "/usr/bin/id")  # fmt: skip
    both(background, tmp_path, logged(6 + silent), "-v", *LEAN, "--", *program)


@pytest.mark.parametrize("name", ["a:b%c d", "", "x" * 99, "x" * 100, "x" * 101, "é\t\x7f~!"])
def test_fields_of_the_log(background, tmp_path, name):
    both(background, tmp_path, logged(6), "-vHRl", name, "--", "/bin/true")


@pytest.mark.parametrize("options", [(), ("-Q",), ("-q",), ("-vQ",), ("-qv",)])
def test_how_much_is_logged(background, tmp_path, options):
    number = 7 if "v" in "".join(options)[-1:] else 0 if options == ("-q",) else 1
    both(background, tmp_path, logged(number), *LEAN, *options, "--", "/nonexistent")


@pytest.mark.parametrize("limit", ["junk", "", "0", "016", "5x", "18446744073709551621"])
def test_numbers(background, tmp_path, limit):
    def first_line(server):
        return server.lines(1)[:1]

    both(background, tmp_path, first_line, "-v", "-c", limit, *LEAN, "--", "/bin/true")


@pytest.fixture(scope="module")
def network():
    with ownnetwork.entered(), ownnetwork.names_unknown():
        yield


LEFT_OUT = [
    "tcpserver, tcpclient: usage",
    "tcpserver: `-u`, `-g` above 32 bits",
    "tcpserver: `-u` without `-g`",
]


def is_cut(text):
    """What README's table has as «-u, -g above 32 bits»."""
    return number.leading(text) >= 2**32


def only_ours(word):
    """What README's table has: options that are new, and users with numbers that are cut."""
    cut = word[:2] in ("-u", "-g") and is_cut(word[2:])
    return cut or has_new_option(word, "cxBgublt", NEW_LETTERS)


clusters = st.one_of(
    st.text("1XpPhHrRoOdDqQv", max_size=4).map("-{}".format),
    st.text("1UXpPhHrRoOdDqQv-zcbB", max_size=3).map("-{}".format),
    st.builds("-{}{}".format, st.sampled_from("cbtgu"), numbers),
    st.builds("-{}{}".format, st.sampled_from("xBl"), any_words),
).filter(lambda word: not only_ours(word))
CHANCE_PORTS = range(*map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()))
ports = st.one_of(numbers, st.just("0"), any_words)
users = st.dictionaries(
    st.sampled_from(["UID", "GID"]), numbers.filter(lambda text: not is_cut(text))
)
IDENTITY = ("Uid", "Gid", "Groups")


def begun(start, argv, env):
    """What a server says and who it is when it has begun, or why it has not."""
    (out, their_out), (err, their_err) = os.pipe(), os.pipe()
    running = start(Call("tcpserver", argv, env), Streams(err, their_out, their_err))
    os.close(their_out)
    os.close(their_err)
    said = read_until(err, 1, b"status: ")
    if b"status: " in said:
        identity = [line for line in status_lines(running.pid) if line.startswith(IDENTITY)]
        os.kill(running.pid, signal.SIGTERM)
    else:
        identity = []
    said += read_until(err, -1, b"$")
    port = read_until(out, -1, b"$")
    os.close(out)
    os.close(err)
    code = running.end()
    return code, port, their_usage(said), identity


def status_lines(pid):
    with open(f"/proc/{pid}/status") as lines:
        return lines.readlines()


@pytest.mark.needs_root
@oracle
@given(st.lists(clusters, max_size=4), ports, users)
def test_any_options_and_ports(network, options, port, env):
    # The last option may take one -v for its value.
    argv = (*options, "-v", "-v", *LEAN, "-1", "127.0.0.1", port, "/bin/true")
    env = {"DNSCACHEIP": "127.0.0.1", **env}
    original, done = (begun(start, argv, env) for start in SIDES)
    assert without_chance(done) == without_chance(original)


# README's table: «-u without -g» keeps the groups of root, with a warning.
GROUPS_KEPT = b"tcpserver: warning: still in the group of root: -u was given without -g\n"


def without_chance(seen):
    """Without a port that the kernel has chosen."""
    code, port, said, identity = seen
    chosen = port[:-6].isdigit() and int(port[:-6]) in CHANCE_PORTS
    return code, b"" if chosen else port, said.replace(GROUPS_KEPT, b""), identity


def seen_environment(server):
    with server.connect(source="127.0.0.5") as client:
        port = client.getsockname()[1]
        found = environment(tcpservers.read_all(client))
    numbers = {str(port): "RPORT", str(server.port): "PORT"}
    return {
        name: numbers.get(value, value)
        for name, value in found.items()
        if not name.startswith("TCP6")
    }


@pytest.mark.parametrize("options", [LEAN, ("-HRl", ""), ("-HRla:b",), (*LEAN, "-D", "-o")])
def test_the_environment(background, tmp_path, options):
    env = {"TCPREMOTEHOST": "old", "TCPREMOTEINFO": "old", "TCPLOCALHOST": "x", "PROTO": "SSL"}
    both(background, tmp_path, seen_environment, *options, "--", "/usr/bin/env", env=env)


def test_the_banner(background, tmp_path):
    argv = ("-v", *LEAN, "-B", "220 hi\\r\\n", "--", "/bin/echo", "in")
    assert both(background, tmp_path, logged(6), *argv)[0] == b"220 hi\\r\\nin\n"


RULES = {
    b"127.0.0.2": b"D\0",
    b"127.0.0.3": b"+A=1\0+A=2\0junk\0+B\0+PROTO=rule\0+TCPREMOTEHOST=rule",
    b"127.0.": b"+A=prefix\0+EMPTY=\0",
    b"": b"D\0",
}


def write_rules(path):
    with path.open("w+b") as stream:
        maker = cdbx.CDB.make(stream)
        for key, packed in RULES.items():
            maker.add(key, packed)
        maker.commit().close()


@pytest.mark.parametrize("ip", ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.1.0.1"])
def test_rules(background, tmp_path, ip):
    write_rules(tmp_path / "rules.cdb")

    def look(server):
        with server.connect(source=ip) as client:
            port = str(client.getsockname()[1])
            text = tcpservers.read_all(client)
        text = text.replace(b"=%d\n" % server.port, b"=PORT\n").replace(port.encode(), b"RPORT")
        return sorted(line for line in text.split(b"\n") if not line.startswith(b"TCP6")), \
            server.lines(6)  # fmt: skip

    argv = ("-v", *LEAN, "-x", "rules.cdb", "--", "/usr/bin/env")
    both(background, tmp_path, look, *argv, cwd=tmp_path)


@pytest.mark.parametrize("may_miss", [(), ("-X",)])
@pytest.mark.parametrize("name", ["missing", "empty", "cut", "cut/x"])
def test_rules_that_cannot_be_read(background, tmp_path, name, may_miss):
    (tmp_path / "empty").touch()
    (tmp_path / "cut").write_bytes(b"junk")
    argv = ("-v", *LEAN, "-x", name, *may_miss, "--", "/bin/echo", "in")
    both(background, tmp_path, logged(6), *argv, cwd=tmp_path)


def test_the_limit_and_the_end(background, tmp_path):
    def look(server):
        with server.connect() as first, server.connect() as second:
            assert first.recv(1) == b"\n"
            first.shutdown(socket.SHUT_WR)
            assert second.recv(1) == b"\n"
            second.shutdown(socket.SHUT_WR)
            server.lines(11)
        return server.lines(11)

    both(background, tmp_path, look, "-v", "-c1", *LEAN, "--", "/bin/sh", "-c", "echo; cat")


def test_the_end_leaves_the_children(background, tmp_path):
    def look(server):
        with server.connect() as client:
            client.sendall(b"x")
            assert client.recv(1) == b"x"
            assert server.stop() == 0
            client.sendall(b"y")
            return client.recv(1), server.lines(4)

    both(background, tmp_path, look, "-v", *LEAN, "--", "/bin/cat")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGALRM, signal.SIGUSR2])
def test_other_signals(background, tmp_path, number):
    for command in (THEIRS, OURS):
        server = start(background, tmp_path, *LEAN, "--", "/bin/cat", command=command)
        server.process.send_signal(number)
        assert server.process.wait(PATIENCE) == -number


@pytest.mark.needs_root
@pytest.mark.parametrize(
    ("options", "env"),
    [
        (("-g1234", "-u4321"), {}),
        (("-u4321",), {}),
        (("-g1234x",), {}),
        (("-U",), {"UID": "4321", "GID": "1234"}),
        (("-U", "-u77"), {"UID": "4321", "GID": "1234"}),
        (("-u77", "-U"), {"GID": "1234"}),
        (("-u0", "-g0"), {}),
    ],
)
def test_who_serves(background, tmp_path, options, env):
    argv = (*LEAN, *options, "--", "/usr/bin/id")
    both(background, tmp_path, lambda server: server.talk(), *argv, env=env)


NAMES = {
    "1.0.0.127.in-addr.arpa. PTR": ["Local.Example."],
    "2.0.0.127.in-addr.arpa. PTR": ["right.example."],
    "right.example. A": ["127.0.0.9", "127.0.0.2"],
    "3.0.0.127.in-addr.arpa. PTR": ["wrong.example."],
    "wrong.example. A": ["127.0.0.9"],
    "4.0.0.127.in-addr.arpa. PTR": ["We\\032ird%x_y-Z.Example."],
    "5.0.0.127.in-addr.arpa. PTR": ["."],
    "6.0.0.127.in-addr.arpa. PTR": ["alias.example. = target.example."],
    "7.0.0.127.in-addr.arpa. PTR": ["first.example.", "second.example."],
    "8.0.0.127.in-addr.arpa. PTR": ["truncated", "long.example."],
    "here.one.test. A": ["127.0.0.1"],
    "there.two.test. A": ["127.0.0.1"],
    "dotted.test. A": ["127.0.0.1"],
    "plain. A": ["127.0.0.1"],
}


@pytest.fixture
def dns(background):
    """The DNS, at an address that is this test run's own; answers its variable."""
    ip = f"127.53.{os.getpid() // 250 % 250}.{os.getpid() % 250 + 1}"
    start_names(background, NAMES, ip, 53)
    return {"DNSCACHEIP": ip}


@pytest.mark.needs_root
@pytest.mark.parametrize(
    ("options", "ip"),
    [
        *(((), f"127.0.0.{number}") for number in range(2, 10)),
        (("-p",), "127.0.0.2"),
        (("-p",), "127.0.0.3"),
        (("-H",), "127.0.0.2"),
    ],
)
def test_names_of_clients(background, tmp_path, dns, options, ip):
    argv = ("-vR", *options, "--", "/bin/sh", "-c", "echo $TCPLOCALHOST; echo $TCPREMOTEHOST")
    both(background, tmp_path, logged(6, source=ip), *argv, env=dns)


@pytest.mark.needs_root
@pytest.mark.parametrize(
    ("host", "env"),
    [
        ("here", {"LOCALDOMAIN": "one.test two.test"}),
        ("there", {"LOCALDOMAIN": "one.test two.test"}),
        ("dotted.test", {"LOCALDOMAIN": "one.test"}),
        ("plain.", {"LOCALDOMAIN": "one.test"}),
        ("anything", {"DNSREWRITEFILE": "rewrite"}),
        ("anything.else", {"DNSREWRITEFILE": "rewrite"}),
        ("x.SHORT", {"DNSREWRITEFILE": "rewrite"}),
    ],
)
def test_hosts_by_name(background, tmp_path, dns, host, env):
    (tmp_path / "rewrite").write_text(
        "no rule\n=anything:here.one.test \t\r\n-.else:plain\n?x.short:127.0.0+.257+.2\n"
    )
    options = {"host": host, "cwd": tmp_path, "env": {**dns, **env}}
    look = logged(6, ip="127.0.0.1")
    both(background, tmp_path, look, "-v", *LEAN, "--", "/bin/true", **options)


@pytest.mark.needs_root
@pytest.mark.parametrize(
    "answer",
    [
        b"1 , 2 : USERID : UNIX : joe\r\n",
        b"1,2:USERID:UNIX:jo e:x\ty z%\r\n",
        b"1 , 2 : ERROR : NO-USER\r\n",
        b"\r\n",
        b"1 , 2 : USERID : UNIX : joe",
        b"1,2:a:b:" + b"y" * 256 + b"\n",
        b"1,2:a:b:" + b"y" * 257 + b"\n",
        b"1,2:a:b:" + b"y" * 258 + b"\n",
        b":::" + b"\xff\0%: \n" + b"more\n",
    ],
)
def test_users_of_clients(background, tmp_path, answer):
    ip = f"127.113.{os.getpid() // 250 % 250}.{os.getpid() % 250 + 1}"
    ident = start_ident(background, answer, ip=ip, port=113)
    argv = ("-vHl0", "--", "/bin/sh", "-c", 'echo "${TCPREMOTEINFO-none}"')

    def look(server):
        with server.connect(source=ip) as client:
            port = client.getsockname()[1]
            text = tcpservers.read_all(client)
        question = ident.process.stdout.readline().decode()
        question = question.replace(str(port), "RPORT").replace(str(server.port), "PORT")
        return text, server.lines(6), question

    both(background, tmp_path, look, *argv)


@pytest.mark.parametrize("row", LEFT_OUT)
def test_what_the_oracle_leaves_out_is_in_the_table(row):
    differences.stand_by(row)
