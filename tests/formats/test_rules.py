from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import rules
from supervise.formats.rules import Instructions

DENIED, ALLOWED = b"D\0", b""

LINES = {
    b"1.2.3.4:deny": [(b"1.2.3.4", DENIED)],
    b"1.2.3.4:allow": [(b"1.2.3.4", ALLOWED)],
    b'1.2.3.4:deny,X="y",Y=/z z/': [(b"1.2.3.4", b"D\0+X=y\0+Y=z z\0")],
    b":allow": [(b"", ALLOWED)],
    b"a@b:allow": [(b"a@b", ALLOWED)],
    b"1:allow,X=abca": [(b"1", b"+X=bc\0")],
    b"1:allow,X=aa": [(b"1", b"+X=\0")],
    b'1:allow,="x"': [(b"1", b"+=x\0")],
    b'1:allow,X="a,b",,Z="1"': [(b"1", b"+X=a,b\0+,Z=1\0")],
    b'1:allow, X=" v"': [(b"1", b"+ X= v\0")],
    b"1:allow,X=//\t \n": [(b"1", b"+X=\0")],
    b" 1.2.3.4 :allow": [(b" 1.2.3.4 ", ALLOWED)],
    b" #x:deny": [(b" #x", DENIED)],
    b"no colon here": [],
    # ranges
    b"1.2.3.3-5:deny": [(b"1.2.3.3", DENIED), (b"1.2.3.4", DENIED), (b"1.2.3.5", DENIED)],
    b"10.2-3.:deny": [(b"10.2.", DENIED), (b"10.3.", DENIED)],
    b"1.007-8:deny": [(b"1.7", DENIED), (b"1.8", DENIED)],
    b"1.2.3.254-999:deny": [(b"1.2.3.254", DENIED), (b"1.2.3.255", DENIED)],
    b"1.-1:deny": [(b"1.0", DENIED), (b"1.1", DENIED)],
    b"-:deny": [(b"0", DENIED)],
    b"1.2.3.5-3:deny": [],
    b"1.2.3.5-:deny": [],
    b"1.300-400:deny": [],
    b"1.2-3.4-5:deny": [(b"1.2.4-5", DENIED), (b"1.3.4-5", DENIED)],
    b"1.18446744073709551617-2:deny": [(b"1.1", DENIED), (b"1.2", DENIED)],
    b"x@1.2.3.1-3:deny": [(b"x@1.2.3.1-3", DENIED)],
    b"=x-1.y:deny": [(b"=x-1.y", DENIED)],
    # IPv6, where the first colon gives no rule
    b"::1:allow": [(b"::1", ALLOWED)],
    b"fe80::1:deny": [(b"fe80::1", DENIED)],
    b'2001:db8::1:allow,X=":deny"': [(b"2001:db8::1", b"+X=:deny\0")],
    b"2001:db8::allow": [(b"2001:db8:", ALLOWED)],
    b"2001:DB8:0::2:deny": [(b"2001:db8::2", DENIED)],
    # CIDR ranges
    b"10.0.0.0/8:allow": [(b"10.0.0.0/8", ALLOWED)],
    b"0.0.0.0/0:deny": [(b"0.0.0.0/0", DENIED)],
    b"192.168.4.0/22:deny,X=/y/": [(b"192.168.4.0/22", b"D\0+X=y\0")],
    b'2001:DB8::/32:allow,X="y"': [(b"2001:db8::/32", b"+X=y\0")],
    b"::/0:deny": [(b"::/0", DENIED)],
    b"10.0.2-3.0/24:deny": [(b"10.0.2.0/24", DENIED), (b"10.0.3.0/24", DENIED)],
    # and no ranges, because names may have a slash
    b"a/b@1.2.3.4:deny": [(b"a/b@1.2.3.4", DENIED)],
    b"joe@10.1.2.3/8:deny": [(b"joe@10.1.2.3/8", DENIED)],
    b"=a/b:deny": [(b"=a/b", DENIED)],
}

