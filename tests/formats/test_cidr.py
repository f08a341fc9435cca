from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import address, cidr

CANONICAL = {
    b"10.0.0.0/8": b"10.0.0.0/8",
    b"192.168.4.0/22": b"192.168.4.0/22",
    b"0.0.0.0/0": b"0.0.0.0/0",
    b"1.2.3.4/32": b"1.2.3.4/32",
    b"2001:db8::/32": b"2001:db8::/32",
    b"2001:0DB8:0:0::/32": b"2001:db8::/32",
    b"::/0": b"::/0",
    b"::1/128": b"::1/128",
    b"fe80::/10": b"fe80::/10",
    b"::ffff:a00:0/104": b"::ffff:10.0.0.0/104",
}

NO_RANGES = [
    b"", b"/", b"/8", b"10.0.0.0", b"10.0.0.0/", b"10.0.0.0/33", b"10.0.0.0/-1", b"10.0.0.0/+8",
    b"10.0.0.0/08", b"10.0.0.0/8 ", b" 10.0.0.0/8", b"10.0.0.0/8/8", b"10.0.0.0/255.0.0.0",
    b"10.1.2.3/8", b"10.0.0.1/31", b"10/8", b"10.0.0/8", b"10./8", b"010.0.0.0/8", b"256.0.0.0/8",
    b"1.0.0.0/0", b"10.0.0.0/" + b"9" * 5000, b"10.0.0.0/\xb2", b"::/129", b"::1/127",
    b"2001:db8:/32", b"2001:db8::1/32", b"fe80::%eth0/10", b"::/", b"word/8", b"./", b":/",
]  # fmt: skip


@pytest.mark.parametrize("text", CANONICAL, ids=repr)
def test_a_range_is_spelt_in_one_way(text):
    assert cidr.canonical(text) == CANONICAL[text]


@pytest.mark.parametrize("text", NO_RANGES, ids=repr)
def test_what_is_no_range(text):
    with pytest.raises(ValueError):  # noqa: PT011 - the text is all that there is to say
        cidr.canonical(text)


addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))


@st.composite
def ranges(draw):
    ip = draw(addresses)
    length = draw(st.integers(0, ip.max_prefixlen))
    return ipaddress.ip_network((ip, length), strict=False)


@given(ranges())
def test_every_spelling_has_the_same_key(network):
    key = cidr.canonical(str(network).encode())
    assert key == address.text(network.network_address.packed) + b"/%d" % network.prefixlen
    assert {cidr.canonical(key), cidr.canonical(network.exploded.upper().encode())} == {key}


@given(addresses, st.integers(0, 128))
def test_bits_after_the_prefix_are_refused(ip, length):
    text = b"%s/%d" % (address.text(ip.packed), length)
    try:
        ipaddress.ip_network((ip, length))
    except ValueError:
        with pytest.raises(ValueError):  # noqa: PT011
            cidr.canonical(text)
    else:
        assert cidr.canonical(text) == text


@given(addresses, st.lists(st.integers(0, 32), unique=True))
def test_an_address_is_covered_by_one_range_of_each_length(ip, lengths):
    found = cidr.covering(address.text(ip.packed), lengths)
    assert [length for length, _ in found] == lengths
    for length, key in found:
        network = ipaddress.ip_network(key.decode())
        assert network.prefixlen == length
        assert ip in network
        assert cidr.canonical(key) == key


def test_what_is_no_address_has_no_ranges():
    for text in (b"", b"1.2.3.", b"1.2.3.400", b"10.0.0.0/8", b"fe80::1%eth0", b"unknown", b"\xff"):
        assert cidr.covering(text, [0, 8, 32]) == []


def test_the_lists_of_lengths():
    assert cidr.lists([]) == []
    both = [b"10.0.0.0/8", b"::/0", b"9.0.0.0/8", b"1.2.3.4/32", b"10.0.0.0/16", b"::1/128"]
    assert cidr.lists(both) == [(b"./", b"8\x0016\x0032\0"), (b":/", b"0\x00128\0")]
    assert cidr.lists(both[1:2]) == [(b":/", b"0\0")]


@given(st.lists(ranges()))
def test_what_was_listed_is_read_again(networks):
    keys = [cidr.canonical(str(network).encode()) for network in networks]
    lists = dict(cidr.lists(keys))
    for version, ip in ((4, b"1.2.3.4"), (6, b"::1")):
        used = sorted({each.prefixlen for each in networks if each.version == version})
        key = cidr.list_key(ip)
        assert cidr.listed(key, lists.get(key)) == used


def test_what_else_a_list_holds_is_passed_over():
    assert cidr.listed(b"./", None) == []
    assert cidr.listed(b"./", b"D\0+X=8\x0033\x00-1\x0008\x00\xff\x0024\0" + b"9" * 5000) == [24]
    assert cidr.listed(b":/", b"128\x0064\x00129\0") == [64, 128]
