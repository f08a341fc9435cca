from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import ident


def test_the_question():
    assert ident.request(36449, 32843) == b"36449 , 32843\r\n"


@pytest.mark.parametrize(
    ("line", "user"),
    [
        (b"1 , 2 : USERID : UNIX : joe\r", b"joe"),
        (b"1,2:USERID:UNIX,UTF-8:jo e:x\ty z%", b"joe:xyz%"),
        (b"1 , 2 : ERROR : NO-USER\r", b""),
        (b"\r", b""),
        (b"", b""),
        (b":::" + b"y" * 300, b"y" * 257),
        (b":::jo\0e", b"jo"),
    ],
)
def test_answers(line, user):
    assert ident.user(line) == user


@given(st.binary(max_size=600))
def test_whatever_comes_fits_into_an_environment(line):
    user = ident.user(line)
    assert len(user) <= 257
    assert not set(user) & set(b"\0 \t\r")
