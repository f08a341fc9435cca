from __future__ import annotations

import errno

import pytest

from supervise.drivers import hosts, resolver
from supervise.errors import Failure
from supervise.formats import address
from supervise.unix.sockets import End

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

    def addresses_of_host(*question):
        asked.append(question)
        if isinstance(answer, OSError):
            raise answer
        return answer

    monkeypatch.setattr(resolver, "addresses_of_host", addresses_of_host)
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
