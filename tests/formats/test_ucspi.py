from __future__ import annotations

from supervise.formats import ucspi
from supervise.formats.tcplog import Connection


def test_the_variables_of_an_ipv4_client():
    connection = Connection(b"here", b"127.0.0.1", 25, b"there", b"127.0.0.2", b"joe", 5000)
    assert dict(ucspi.variables(connection, b"TCP", None)) == {
        b"PROTO": b"TCP",
        b"TCPLOCALIP": b"127.0.0.1",
        b"TCPLOCALPORT": b"25",
        b"TCPLOCALHOST": b"here",
        b"TCPREMOTEIP": b"127.0.0.2",
        b"TCPREMOTEPORT": b"5000",
        b"TCPREMOTEHOST": b"there",
        b"TCPREMOTEINFO": b"joe",
        b"TCP6LOCALIP": b"::ffff:127.0.0.1",
        b"TCP6LOCALPORT": b"25",
        b"TCP6LOCALHOST": b"here",
        b"TCP6REMOTEIP": b"::ffff:127.0.0.2",
        b"TCP6REMOTEPORT": b"5000",
        b"TCP6REMOTEHOST": b"there",
        b"TCP6REMOTEINFO": b"joe",
        b"TCP6INTERFACE": None,
    }


def test_what_is_not_known_is_removed_and_what_is_empty_is_set():
    connection = Connection(b"", b"fe80::1", 25, None, b"fe80::2", None, 5000)
    found = dict(ucspi.variables(connection, b"TCP6", b"eth0"))
    assert found[b"TCPLOCALHOST"] == found[b"TCP6LOCALHOST"] == b""
    removed = {name for name, value in found.items() if value is None}
    assert removed == {
        b"TCPREMOTEHOST", b"TCPREMOTEINFO", b"TCP6REMOTEHOST", b"TCP6REMOTEINFO",
    }  # fmt: skip
    assert found[b"TCPREMOTEIP"] == found[b"TCP6REMOTEIP"] == b"fe80::2"
    assert found[b"TCP6INTERFACE"] == b"eth0"


def test_the_variables_of_a_client():
    connection = Connection(None, b"127.0.0.1", 5000, b"", b"127.0.0.2", None, 25)
    assert ucspi.classic(connection, b"TCP") == [
        (b"PROTO", b"TCP"),
        (b"TCPLOCALIP", b"127.0.0.1"),
        (b"TCPLOCALPORT", b"5000"),
        (b"TCPLOCALHOST", None),
        (b"TCPREMOTEIP", b"127.0.0.2"),
        (b"TCPREMOTEPORT", b"25"),
        (b"TCPREMOTEHOST", b""),
        (b"TCPREMOTEINFO", None),
    ]
