from __future__ import annotations

import errno
import socket
import sys

import pytest

from supervise.drivers import resolver
from supervise.formats import address
from tests.support import processes
from tests.support.patience import PATIENCE
from tests.support.tcpservers import start_names

FOUR, SIX = address.parse(b"10.1.2.3"), address.parse(b"2001:db8::1")
NIBBLES = ".".join(reversed(SIX.hex())) + ".ip6.arpa."
REVERSE = "3.2.1.10.in-addr.arpa. PTR"


@pytest.fixture
def names(background, monkeypatch):
    """Start the DNS with a table, and look up there."""

    def begin(table, ip="127.0.0.1", lifetime=PATIENCE):
        server = start_names(background, table, ip)
        monkeypatch.setattr(resolver, "PORT", server.port)
        monkeypatch.setattr(resolver, "LIFETIME", lifetime)
        monkeypatch.setenv("DNSCACHEIP", ip)
        return server

    return begin


def test_nothing_is_loaded_for_an_answer_of_whatever_type():
    script = (
        "import sys; from supervise.drivers import resolver; resolver.prepare()\n"
        "before = set(sys.modules); import dns.message, dns.rdata, dns.rdataclass\n"
        "for opcode in range(6): dns.message.from_wire(bytes([0, 0, opcode << 3, *bytes(9)]))\n"
        "for kind in range(300): dns.rdata.get_rdata_class(dns.rdataclass.IN, kind)\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    assert processes.finish([sys.executable, "-c", script]) == (0, b"\n", b"")


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
    assert resolver.name_of(FOUR) == name
    assert resolver.name_of(address.long(FOUR)) == name


def test_the_name_of_an_ipv6_address(names):
    names({f"{NIBBLES} PTR": ["six.example."], "six.example. AAAA": ["2001:db8::1"]})
    assert resolver.name_of(SIX) == b"six.example"
    assert resolver.confirms(b"six.example", SIX)
    assert not resolver.confirms(b"six.example", FOUR)


def test_a_name_that_does_not_exist(names):
    names({})
    assert resolver.name_of(FOUR) is None
    assert resolver.addresses_of(b"nowhere.example", "A") == []


@pytest.mark.parametrize(
    ("mood", "number"),
    [
        ("servfail", errno.EAGAIN),
        ("refused", errno.EAGAIN),
        ("silent", errno.ETIMEDOUT),
        ("garbage", errno.ETIMEDOUT),
    ],
)
def test_trouble(names, mood, number):
    names({REVERSE: [mood]}, lifetime=0.3 if number == errno.ETIMEDOUT else PATIENCE)
    with pytest.raises(OSError, match=r".") as caught:
        resolver.name_of(FOUR)
    assert caught.value.errno == number
    assert resolver.known_name(FOUR) is None


def test_a_failing_server_is_asked_once(names):
    server = names({REVERSE: ["servfail"]})
    assert resolver.known_name(FOUR) is None
    assert len(server.questions()) == 1


def test_the_next_server_is_asked(names, monkeypatch):
    names({REVERSE: ["good.example."]})
    monkeypatch.setattr(resolver, "TRY", 0.2)
    monkeypatch.setenv("DNSCACHEIP", "127.0.0.77.127.0.0.1")  # nobody is at the first
    assert resolver.name_of(FOUR) == b"good.example"


def test_a_server_with_an_ipv6_address(names):
    names({REVERSE: ["good.example."]}, ip="::1")
    assert resolver.name_of(FOUR) == b"good.example"


@pytest.mark.parametrize("name", [b"x" * 64 + b".test", b"abcdefg." * 40])
def test_what_is_no_name(names, name):
    names({})
    with pytest.raises(OSError, match=r".") as caught:
        resolver.addresses_of(name, "A")
    assert caught.value.errno == errno.EPROTO


def test_confirming(names):
    names({"good.example. A": ["10.9.9.9", "10.1.2.3"], "bad.example. A": ["servfail"]})
    assert resolver.confirms(b"good.example", FOUR)
    assert resolver.confirms(b"good.example", address.long(FOUR))
    assert not resolver.confirms(b"good.example", address.parse(b"10.0.0.1"))
    assert not resolver.confirms(b"bad.example", FOUR)
    assert not resolver.confirms(b"none.example", FOUR)


def test_records_of_another_class_are_none(names):
    names({"good.example. A": ["classes", "10.1.2.3"]})
    assert resolver.confirms(b"good.example", FOUR)
    assert resolver.addresses_of(b"good.example", "A") == [FOUR]


def test_an_address_as_a_name_confirms_nothing(names):
    server = names({"10.1.2.3. A": ["10.1.2.3"]})
    assert not resolver.confirms(b"10.1.2.3", FOUR)
    assert not resolver.confirms(b"[10.1.2.3]", FOUR)
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
    addresses = resolver.addresses_of_host(host.encode(), ipv6)
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
    addresses = resolver.addresses_of_host(host.encode(), ipv6=True, both=True)
    assert [address.text(ip).decode() for ip in addresses] == found


def test_addresses_that_are_all_tried_come_in_any_order(names, monkeypatch):
    monkeypatch.setenv("DNSREWRITEFILE", "/nonexistent")
    every = [f"10.0.0.{number}" for number in range(1, 20)]
    names({"many.test. A": every})
    addresses = resolver.addresses_of_host(b"many.test", ipv6=False, both=True)
    found = [address.text(ip).decode() for ip in addresses]
    assert sorted(found) == sorted(every)
    assert found != every, "once in 10 ** 17"


def test_trouble_with_the_only_family_is_trouble(names, monkeypatch):
    monkeypatch.setenv("DNSREWRITEFILE", "/nonexistent")
    monkeypatch.setenv("LOCALDOMAIN", "")
    names({"half.test. AAAA": ["servfail"]})
    with pytest.raises(OSError, match=r"."):
        resolver.addresses_of_host(b"half.test", ipv6=True, both=True)


def test_hosts_with_alternatives(names, monkeypatch):
    monkeypatch.setenv("DNSREWRITEFILE", "/nonexistent")
    monkeypatch.setenv("LOCALDOMAIN", "none.test test")
    server = names(TABLE)
    assert resolver.addresses_of_host(b"four", ipv6=False)[0] == address.parse(b"10.0.0.1")
    asked = [name for *_, name, _ in server.questions()]
    assert asked == [b"four.none.test.", b"four.test."]


def test_trouble_with_one_alternative_is_trouble(names, monkeypatch):
    monkeypatch.setenv("DNSREWRITEFILE", "/nonexistent")
    monkeypatch.setenv("LOCALDOMAIN", "test elsewhere.test")
    names(TABLE | {"down.elsewhere.test. A": ["10.0.0.1"]})
    with pytest.raises(OSError, match=r"."):
        resolver.addresses_of_host(b"down", ipv6=False)


@pytest.fixture
def configuration(monkeypatch, tmp_path):
    """A resolv.conf and no rewriting."""
    path = tmp_path / "resolv.conf"
    monkeypatch.setattr(resolver, "RESOLV_CONF", str(path).encode())
    monkeypatch.setattr(resolver, "REWRITE_FILE", str(tmp_path / "rewrite").encode())
    for name in ("LOCALDOMAIN", "DNSREWRITEFILE", "DNSCACHEIP"):
        monkeypatch.delenv(name, raising=False)
    return path


def test_where_servers_come_from(configuration, monkeypatch):
    assert resolver.servers() == [b"127.0.0.1"]
    configuration.write_text("nameserver 10.0.0.1\nnameserver fe80::1%lo\nnameserver ::1\n")
    assert resolver.servers() == [b"10.0.0.1", b"fe80::1%lo", b"::1"]
    assert resolver.configured().nameservers == ["10.0.0.1", "fe80::1%lo", "::1"]
    monkeypatch.setenv("DNSCACHEIP", "junk")
    assert resolver.servers() == [b"10.0.0.1", b"fe80::1%lo", b"::1"]
    monkeypatch.setenv("DNSCACHEIP", "10.0.0.2.10.0.0.3")
    assert resolver.servers() == [b"10.0.0.2", b"10.0.0.3"]


def suffixes(monkeypatch):
    """What a short host is looked up as."""
    asked = []

    def look_up(name, kind):
        asked.append(name.decode())
        return []

    monkeypatch.setattr(resolver, "addresses_of", look_up)
    assert resolver.addresses_of_host(b"h", ipv6=False) == []
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
    assert resolver.addresses_of(b"localhost", "A") == []
