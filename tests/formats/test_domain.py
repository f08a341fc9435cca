from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import domain
from tests.support import growth


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ((b"Www", b"Example", b"ORG"), b"www.example.org"),
        ((b"we ird%x",), b"we\\040ird\\045x"),
        ((b"a.b", b"c\\d", b"\xff\0"), b"a\\056b.c\\134d.\\377\\000"),
        ((b"a-b_c9",), b"a-b_c9"),
        ((), b"."),
    ],
)
def test_the_text_of_a_name(labels, text):
    assert domain.text(labels) == text


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        (b"www.example.org", (b"www", b"example", b"org")),
        (b"www.example.org.", (b"www", b"example", b"org")),
        (b"a..b", (b"a", b"b")),
        (b".", ()),
        (b"", ()),
        (b"\\141\\56\\.\\x\\\\", (b"a..x\\",)),
        (b"\\1411", (b"a1",)),
        (b"\\777", (b"\xff",)),
        (b"end\\", (b"end",)),
    ],
)
def test_the_labels_of_a_text(text, labels):
    assert domain.labels(text) == labels


@given(st.lists(st.binary(min_size=1, max_size=20), max_size=5))
def test_the_text_of_a_name_means_that_name(labels):
    lower = tuple(label.lower() for label in labels)
    assert domain.labels(domain.text(tuple(labels))) == lower


def test_a_label_of_any_length_is_put_together_once():
    assert growth.grows_with_its_input(lambda size: domain.labels(b"a" * size), 2**19)
