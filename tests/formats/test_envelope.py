from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import envelope
from supervise.formats.envelope import AddressTooLong, BadEnvelope, Field, Reader

ADDRESSES = st.binary(max_size=20).map(lambda text: text.replace(b"\0", b""))


def read(*pieces: bytes) -> tuple[list[Field], bool]:
    reader = Reader()
    return [field for piece in pieces for field in reader.feed(piece)], reader.complete


def test_the_layout():
    assert envelope.pack(b"s@x", [b"a@y", b""]) == b"Fs@x\0Ta@y\0T\0\0"
    assert envelope.pack(b"", []) == b"F\0\0"


@given(ADDRESSES, st.lists(ADDRESSES, max_size=5), st.data())
def test_an_envelope_is_read_back_however_it_is_cut(sender, recipients, data):
    packed = envelope.pack(sender, recipients)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(packed)), max_size=6)))
    pieces = [packed[a:b] for a, b in zip([0, *cuts], [*cuts, len(packed)], strict=True)]
    expected = [Field(b"F", sender), *(Field(b"T", recipient) for recipient in recipients)]
    assert read(*pieces) == (expected, True)
    assert not read(packed[:-1])[1]


def test_what_follows_the_end_is_not_looked_at():
    assert read(b"Fs\0\0Xrubbish\0", b"more") == ([Field(b"F", b"s")], True)


def test_what_follows_the_end_is_not_kept():
    reader = Reader()
    for piece in [b"Fs\0\0", *[b"x" * 1000] * 100]:
        list(reader.feed(piece))
    assert len(reader.unfinished) <= 1000


@pytest.mark.parametrize(
    "wrong", [b"\0", b"X\0", b"Ta\0", b"x", b"Fs\0Fs\0", b"Fs\0x", b"Fs\0xy\0"]
)
def test_what_is_no_envelope(wrong):
    with pytest.raises(BadEnvelope):
        read(wrong)


@pytest.mark.parametrize("start", [b"F", b"Fs\0T"])
@pytest.mark.parametrize("end", [b"", b"\0", b"\0\0"])
def test_an_address_of_1003_bytes_with_its_nul(start, end):
    assert not read(start + b"a" * 1001)[1]
    with pytest.raises(AddressTooLong):
        read(start + b"a" * 1002 + end)
    with pytest.raises(AddressTooLong):
        read(start, *[b"a"] * 1002)


@given(st.lists(st.binary(max_size=30), max_size=10))
def test_rubbish_is_refused_or_read_and_nothing_else(pieces):
    try:
        fields, complete = read(*pieces)
    except (BadEnvelope, AddressTooLong):
        return
    if complete:
        packed = envelope.pack(fields[0].address, [field.address for field in fields[1:]])
        assert b"".join(pieces).startswith(packed)
