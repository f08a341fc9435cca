from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import networks
from supervise.formats.networks import Network


def packed(text):
    return ipaddress.ip_address(text).packed


def test_addresses_and_ranges_of_both_kinds():
    assert networks.parse(b"10.0.0.1,192.168.0.0/16,::1,2001:db8::/32,0.0.0.0/0") == [
        Network(b"\x0a\0\0\1", 32),
        Network(b"\xc0\xa8\0\0", 16),
        Network(packed("::1"), 128),
        Network(packed("2001:db8::"), 32),
        Network(bytes(4), 0),
    ]


def test_a_mapped_address_is_the_ipv4_one():
    assert networks.parse(b"::ffff:10.0.0.1") == [Network(b"\x0a\0\0\1", 32)]


def test_a_network_of_mapped_addresses_is_the_ipv4_one():
    assert networks.parse(b"::ffff:10.0.0.0/104,::ffff:0:0/96") == [
        Network(b"\x0a\0\0\0", 8),
        Network(bytes(4), 0),
    ]


@pytest.mark.parametrize(
    "words",
    [b"", b",", b"10.0.0.1,", b"10.0.0.1, 10.0.0.2", b"10.0.0", b"10.0.0.1/8", b"10.0.0.0/33",
     b"10.0.0.0/", b"/8", b"host", b"::/129", b"10.0.0.0/8/8", b"10.0.0.0/255.0.0.0"],
)  # fmt: skip
def test_what_is_none(words):
    with pytest.raises(ValueError):  # noqa: PT011
        networks.parse(words)


def test_the_word_in_question_is_told():
    with pytest.raises(ValueError, match="host"):
        networks.parse(b"10.0.0.1,host,::1")


addresses = st.one_of(
    st.ip_addresses(v=4), st.ip_addresses(v=6).filter(lambda ip: ip.ipv4_mapped is None)
)


@st.composite
def ranges(draw):
    ip = draw(addresses)
    return ipaddress.ip_network((ip, draw(st.integers(0, ip.max_prefixlen))), strict=False)


@given(st.lists(ranges(), min_size=1, max_size=5), addresses)
def test_as_another_library_says(wanted, ip):
    parsed = networks.parse(",".join(map(str, wanted)).encode())
    for one in (ip, wanted[0].network_address, wanted[0].broadcast_address):
        assert networks.hold(parsed, one.packed) == any(one in network for network in wanted)
