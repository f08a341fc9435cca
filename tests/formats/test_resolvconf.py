from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import address, resolvconf
from tests.support import growth


def test_servers():
    lines = (
        b"# nameserver 9.9.9.9\n nameserver 8.8.8.8\nnameservers 7.7.7.7\n"
        b"nameserver 1.2.3.4 # ours\nnameserver\tfe80::1%eth0\nnameserver ::1\n"
        b"nameserver\nnameserver name.example\nnameserver 300.1.1.1\n"
    )
    assert resolvconf.servers(lines) == [b"1.2.3.4", b"fe80::1%eth0", b"::1"]


def test_no_more_servers_than_anybody_would_ask():
    lines = b"".join(b"nameserver 10.0.0.%d\n" % number for number in range(1, 30))
    assert len(resolvconf.servers(lines)) == 16


@pytest.mark.parametrize(
    ("lines", "domains"),
    [
        (b"", None),
        (b"nameserver 1.2.3.4\n", None),
        (b"search a.test b.test\ndomain c.test\n", [b"a.test", b"b.test"]),
        (b"domain c.test\nsearch a.test\n", [b"c.test"]),
        (b" search a.test\nsearches b.test\nsearch\n", []),
    ],
)
def test_domains(lines, domains):
    assert resolvconf.domains(lines) == domains


@pytest.mark.parametrize(
    ("value", "servers"),
    [
        (b"", []),
        (b"127.0.0.1", [b"127.0.0.1"]),
        (b"127.0.0.1.127.0.0.2", [b"127.0.0.1", b"127.0.0.2"]),
        (b"::1", [b"::1"]),
        (b"fe80::1%eth0 10.0.0.1,::2", [b"fe80::1%eth0", b"10.0.0.1", b"::2"]),
        (b"junk", []),
        (b"1:2", []),
        (b"1.2.3", []),
        (b"1..2.3.4.5.6", [b"2.3.4.5"]),
    ],
)
def test_servers_of_the_environment(value, servers):
    assert resolvconf.cache_servers(value) == servers


def test_a_long_number_is_looked_at_once():
    assert growth.grows_with_its_input(lambda size: resolvconf.cache_servers(b"1" * size))
    assert growth.grows_with_its_input(lambda size: resolvconf.cache_servers(b"1." * (size // 2)))


@given(st.one_of(st.binary(max_size=60), st.text("0123456789.:%, ").map(str.encode)))
def test_whatever_it_says_only_addresses_come_out(text):
    found = resolvconf.cache_servers(text) + resolvconf.servers(b"nameserver " + text)
    assert all(address.parse(word.partition(b"%")[0]) for word in found)
