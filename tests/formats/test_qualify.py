from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import qualify
from supervise.formats.qualify import Rule
from tests.support import growth

TWO = qualify.appending([b"zzz.test", b"dom.test"])


@pytest.mark.parametrize(
    ("name", "names"),
    [
        (b"short", [b"short.zzz.test", b"short.dom.test"]),
        (b"short.", [b"short"]),
        (b"dotted.name", [b"dotted.name"]),
        (b"[1", [b"[1"]),
        (b"1]", [b"1]"]),
    ],
)
def test_domains_are_appended_to_short_names(name, names):
    assert list(qualify.alternatives(name, TWO)) == names


def test_without_domains_a_name_stays():
    assert list(qualify.alternatives(b"short", qualify.appending([]))) == [b"short"]
    assert list(qualify.alternatives(b"short.", qualify.appending([]))) == [b"short"]


def test_the_grammar_of_a_file():
    assert qualify.parse(b"=a:b \t\r\n*.c:\n?.d:e:f\n-g:h\n# x:y\n\n=nocolon\n:\n *x:y") == [
        Rule(b"=", b"a", b"b"),
        Rule(b"*", b".c", b""),
        Rule(b"?", b".d", b"e:f"),
        Rule(b"-", b"g", b"h"),
    ]


@pytest.mark.parametrize(
    ("rule", "name", "new"),
    [
        (b"=A:b", b"a", b"b"),
        (b"=a:b", b"aa", b"aa"),
        (b"*.Old:.new", b"x.y.oLd", b"x.y.new"),
        (b"*.old:.new", b"x", b"x"),
        (b"?.old:.new", b"x.old", b"x.new"),
        (b"?.old:.new", b"x.y.old", b"x.y.old"),
        (b"-.old:new", b"x.y.old", b"new"),
    ],
)
def test_one_rule(rule, name, new):
    assert list(qualify.alternatives(name, qualify.parse(rule))) == [new]


def test_rules_are_applied_once_each_in_order():
    rules = qualify.parse(b"*a:b\n*b:c\n*a:d")
    assert list(qualify.alternatives(b"xa", rules)) == [b"xc"]


def test_the_prefix_of_alternatives_is_no_alternative():
    assert list(qualify.alternatives(b"x+.a++.b", [])) == [b"x.a", b"x", b"x.b"]


def test_alternatives_of_any_length_are_no_more_than_one_in_memory():
    def look():
        return sum(1 for _ in qualify.alternatives(b"a" * 10_000 + b"+" * 10_000, []))

    assert growth.memory(look) < 10**6


@given(st.binary(max_size=50), st.text("ab.+[]", max_size=10).map(str.encode))
def test_no_file_and_no_name_breaks_it(lines, name):
    assert list(qualify.alternatives(name, qualify.parse(lines)))
