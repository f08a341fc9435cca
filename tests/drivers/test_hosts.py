from __future__ import annotations

import errno

import pytest

from supervise.drivers import hosts
from supervise.errors import Failure
from supervise.formats import address
from supervise.unix.sockets import End
from tests.support.conversations import soon

FOUR, SIX = address.parse(b"10.1.2.3"), address.parse(b"2001:db8::1")


def test_ports():
    assert hosts.port_number("smtp") == 25
    assert hosts.port_number("70000") == 4464
    assert hosts.port_number("") == 0


@pytest.mark.parametrize("port", ["80x", "no-such-service", "é\udcff", "-1"])
def test_what_is_no_port(port):
    with pytest.raises(Failure) as caught:
        hosts.port_number(port)
    assert caught.value.text == f"unable to figure out port number for {port}"


@pytest.mark.parametrize("host", ["2001:db8::1", "[2001:db8::1]", "2001:DB8:0::0:1"])
def test_ipv6_in_numbers(host):
    assert hosts.find(host, 25, ipv6=True) == [End(SIX, 25)]


def test_ipv4_in_numbers(monkeypatch):
    monkeypatch.setenv("DNSREWRITEFILE", "/nonexistent")
    monkeypatch.setenv("LOCALDOMAIN", "")
    assert hosts.find("10.1.2.3", 25, ipv6=True, interface="lo") == [End(FOUR, 25)]


@pytest.mark.parametrize(
    ("host", "interface", "scope"),
    [("fe80::1", None, 0), ("fe80::1", "lo", 1), ("fe80::1%lo", None, 1), ("fe80::1%lo", "lo", 1)],
)
def test_interfaces(host, interface, scope):
    (end,) = hosts.find(host, 1, ipv6=True, interface=interface)
    assert end == End(address.parse(b"fe80::1"), 1, scope)


@pytest.mark.parametrize(("host", "interface"), [("::1", "no-such-if"), ("::1%no-such-if", None)])
def test_an_interface_that_is_not_there(host, interface):
    with pytest.raises(Failure) as caught:
        hosts.find(host, 1, ipv6=True, interface=interface)
    assert caught.value.text == "unable to find interface no-such-if: device not configured"


def looked_up(monkeypatch, answer):
    """Put an answer, or trouble, in the place of the DNS; the list has what was asked."""
    asked = []

    def addresses(*question):
        asked.append(question)
        if isinstance(answer, OSError):
            raise answer
        return answer

    monkeypatch.setattr(hosts, "addresses", addresses)
    return asked


@pytest.mark.parametrize("both", [False, True])
def test_names(monkeypatch, both):
    asked = looked_up(monkeypatch, [FOUR, SIX])
    ends = hosts.find("h\udcff", 25, ipv6=True, both=both, interface="lo")
    assert ends == [End(FOUR, 25), End(SIX, 25, 1)]
    assert [question[:3] for question in asked] == [(b"h\xff", True, both)]


@pytest.mark.parametrize(("host", "ipv6"), [("name", True), ("::1", False), ("::g", True)])
def test_no_address(monkeypatch, host, ipv6):
    looked_up(monkeypatch, [])
    with pytest.raises(Failure) as caught:
        hosts.find(host, 25, ipv6)
    assert (caught.value.text, caught.value.code) == (f"no IP address for {host}", 111)


def test_trouble(monkeypatch):
    looked_up(monkeypatch, OSError(errno.ETIMEDOUT, ""))
    with pytest.raises(Failure) as caught:
        hosts.find("name", 25, ipv6=True)
    said = "temporarily unable to figure out IP address for name: timed out"
    assert (caught.value.text, caught.value.code) == (said, 111)


def addresses_of_host(host, ipv6, both=False):
    return hosts.addresses(host, ipv6, both, soon())


TABLE = {
    "four.test. A": ["10.0.0.1", "10.0.0.2"],
    "both.test. A": ["10.0.0.3"],
    "both.test. AAAA": ["::3"],
    "six.test. AAAA": ["::6"],
    "down.test. A": ["servfail"],
    "alias.test. A": ["other.test. = 10.0.0.4"],
}


