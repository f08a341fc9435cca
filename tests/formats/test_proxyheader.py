from __future__ import annotations

import ipaddress
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import proxyheader
from supervise.formats.proxyheader import LONGEST, SIGNATURE, Ends

ONE, TWO = bytes([192, 0, 2, 1]), bytes([203, 0, 113, 9])
SIX = ipaddress.ip_address("2001:db8::7").packed
END = Ends(ONE, 56324, TWO, 443)


BODY = struct.pack(">4s4sHH", ONE, TWO, 56324, 443)


def block(command=0x21, family=0x11, body=BODY):
    return SIGNATURE + struct.pack(">BBH", command, family, len(body)) + body


def line(*words):
    return b" ".join((b"PROXY", *words)) + b"\r\n"


def taken(stream, most=2**20):
    """What a reader makes of a stream that gives at most so many bytes at once: the header, and
    what it means."""
    header = b""
    while more := proxyheader.missing(header):
        piece = stream[len(header) : len(header) + min(more, most)]
        if not piece:
            raise EOFError
        header += piece
        assert len(header) <= LONGEST
    return header, proxyheader.parse(header)


TCP4 = line(b"TCP4", b"192.0.2.1", b"203.0.113.9", b"56324", b"443")
WORST = line(b"TCP6", *[b":".join([b"ffff"] * 8)] * 2, b"65535", b"65535")
WHOLE = {
    TCP4: END,
    line(b"TCP6", b"2001:DB8:0::7", b"2001:db8::7", b"0", b"65535"): Ends(SIX, 0, SIX, 65535),
    WORST: Ends(b"\xff" * 16, 65535, b"\xff" * 16, 65535),
    line(b"UNKNOWN"): None,
    line(b"UNKNOWN", b"ffff::1", b"whatever", b"65535", b"it", b"says", b"\0\xff"): None,
    line(b"UNKNOWN", b"x" * (107 - 16)): None,
    block(): END,
    block(family=0x21, body=struct.pack(">16s16sHH", SIX, SIX, 1, 2)): Ends(SIX, 1, SIX, 2),
    block(body=BODY + b"\x03\0\4abcd"): END,
    block(body=BODY.ljust(65535, b"\xff")): END,
    block(command=0x20): None,
    block(command=0x20, family=0xFF, body=b""): None,
    block(command=0x20, family=0x11, body=b"x"): None,
    **{block(family=other, body=b"tags"): None for other in (0x00, 0x12, 0x22, 0x31, 0x32)},
}


@pytest.mark.parametrize("header", WHOLE, ids=lambda header: repr(header[:60]))
@pytest.mark.parametrize("most", [1, 3, 2**20])
def test_a_header_and_not_a_byte_of_what_follows(header, most):
    for following in (b"", b"\r\n", b"EHLO me\r\n", header):
        assert taken(header + following, most) == (header, WHOLE[header])


def test_the_longest_line_is_as_long_as_it_may_be():
    assert len(WORST) == 104  # the standard's 107 leave room for the words of UNKNOWN
    assert len(line(b"UNKNOWN", b"x" * (107 - 16))) == proxyheader.LONGEST_LINE


@pytest.mark.parametrize("length", range(len(TCP4)))
def test_a_header_that_is_cut_is_not_whole(length):
    with pytest.raises(EOFError):
        taken(TCP4[:length])
    with pytest.raises(EOFError):
        taken(block()[:length] if length < len(block()) else b"")


