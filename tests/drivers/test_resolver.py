from __future__ import annotations

import errno
import socket

import pytest

from supervise.drivers import nameservers, resolver
from supervise.formats import address
from tests.support.conversations import finish, soon
from tests.support.tcpservers import start_names

FOUR, SIX = address.parse(b"10.1.2.3"), address.parse(b"2001:db8::1")
NIBBLES = ".".join(reversed(SIX.hex())) + ".ip6.arpa."
REVERSE = "3.2.1.10.in-addr.arpa. PTR"


@pytest.fixture
def names(background, monkeypatch):
    """Start the DNS with a table, and look up there."""

    def begin(table):
        server = start_names(background, table)
        monkeypatch.setattr(nameservers, "PORT", server.port)
        monkeypatch.setenv("DNSCACHEIP", "127.0.0.1")
        return server

    return begin


def name_of(ip):
    return finish(resolver.name_of(ip, soon()))


def confirms(name, ip):
    return finish(resolver.confirms(name, ip, soon()))


def addresses_of(name, kind):
    return finish(resolver.addresses_of(name, kind, soon()))


def addresses_of_host(host, ipv6, both=False):
    return resolver.addresses_of_host(host, ipv6, both, soon())


@pytest.mark.parametrize(
    ("records", "name"),
    [
        (["Www.Example."], b"www.example"),
        (["one.example.", "two.example."], b"one.example"),
        (["."], b"."),
        (["we\\032ird.example."], b"we\\040ird.example"),
        (["3.0-15.example. = target.example."], b"target.example"),
        (["truncated", "long.example."], b"long.example"),
        ([], None),
    ],
)
def test_the_name_of_an_address(names, records, name):
    names({REVERSE: records})
    assert name_of(FOUR) == name
    assert name_of(address.long(FOUR)) == name


def test_the_name_of_an_ipv6_address(names):
    names({f"{NIBBLES} PTR": ["six.example."], "six.example. AAAA": ["2001:db8::1"]})
    assert name_of(SIX) == b"six.example"
    assert confirms(b"six.example", SIX)
    assert not confirms(b"six.example", FOUR)


def test_a_name_that_does_not_exist(names):
    names({})
    assert name_of(FOUR) is None
    assert addresses_of(b"nowhere.example", "A") == []


@pytest.mark.parametrize("name", [b"x" * 64 + b".test", b"abcdefg." * 40])
def test_what_is_no_name(names, name):
    names({})
    with pytest.raises(OSError, match=r".") as caught:
        addresses_of(name, "A")
    assert caught.value.errno == errno.EPROTO


def test_confirming(names):
    names({"good.example. A": ["10.9.9.9", "10.1.2.3"], "bad.example. A": ["servfail"]})
    assert confirms(b"good.example", FOUR)
    assert confirms(b"good.example", address.long(FOUR))
    assert not confirms(b"good.example", address.parse(b"10.0.0.1"))
    with pytest.raises(BlockingIOError, match="nobody could answer"):
        confirms(b"bad.example", FOUR)
    assert not confirms(b"none.example", FOUR)


def test_records_of_another_class_are_none(names):
    names({"good.example. A": ["classes", "10.1.2.3"]})
    assert confirms(b"good.example", FOUR)
    assert addresses_of(b"good.example", "A") == [FOUR]


def test_an_address_as_a_name_confirms_nothing(names):
    server = names({"10.1.2.3. A": ["10.1.2.3"]})
    assert not confirms(b"10.1.2.3", FOUR)
    assert not confirms(b"[10.1.2.3]", FOUR)
    assert server.questions() == []


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


@pytest.fixture
def configuration(monkeypatch, tmp_path):
    """A resolv.conf and no rewriting."""
    path = tmp_path / "resolv.conf"
    monkeypatch.setattr(nameservers, "RESOLV_CONF", str(path).encode())
    monkeypatch.setattr(resolver, "REWRITE_FILE", str(tmp_path / "rewrite").encode())
    for name in ("LOCALDOMAIN", "DNSREWRITEFILE", "DNSCACHEIP"):
        monkeypatch.delenv(name, raising=False)
    return path


def suffixes(monkeypatch):
    """What a short host is looked up as."""
    asked = []

    async def look_up(name, kind, until):
        asked.append(name.decode())
        return []

    monkeypatch.setattr(resolver, "addresses_of", look_up)
    assert addresses_of_host(b"h", ipv6=False) == []
    return asked


def test_where_domains_come_from(configuration, monkeypatch, tmp_path):
    monkeypatch.setattr(socket, "gethostname", lambda: "me.from.hostname")
    assert suffixes(monkeypatch) == ["h.from.hostname"]
    monkeypatch.setattr(socket, "gethostname", lambda: "me")
    assert suffixes(monkeypatch) == ["h"]
    configuration.write_text("search a.test b.test\n")
    assert suffixes(monkeypatch) == ["h.a.test", "h.b.test"]
    monkeypatch.setenv("LOCALDOMAIN", "c.test")
    assert suffixes(monkeypatch) == ["h.c.test"]
    (tmp_path / "rewrite").write_text("=h:default\n")
    assert suffixes(monkeypatch) == ["default"]
    monkeypatch.setenv("DNSREWRITEFILE", str(tmp_path / "own"))
    assert suffixes(monkeypatch) == ["h.c.test"]
    (tmp_path / "own").write_text("=h:own\n")
    assert suffixes(monkeypatch) == ["own"]


def test_the_machines_hosts_file_is_not_asked(names):
    names({})
    assert addresses_of(b"localhost", "A") == []
