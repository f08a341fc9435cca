from __future__ import annotations

import ipaddress
import socket

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from supervise.formats import address

packed = st.one_of(
    st.binary(min_size=4, max_size=4),
    st.binary(min_size=16, max_size=16),
    st.lists(st.sampled_from([bytes(2), b"\0\1", b"\xfe\x80", b"\xff\xff"]), min_size=8,
             max_size=8).map(b"".join),
    st.binary(min_size=4, max_size=4).map(lambda ip: address.MAPPED + ip),
)  # fmt: skip


@given(packed)
def test_the_text_of_an_address_is_that_address(ip):
    text = address.text(ip)
    assert address.parse(text) == ip
    family = socket.AF_INET if len(ip) == 4 else socket.AF_INET6
    assert socket.inet_pton(family, text.decode()) == ip
    assert text == text.lower()


@pytest.mark.parametrize(
    ("full", "text"),
    [
        ("::", b"::"),
        ("::1", b"::1"),
        ("1::", b"1::"),
        ("2001:db8:0:0:1:0:0:1", b"2001:db8::1:0:0:1"),
        ("2001:db8:0:1:1:1:1:1", b"2001:db8::1:1:1:1:1"),
        ("1:0:2:0:0:3:4:5", b"1:0:2::3:4:5"),
        ("1:2:3:4:5:6:7:8", b"1:2:3:4:5:6:7:8"),
        ("00ab:CD::", b"ab:cd::"),
        ("::ffff:1.2.3.4", b"::ffff:1.2.3.4"),
        ("::1.2.3.4", b"::102:304"),
    ],
)
def test_the_spelling_of_ipv6(full, text):
    assert address.text(socket.inet_pton(socket.AF_INET6, full)) == text


def known(word):
    """What the C library takes for an address."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            return socket.inet_pton(family, word)
        except (OSError, ValueError):
            pass
    return None


@given(st.text("0123456789af:.", max_size=20))
@example("::1:")
@example(":1::")
@example("1:2:3:4:5:6:7::")
@example("1:2:3:4:5:6:7:8::")
@example("::1::")
@example("1:2:3:4:5:6:1.2.3.4")
@example("1.2.3.4::")
@example("1.2.3.4:5::")
@example("1:2:3:4:5:6:7")
@example("12345::")
@example("01.2.3.4")
@example("256.1.1.1")
@example("1.2.3.1234")
@example("::g")
@example("::ffff:1.2.3")
def test_what_is_an_address(word):
    assert address.parse(word.encode()) == known(word)


def test_ipv4_text_never_becomes_ipv6_and_back():
    four = bytes([127, 0, 0, 1])
    assert address.long(four) == address.MAPPED + four
    assert address.long(address.long(four)) == address.long(four)
    assert address.short(address.long(four)) == four
    assert address.short(four) == four
    assert address.short(bytes(16)) == bytes(16)


@pytest.mark.parametrize(
    ("word", "found"),
    [
        (b"127.0.0.1", [b"\x7f\0\0\1"]),
        (b"[127.000.000.001]", [b"\x7f\0\0\1"]),
        (b"127.1", []),
        (b"300.0.0.1", [b"\x2c\0\0\1"]),
        (b"127.0.0.1.127.0.0.2", [b"\x7f\0\0\1", b"\x7f\0\0\2"]),
        (b"1.2.3.4.5", [b"\1\2\3\4"]),
        (b"1..3.4", [b"\1\0\3\4"]),
        (b"1.2.3." + b"0" * 5000 + b"4", [b"\1\2\3\4"]),
        (b"", []),
        (b"-", None),
        (b"1.2.3.a", None),
        (b"::1", None),
    ],
)
def test_words_that_are_not_looked_up(word, found):
    assert address.literals(word) == found


@given(packed)
def test_the_name_of_the_reverse_record(ip):
    expected = ipaddress.ip_address(address.short(ip)).reverse_pointer
    assert b".".join(address.reverse_labels(ip)) == expected.encode()
