from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import crlf

streams = st.lists(st.text("ab\r\n", max_size=6).map(str.encode), max_size=8)


@pytest.mark.parametrize(
    ("chunk", "longer"),
    [(b"a\nb\n", b"a\r\nb\r\n"), (b"a\r\n", b"a\r\r\n"), (b"a\rb", b"a\rb"), (b"", b"")],
)
def test_adding(chunk, longer):
    assert crlf.add(chunk) == longer


@given(streams)
def test_what_was_added_is_removed_again(chunks):
    assert removed(map(crlf.add, chunks)) == b"".join(chunks)


def removed(chunks):
    lines = crlf.Remover()
    return b"".join(map(lines.feed, chunks)) + lines.end()


@pytest.mark.parametrize(
    ("chunks", "shorter"),
    [
        ([b"a\r\nb\n"], b"a\nb\n"),
        ([b"a\r\r\n"], b"a\r\n"),
        ([b"a\r", b"\nb"], b"a\nb"),
        ([b"\r", b"\r", b"\n"], b"\r\n"),
        ([b"a\r", b"", b"b"], b"a\rb"),
        ([b"last\r"], b"last\r"),
        ([], b""),
    ],
)
def test_removing(chunks, shorter):
    assert removed(chunks) == shorter


@given(streams)
def test_removing_does_not_depend_on_the_chunks(chunks):
    assert removed(chunks) == re.sub(rb"\r\n", b"\n", b"".join(chunks))


def completed(chunks):
    lines = crlf.Completer()
    return b"".join(map(lines.feed, chunks))


@pytest.mark.parametrize(
    ("chunks", "complete"),
    [
        ([b"a\nb\r\nc"], b"a\r\nb\r\nc"),
        ([b"a\r", b"\n", b"\n"], b"a\r\n\r\n"),
        ([b"a\r\r\n"], b"a\r\r\n"),
        ([b"a\n", b"\n"], b"a\r\n\r\n"),
        ([b"a\r", b"", b"\n"], b"a\r\n"),
        ([b"a\r", b"b\n"], b"a\rb\r\n"),
        ([b"\r"], b"\r"),
    ],
)
def test_completing(chunks, complete):
    assert completed(chunks) == complete


@given(streams)
def test_completing_does_not_depend_on_the_chunks(chunks):
    assert completed(chunks) == re.sub(rb"(?<!\r)\n", b"\r\n", b"".join(chunks))


@given(streams)
def test_what_is_complete_stays_as_it_is(chunks):
    assert completed([completed(chunks)]) == completed(chunks)
