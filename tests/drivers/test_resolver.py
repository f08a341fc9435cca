from __future__ import annotations

import errno

import pytest

from supervise.drivers import resolver
from supervise.formats import address
from tests.support.conversations import finish, soon

FOUR, SIX = address.parse(b"10.1.2.3"), address.parse(b"2001:db8::1")
NIBBLES = ".".join(reversed(SIX.hex())) + ".ip6.arpa."
REVERSE = "3.2.1.10.in-addr.arpa. PTR"


def name_of(ip):
    return finish(resolver.name_of(ip, soon()))


def confirms(name, ip):
    return finish(resolver.confirms(name, ip, soon()))


def addresses_of(name, kind):
    return finish(resolver.addresses_of(name, kind, soon()))


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


def test_the_machines_hosts_file_is_not_asked(names):
    names({})
    assert addresses_of(b"localhost", "A") == []