NO_RULES = [
    b"1.2.3.4:", b":foo", b": allow", b":denyx", b":allow,", b":allow,X", b":allow,X=",
    b':allow,X="y', b':allow,X="y"z', b":allow\r", b"1:allow,X= v ", b":allow X",
    b"a-2:allow", b"1.2-3x:allow", b"1.2-3 :allow", b"1.+1-2:allow", b"1.\xb2-3:allow",
    b"::allow", b":1:deny", b"a:b:allow", b"g::1:allow", b"::1-3:allow", b'::1:allow,X="',
    b"1::2::3:deny", b"::1:allowed", b"\xff::1:deny", b"1.2.3.4:80:deny",
    b"10.1.2.3/8:allow", b"10.0.0.0/33:deny", b"10.0.0.0/:deny", b"10/8:deny", b"/:deny",
    b"10.0.0.0/255.0.0.0:deny", b"10.0.0-1.0/23:deny", b"10.0.0.0/8-9:deny", b"./:deny",
    b"2001:db8::1/32:deny", b"::/129:deny", b"joe@::/0:deny", b"=a:b/c:deny", b"2001:db8:/32:deny",
    b"10.0.0.0/8:80:deny", b"word/8:deny", b"10.0.0.0/8 :allow", b"10.0.0.0/8:allow\r",
]  # fmt: skip


@pytest.mark.parametrize("line", LINES, ids=repr)
def test_the_records_of_a_line(line):
    assert rules.records(line) == LINES[line]


@pytest.mark.parametrize("line", NO_RULES, ids=repr)
def test_what_is_no_rule(line):
    with pytest.raises(ValueError):  # noqa: PT011 - the line is all that there is to say
        rules.records(line)


def test_the_lengths_of_ranges_are_listed_after_all_records():
    classic = [(b"a/b@1.2.3.4", DENIED), (b"=a/b", b""), (b"1.", b""), (b"", DENIED)]
    assert list(rules.with_lists(classic)) == classic
    mixed = [(b"10.0.0.0/8", b""), *classic, (b"::/0", DENIED), (b"1.2.3.4/32", b"")]
    lists = [(b"./", b"8\x0032\0"), (b":/", b"0\0")]
    assert list(rules.with_lists(mixed)) == mixed + lists
    assert all(rules.unpack(packed) == (False, []) for _, packed in lists)


def test_comments_and_blank_lines_say_nothing():
    assert all(map(rules.says_nothing, [b"", b"\n", b"\t \n", b"#1:deny", b"#"]))
    assert not any(map(rules.says_nothing, [b" #", b":allow", b"\r", b"word"]))


def test_other_items_and_an_unfinished_one_are_passed_over():
    assert rules.unpack(b"+AB\0zzz\0\0+=x\0+Q=1=2\0+R=2") == (False, [(b"", b"x"), (b"Q", b"1=2")])


def test_nothing_after_a_deny_counts():
    assert rules.unpack(b"+A=b\0Dxx\0+C=d\0") == (True, [(b"A", b"b")])
    assert rules.unpack(b"D") == (False, [])


names = st.binary(max_size=5).filter(lambda name: not set(name) & set(b"=\0"))
values = st.binary(max_size=5).filter(lambda value: not set(value) & set(b'\0"'))


@given(st.lists(st.tuples(names, values)))
def test_settings_survive_the_way_there_and_back(settings):
    there = Instructions(False, settings)
    assert rules.unpack(rules.pack(there)) == there


@given(st.booleans(), st.lists(st.tuples(names, values)))
def test_a_written_rule_is_read_as_it_was_meant(deny, settings):
    text = b"deny" if deny else b"allow"
    text += b"".join(b",%s=%s" % (name, b'"' + value + b'"') for name, value in settings)
    assert rules.read(text) == (deny, settings)


def test_a_bound_may_have_any_number_of_digits():
    assert rules.records(b"1." + b"0" * 5000 + b"3-4:deny") == rules.records(b"1.3-4:deny")


@given(st.integers(0, 300), st.integers(0, 300))
def test_a_range_is_its_numbers(low, high):
    keys = [key for key, _ in rules.records(b"9.%d-%d.:deny" % (low, high))]
    assert keys == [b"9.%d." % number for number in range(low, min(high, 255) + 1)]


@given(st.text("1.:/-=@,\"'\\ \t\r#\0xallowdeny", max_size=20).map(str.encode))
def test_any_line_gives_records_or_is_no_rule(line):
    try:
        records = rules.records(line)
    except ValueError:
        return
    assert bool(records) <= (b":" in line)
    assert all(not packed or packed.endswith(b"\0") for _, packed in records)
