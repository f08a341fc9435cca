from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import address, addresskey


def keys(*client):
    return list(addresskey.keys(*client))


def test_an_address_alone():
    assert keys(b"1.2.3.4", None, None) == [b"1.2.3.4", b"1.2.3.", b"1.2.", b"1.", b""]


def test_everything_known():
    assert keys(b"1.2.3.4", b"a.b.c", b"joe") == [
        b"joe@1.2.3.4", b"joe@=a.b.c", b"1.2.3.4", b"=a.b.c",
        b"1.2.3.", b"1.2.", b"1.", b"=.b.c", b"=.c", b"=", b"",
    ]  # fmt: skip


def test_known_but_empty_is_known():
    assert keys(b"", b"", b"") == [b"@", b"@=", b"", b"=", b"=", b""]


def test_ident_without_a_host():
    assert keys(b"9", None, b"") == [b"@9", b"9", b""]


def test_ranges_stand_among_the_starts_by_their_length():
    assert list(addresskey.keys(b"1.2.3.4", b"a.b", b"joe", [0, 8, 9, 16, 23, 24, 25, 32])) == [
        b"joe@1.2.3.4", b"joe@=a.b", b"1.2.3.4", b"=a.b",
        b"1.2.3.4/32", b"1.2.3.0/25", b"1.2.3.", b"1.2.3.0/24", b"1.2.2.0/23",
        b"1.2.", b"1.2.0.0/16", b"1.0.0.0/9", b"1.", b"1.0.0.0/8", b"0.0.0.0/0",
        b"=.b", b"=", b"",
    ]  # fmt: skip


def test_ranges_of_ipv6_stand_among_whole_groups():
    lengths = [0, 16, 31, 32, 33, 112, 113]
    assert list(addresskey.keys(b"2001:db8::1", None, None, lengths)) == [
        b"2001:db8::1", b"2001:db8::/113", b"2001:db8::", b"2001:db8:0:0:0:0:0:",
        b"2001:db8::/112", b"2001:db8:0:0:0:0:", b"2001:db8:0:0:0:", b"2001:db8:0:0:",
        b"2001:db8:0:", b"2001:db8::/33", b"2001:db8:", b"2001:db8::/32", b"2001:db8::/31",
        b"2001:", b"2001::/16", b"::/0", b"",
    ]  # fmt: skip


def test_ranges_of_a_mapped_address_stand_among_its_starts():
    assert list(addresskey.keys(b"::ffff:1.2.3.4", None, None, [0, 80, 96, 104, 105])) == [
        b"::ffff:1.2.3.4", b"::ffff:1.2.3.", b"::ffff:1.2.", b"::ffff:1.0.0.0/105", b"::ffff:1.",
        b"::ffff:1.0.0.0/104", b"::ffff:", b"::ffff:0.0.0.0/96", b"::", b"::/80", b":", b"::/0",
        b"",
    ]  # fmt: skip


def test_what_is_no_address_is_in_no_range():
    for text in (b"", b"unknown", b"1.2", b"1.2.3.400", b"fe80::1%eth0"):
        assert list(addresskey.keys(text, None, None, [0, 8, 32])) == keys(text, None, None)


@given(st.ip_addresses(), st.lists(st.integers(0, 32)))
def test_with_ranges_the_other_keys_keep_their_order(ip, lengths):
    text = address.text(ip.packed)
    some = list(addresskey.keys(text, b"a.b", b"joe", lengths))
    assert [key for key in some if b"/" not in key] == keys(text, b"a.b", b"joe")
    assert len(some) == len(keys(text, b"a.b", b"joe")) + len(lengths)


def test_an_ipv6_address_is_cut_at_its_colons_in_short_and_in_full():
    assert keys(b"2001:db8::1", None, None) == [
        b"2001:db8::1", b"2001:db8::", b"2001:db8:0:0:0:0:0:", b"2001:db8:0:0:0:0:",
        b"2001:db8:0:0:0:", b"2001:db8:0:0:", b"2001:db8:0:", b"2001:db8:", b"2001:", b"",
    ]  # fmt: skip
    assert keys(b"a:b::1:2:3:4:5", None, None) == [
        b"a:b::1:2:3:4:5", b"a:b::1:2:3:4:", b"a:b:0:1:2:3:4:", b"a:b::1:2:3:", b"a:b:0:1:2:3:",
        b"a:b::1:2:", b"a:b:0:1:2:", b"a:b::1:", b"a:b:0:1:", b"a:b::", b"a:b:0:", b"a:b:", b"a:",
        b"",
    ]  # fmt: skip


def test_of_a_mapped_address_the_text_is_cut():
    assert keys(b"::ffff:1.2", None, None)[1:] == [b"::ffff:1.", b"::ffff:", b"::", b":", b""]


@given(st.ip_addresses(v=6), st.integers(1, 7))
def test_whole_groups_are_found_however_the_client_is_spelt(ip, count):
    text = address.text(ip.packed)
    start = b"".join(b"%x:" % int(group, 16) for group in ip.exploded.split(":")[:count])
    mapped = b"." in text
    assert start in keys(text, None, None) or mapped


SPELLINGS = {
    b"::": b"::",
    b"::1": b"::1",
    b"2001:DB8:0:0:0:0:0:1": b"2001:db8::1",
    b"2001:0db8::": b"2001:db8::",
    b"::ffff:1.2.3.4": b"::ffff:1.2.3.4",
    b"::ffff:102:304": b"::ffff:1.2.3.4",
    b"1:0:2:3:4:5:6:7": b"1::2:3:4:5:6:7",
    # starts of addresses
    b"2001:": b"2001:",
    b"2001:0DB8:": b"2001:db8:",
    b"0:": b"0:",
    b"2001:db8::05:": b"2001:db8::5:",
    b"::a:": b"::a:",
    b"::ffff:10.": b"::ffff:10.",
}


@pytest.mark.parametrize("text", SPELLINGS, ids=repr)
def test_an_ipv6_address_is_spelt_as_the_server_spells_it(text):
    assert addresskey.ipv6(text) == SPELLINGS[text]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b":",
        b"1",
        b"1.2.3.4",
        b":1:",
        b"12345:",
        b"a::b::",
        b"g:",
        b":::",
        b"::1 ",
        b"fe80::1%eth0",
    ],
)
def test_what_is_no_ipv6_address(text):
    with pytest.raises(ValueError):  # noqa: PT011 - the address is all that there is to say
        addresskey.ipv6(text)


@given(st.ip_addresses(v=6))
def test_every_address_and_every_start_of_it_is_its_own_key(ip):
    text = address.text(ip.packed)
    for spelling in (str(ip), ip.exploded, text.decode().upper()):
        assert addresskey.ipv6(spelling.encode()) == text
    for key in addresskey.keys(text, None, None):
        if key not in (b"", b":"):
            assert addresskey.ipv6(key) == key
