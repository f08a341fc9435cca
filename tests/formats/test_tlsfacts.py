from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import tlsfacts
from supervise.formats.tlsfacts import Facts

PLAIN = Facts("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256, False)


def test_what_is_known_is_set_and_the_rest_removed():
    assert tlsfacts.variables(PLAIN) == [
        (b"SSL_PROTOCOL", b"TLSv1.3"),
        (b"SSL_CIPHER", b"TLS_AES_256_GCM_SHA384"),
        (b"SSL_CIPHER_USEKEYSIZE", b"256"),
        (b"SSL_SESSION_RESUMED", b"Initial"),
        (b"SSL_TLS_SNI", None),
        (b"SSL_CLIENT_VERIFY", b"NONE"),
        (b"SSL_CLIENT_S_DN_CN", None),
    ]


def test_a_client_that_is_known():
    known = PLAIN._replace(resumed=True, asked="mail.example", verified=True, client="jöe")
    assert tlsfacts.variables(known)[3:] == [
        (b"SSL_SESSION_RESUMED", b"Resumed"),
        (b"SSL_TLS_SNI", b"mail.example"),
        (b"SSL_CLIENT_VERIFY", b"SUCCESS"),
        (b"SSL_CLIENT_S_DN_CN", "jöe".encode()),
    ]


@pytest.mark.parametrize("asked", ["", "a b", "a\nb", "a\0b", "a=b", "\xe9"])
def test_a_name_that_is_none_is_not_passed_on(asked):
    assert tlsfacts.variables(PLAIN._replace(asked=asked))[4] == (b"SSL_TLS_SNI", None)


def test_a_client_whose_name_would_be_another_variable():
    told = tlsfacts.variables(PLAIN._replace(client="x\0PATH=/tmp"))
    assert told[6] == (b"SSL_CLIENT_S_DN_CN", None)


def test_the_list_on_the_wire():
    packed = tlsfacts.pack([(b"A", b"1"), (b"B", None), (b"C", b"")])
    assert packed == b"A=1\0C=\0\0"
    assert tlsfacts.unpack(packed) == {b"A": b"1", b"C": b""}


words = st.binary(min_size=1, max_size=9).filter(lambda word: not set(b"\0=") & set(word))


@given(st.dictionaries(words, words, min_size=1, max_size=5))
def test_a_list_is_complete_at_its_end_and_not_before(settings):
    packed = tlsfacts.pack(list(settings.items()))
    assert tlsfacts.unpack(packed) == settings
    assert [end for end in range(len(packed) + 1) if tlsfacts.complete(packed[:end])] == [
        len(packed)
    ]


@pytest.mark.parametrize(
    ("word", "text"), [("HTTP_REQUEST", "http request"), (None, "protocol error")]
)
def test_reasons_are_words(word, text):
    assert tlsfacts.reason(word) == text