@pytest.mark.parametrize(
    ("host", "ipv6", "found"),
    [
        ("four.test", True, ["10.0.0.1", "10.0.0.2"]),
        ("both.test", True, ["10.0.0.3"]),
        ("six.test", True, ["::6"]),
        ("six.test", False, []),
        ("alias.test", True, ["10.0.0.4"]),
        ("none.test", True, []),
        ("10.1.2.3", True, ["10.1.2.3"]),
        ("10.1", True, []),
    ],
)
def test_hosts(names, monkeypatch, host, ipv6, found):
    monkeypatch.setenv("DNSREWRITEFILE", "/nonexistent")
    monkeypatch.setenv("LOCALDOMAIN", "")
    names(TABLE)
    addresses = addresses_of_host(host.encode(), ipv6)
    assert [address.text(ip).decode() for ip in addresses] == found


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("both.test", ["10.0.0.3", "::3"]),
        ("half.test", ["10.0.0.5"]),
        ("six.test", ["::6"]),
        ("10.0.0.9.10.0.0.8", ["10.0.0.9", "10.0.0.8"]),
    ],
)
def test_hosts_by_both_families(names, monkeypatch, host, found):
    monkeypatch.setenv("DNSREWRITEFILE", "/nonexistent")
    monkeypatch.setenv("LOCALDOMAIN", "")
    names({**TABLE, "half.test. A": ["10.0.0.5"], "half.test. AAAA": ["servfail"]})
    addresses = addresses_of_host(host.encode(), ipv6=True, both=True)
    assert [address.text(ip).decode() for ip in addresses] == found


def test_addresses_that_are_all_tried_come_in_any_order(names, monkeypatch):
    monkeypatch.setenv("DNSREWRITEFILE", "/nonexistent")
    every = [f"10.0.0.{number}" for number in range(1, 20)]
    names({"many.test. A": every})
    addresses = addresses_of_host(b"many.test", ipv6=False, both=True)
    found = [address.text(ip).decode() for ip in addresses]
    assert sorted(found) == sorted(every)
    assert found != every, "once in 10 ** 17"


def test_trouble_with_the_only_family_is_trouble(names, monkeypatch):
    monkeypatch.setenv("DNSREWRITEFILE", "/nonexistent")
    monkeypatch.setenv("LOCALDOMAIN", "")
    names({"half.test. AAAA": ["servfail"]})
    with pytest.raises(OSError, match=r"."):
        addresses_of_host(b"half.test", ipv6=True, both=True)


def test_hosts_with_alternatives(names, monkeypatch):
    monkeypatch.setenv("DNSREWRITEFILE", "/nonexistent")
    monkeypatch.setenv("LOCALDOMAIN", "none.test test")
    server = names(TABLE)
    assert addresses_of_host(b"four", ipv6=False)[0] == address.parse(b"10.0.0.1")
    asked = [name for *_, name, _ in server.questions()]
    assert asked == [b"four.none.test.", b"four.test."]


@pytest.mark.parametrize(
    ("local", "asked"),
    [
        ("", [b"h."]),
        (" ", [b"h.", b"h."]),
        ("a ", [b"h.a.", b"h."]),
        ("a  b", [b"h.a.", b"h.", b"h.b."]),
    ],
)
def test_each_space_between_domains_counts(names, monkeypatch, local, asked):
    monkeypatch.setenv("DNSREWRITEFILE", "/nonexistent")
    monkeypatch.setenv("LOCALDOMAIN", local)
    server = names({"other. A": ["10.0.0.1"]})
    assert addresses_of_host(b"h", ipv6=False) == []
    assert [name for *_, name, _ in server.questions()] == asked


def test_trouble_with_one_alternative_is_trouble(names, monkeypatch):
    monkeypatch.setenv("DNSREWRITEFILE", "/nonexistent")
    monkeypatch.setenv("LOCALDOMAIN", "test elsewhere.test")
    names(TABLE | {"down.elsewhere.test. A": ["10.0.0.1"]})
    with pytest.raises(OSError, match=r"."):
        addresses_of_host(b"down", ipv6=False)