NONE = [
    b"E", b"EHLO me\r\n", b"P ", b"PROXY\r\n", b"proxy TCP4", b"\n", b"\r\nx", b"\x16\x03\x01",
    b"GET / HTTP/1.0\r\n\r\n", b"PROXY UNKNOWN\nEHLO me\r\n", b"PROXY TCP4\r\nEHLO me\r\n",
    b"PROXY UNKNOWN x\ny\r\n",
    line(b"UNKNOWN", b"x" * (108 - 16)), b"PROXY UNKNOWN" + b"x" * 1000,
    line(b"TCP4", b"192.0.2.1", b"203.0.113.9", b"56324"),
    line(b"TCP4", b"192.0.2.1", b"203.0.113.9", b"56324", b"443", b""),
    line(b"TCP4", b"192.0.2.1", b"203.0.113.9", b"56324", b"443", b"more"),
    line(b"TCP4", b"", b"192.0.2.1", b"203.0.113.9", b"56324", b"443"),
    line(b"TCP4", b"192.0.2.1", b"203.0.113.9", b"56324", b"65536"),
    line(b"TCP4", b"192.0.2.1", b"203.0.113.9", b"56324", b"0443"),
    line(b"TCP4", b"192.0.2.1", b"203.0.113.9", b"56324", b""),
    line(b"TCP4", b"192.0.2.1", b"203.0.113.9", b"-1", b"443"),
    line(b"TCP4", b"192.0.2.1", b"203.0.113.9", b"56324", b"443\r"),
    line(b"TCP4", b"192.0.2.01", b"203.0.113.9", b"56324", b"443"),
    line(b"TCP4", b"192.0.2.1", b"203.0.113.256", b"56324", b"443"),
    line(b"TCP4", b"2001:db8::7", b"2001:db8::7", b"56324", b"443"),
    line(b"TCP6", b"192.0.2.1", b"203.0.113.9", b"56324", b"443"),
    line(b"UDP4", b"192.0.2.1", b"203.0.113.9", b"56324", b"443"),
    line(b"unknown", b"and", b"something", b"more"),
    block(command=0x11), block(command=0x22), block(command=0x31), block(command=0x01),
    block(family=0x01), block(family=0x13), block(family=0x41), block(family=0x33),
    block(body=b""), block(body=bytes(11)), block(family=0x21, body=bytes(35)),
    SIGNATURE[:-1] + b"\r" + block()[12:],
]  # fmt: skip


@pytest.mark.parametrize("stream", NONE, ids=lambda stream: repr(stream[:60]))
@pytest.mark.parametrize("most", [1, 2**20])
def test_what_is_no_header(stream, most):
    with pytest.raises(ValueError):  # noqa: PT011 - why is told to nobody
        taken(stream, most)


@pytest.mark.parametrize("stream", [b"EHLO me", b"PROXY TCP4\r\n", block(command=0x31)])
def test_it_is_known_without_waiting_for_more(stream):
    """A client that waits for our answer shall not keep us until the time is over."""
    with pytest.raises(ValueError):  # noqa: PT011
        taken(stream)


ports = st.integers(0, 65535)
ends = st.one_of(
    *(
        st.builds(Ends, st.binary(min_size=size, max_size=size), ports,
                  st.binary(min_size=size, max_size=size), ports)
        for size in (4, 16)
    )
)  # fmt: skip


def as_line(told):
    texts = (str(ipaddress.ip_address(ip)).encode() for ip in (told.remote_ip, told.local_ip))
    family = b"TCP4" if len(told.remote_ip) == 4 else b"TCP6"
    return line(family, *texts, b"%d" % told.remote_port, b"%d" % told.local_port)


def as_block(told, tags):
    size = len(told.remote_ip)
    body = struct.pack(f">{size}s{size}sHH", told.remote_ip, told.local_ip, told.remote_port,
                       told.local_port)  # fmt: skip
    return block(family=0x11 if size == 4 else 0x21, body=body + tags)


@given(ends, st.binary(max_size=200), st.binary(max_size=50), st.integers(1, 200))
def test_what_was_written_is_read(told, tags, following, most):
    for header in (as_line(told), as_block(told, tags)):
        assert taken(header + following, most) == (header, told)


starts = st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 1.2.3.4 ", b"PROXY UNKNOWN", SIGNATURE,
                          SIGNATURE + b"\x21\x11", SIGNATURE + b"\x21\x21\0\x24"])  # fmt: skip


@given(st.builds(bytes.__add__, starts, st.binary(max_size=300)), st.integers(1, 120))
def test_whatever_comes_there_is_an_answer(stream, most):
    """Each read brings the end nearer, and nothing but ValueError says that there is none."""
    try:
        header, told = taken(stream, most)
    except (ValueError, EOFError):
        return
    assert stream.startswith(header)
    assert told is None or {len(told.remote_ip), len(told.local_ip)} in ({4}, {16})


@given(st.builds(bytes.__add__, starts, st.binary(max_size=300)))
def test_it_does_not_matter_in_which_pieces_it_comes(stream):
    answers = set()
    for most in (1, 2, 7, 1000):
        try:
            answers.add(taken(stream, most))
        except ValueError:
            answers.add("none")
        except EOFError:
            answers.add("cut")
    assert len(answers) == 1
