from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import smtp
from supervise.formats.smtp import Command


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"NOOP\r", Command(b"noop", b"")),
        (b"NOOP", Command(b"noop", b"")),
        (b"NOOP\r\r", Command(b"noop\r", b"")),
        (b"nOoP anything at all\r", Command(b"noop", b"anything at all")),
        (b"MAIL   FROM:<a@b> \r", Command(b"mail", b"FROM:<a@b> ")),
        (b"MAIL\tFROM:<a@b>\r", Command(b"mail\tfrom:<a@b>", b"")),
        (b"NOOP\0x\r", Command(b"noop", b"")),
        (b"MAIL FROM:<a@b\0c>\r", Command(b"mail", b"FROM:<a@b")),
        (b"\r", Command(b"", b"")),
        (b"", Command(b"", b"")),
        (b" NOOP\r", Command(b"", b"NOOP")),
        (b"\0", Command(b"", b"")),
    ],
)
def test_a_command_line(line, expected):
    assert smtp.command(line) == expected


@pytest.mark.parametrize(
    ("argument", "address"),
    [
        (b"FROM: <a@b> SIZE=3 BODY=8BITMIME", b"a@b"),
        (b"FROM:<a@b>", b"a@b"),
        (b"FROM:a@b", b"a@b"),
        (b"FROM:  a@b x", b"a@b"),
        (b"<a@b", b"a@b"),
        (b"FROM:<a@b", b"a@b"),
        (b"whatever <a@b>", b"a@b"),
        (b"a@b", b""),
        (b"xyz a@b", b""),
        (b"", b""),
        (b"FROM:", b""),
        (b"FROM:<>", b""),
        (b"FROM:<@nocolon>", b""),
        (b"FROM:<@nocolon> SIZE=3", b""),
        (b"FROM:<@h1,@h2:a@b>", b"a@b"),
        (b"FROM:@h1,@h2:a@b", b"a@b"),
        (b'FROM:<"a>b"@c>', b"a>b@c"),
        (b"FROM:<a\\>b@c>", b"a>b@c"),
        (b'FROM:<a"b\\"c"d@e>', b'ab"cd@e'),
        (b'FROM:"a b"@c d', b"a b@c"),
        (b"FROM:a\\ b@c d", b"a b@c"),
        (b"FROM:<a b@c>", b"a b@c"),
        (b"FROM:<a<b@c>", b"a<b@c"),
        (b"FROM:a:b@c", b"a:b@c"),
        (b"FROM:<a@b\\", b"a@b"),
        (b'FROM:<"a@b>', b"a@b>"),
        (b"FROM:<a\xff\r\n@b>", b"a\xff\r\n@b"),
    ],
)
def test_the_address_in_an_argument(argument, address):
    assert smtp.address(argument) == address


@given(st.binary(max_size=60))
def test_any_argument_has_an_address_without_more_bytes_than_it(argument):
    assert len(smtp.address(argument)) <= len(argument)


@given(st.text("abc.-_+", min_size=1), st.text("abc.-", min_size=1))
def test_a_plain_address_is_read_whole_with_and_without_brackets(user, host):
    plain = f"{user}@{host}".encode()
    assert smtp.address(b"FROM:<" + plain + b"> X=Y") == plain
    assert smtp.address(b"TO: " + plain + b" X=Y") == plain


@pytest.mark.parametrize(
    ("address", "domain"),
    [(b"a@b", b"b"), (b"a@b@c", b"c"), (b"a@", b""), (b"a", None), (b"", None)],
)
def test_the_domain_is_after_the_last_at_sign(address, domain):
    assert smtp.domain(address) == domain


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (b"[127.0.0.1]", b"\x7f\0\0\1"),
        (b"[127.000.000.001]", b"\x7f\0\0\1"),
        (b"[0.0.0.0]", b"\0\0\0\0"),
        (b"[10.20.30.040]", bytes([10, 20, 30, 40])),
        (b"127.0.0.1]", None),
        (b"[255.255.255.255]", b"\xff\xff\xff\xff"),
        (b"[256.0.0.1]", None),
        (b"[99999999999999999999.0.0.1]", None),
        (b"[" + b"9" * 5000 + b".0.0.1]", None),
        (b"[127.0.0.1]x", None),
        (b"[127.0.0.1", None),
        (b"127.0.0.1", None),
        (b"[127.0.0]", None),
        (b"[127.0.0.1.2]", None),
        (b"[127..0.1]", None),
        (b"[ 127.0.0.1]", None),
        (b"[]", None),
        (b"", None),
    ],
)
def test_an_address_literal(text, address):
    assert smtp.literal(text) == address


def test_the_replies_that_carry_something():
    assert smtp.greeting(b"G") == b"220 G ESMTP\r\n"
    assert smtp.greeting(b"") == b"220  ESMTP\r\n"
    assert smtp.hello(b"G") == b"250 G\r\n"
    assert smtp.extended_hello(b"G") == b"250-G\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
    assert smtp.goodbye(b"G") == b"221 G\r\n"
    assert smtp.accepted(1795400086, 20272) == b"250 ok 1795400086 qp 20272\r\n"
