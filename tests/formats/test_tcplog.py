from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from supervise.formats import tcplog
from supervise.formats.tcplog import Connection

LOCAL = Connection(b"localhost", b"127.0.0.1", 34101, b"two.example.org", b"127.0.0.2", None, 48919)


def test_the_lines():
    assert tcplog.status(3, 40) == "tcpserver: status: 3/40"
    assert tcplog.began(24107, b"127.0.0.2") == "tcpserver: pid 24107 from 127.0.0.2"
    assert tcplog.ended(24107, 28416) == "tcpserver: end 24107 status 28416"
    assert tcplog.decided("ok", 24107, LOCAL) == (
        "tcpserver: ok 24107 localhost:127.0.0.1:34101 two.example.org:127.0.0.2::48919"
    )


def test_what_is_not_known_is_empty():
    nothing = Connection(None, b"::1", 25, None, b"::1", None, 1)
    assert tcplog.decided("deny", 7, nothing) == "tcpserver: deny 7 :[::1]:25 :[::1]::1"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (b"plain-name_1.example", "plain-name_1.example"),
        (b"a:b%c d\xe9\n\x7f~!", "a?b?c?d???~!"),
        (b"x" * 99, "x" * 99),
        (b"x" * 100, "x" * 100 + "..."),
        (b"x" * 1000, "x" * 100 + "..."),
    ],
)
def test_fields(value, shown):
    assert tcplog.field(value) == shown


names = st.one_of(st.none(), st.binary(max_size=120))
ips = st.sampled_from([b"127.0.0.1", b"::1", b"::ffff:1.2.3.4", b"fe80::1:2"])
ports = st.integers(0, 65535)


# From the left: a name has no colon, and an address that has some is in brackets.
LOCAL_FIELDS = re.compile(r"([^:]*):(\[[^]]*\]|[^:]*):(\d+)")
REMOTE_FIELDS = re.compile(r"([^:]*):(\[[^]]*\]|[^:]*):([^:]*):(\d+)")


@given(st.builds(Connection, names, ips, ports, names, ips, names, ports))
@example(Connection(b"[", b"::1", 0, b"[a", b"127.0.0.1", b"]", 0))
def test_a_line_can_always_be_split_into_its_fields(connection):
    words = tcplog.decided("ok", 7, connection).split(" ")
    assert words[:3] == ["tcpserver:", "ok", "7"]
    assert len(words) == 5
    local, remote = LOCAL_FIELDS.fullmatch(words[3]), REMOTE_FIELDS.fullmatch(words[4])
    local_ip, remote_ip = (
        f"[{ip.decode()}]" if b":" in ip else ip.decode()
        for ip in (connection.local_ip, connection.remote_ip)
    )
    assert local.group(2, 3) == (local_ip, str(connection.local_port))
    assert remote.group(2, 4) == (remote_ip, str(connection.remote_port))


def test_why_a_client_was_denied():
    assert tcplog.why("MAXCONNIP", 6, 5) == " MAXCONNIP:6/5"


def test_who_is_connected():
    assert tcplog.connected(7, b"a:b", b"::1", 12) == "tcpserver: open 7 a?b:[::1] 12"
    assert tcplog.connected(7, None, b"127.0.0.1", 0) == "tcpserver: open 7 :127.0.0.1 0"
