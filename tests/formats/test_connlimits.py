from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import connlimits
from supervise.formats.connlimits import Limit, PerAddress, Variables


@pytest.mark.parametrize(
    ("word", "file"),
    [
        (b"5", False), (b"", False), (b"junk", False), (b"/etc/limit", True), (b"./limit", True),
        (b"conf/limit", True), (b"5:see http://example.org/", False), (b"/etc/a:b", True),
        (b"a:/b", False),
    ],
)  # fmt: skip
def test_a_slash_before_any_colon_makes_a_file(word, file):
    assert connlimits.is_file(word) == file


@pytest.mark.parametrize(
    ("file", "line"),
    [(b"5", b"5"), (b"5\n", b"5"), (b"40:no\\r\\n\n# why\n", b"40:no\\r\\n"), (b"5x", b"5x")],
)
def test_the_first_line_of_a_file_counts(file, line):
    assert connlimits.line_of(file) == line


@pytest.mark.parametrize("file", [b"", b"\n5", b"five", b" 5", b":5", b"-5", b"# 5\n5\n", b"\xb2"])
def test_a_file_that_does_not_begin_with_a_number_is_no_limit_of_nothing(file):
    with pytest.raises(ValueError, match="no number"):
        connlimits.line_of(file)


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        (b"5", PerAddress(5)),
        (b"5x", PerAddress(5)),
        (b"junk", PerAddress(0)),
        (b"", PerAddress(0)),
        (b"5:", PerAddress(5)),
        (b"5:421 too many: wait\\r\\n", PerAddress(5, b"421 too many: wait\r\n")),
        (b"5:a\\\\n", PerAddress(5, b"a\\n")),
        (b"5:\\x\\", PerAddress(5, b"\\x\\")),
        (b"5:\\\\\\n\xff", PerAddress(5, b"\\\n\xff")),
    ],
)
def test_the_most_of_an_address_and_a_message(word, wanted):
    assert connlimits.per_address(word) == wanted
    assert wanted.limit == Limit("CONCURRENCY", wanted.most)


@given(st.binary())
def test_any_message_can_be_written(message):
    escaped = message.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    assert connlimits.per_address(b"1:" + escaped).message == message
    assert connlimits.line_of(b"1:" + escaped + b"\nmore") == b"1:" + escaped


def variables(**values):
    return connlimits.variables({name.encode(): value for name, value in values.items()}.get)


def test_no_variable_no_limit():
    assert variables() == Variables(None, [], b"")
    nothing = dict.fromkeys(["MAXLOAD", "MAXCONNIP", "MAXCONNC", "MAXCONNNET", "DIEMSG"], b"")
    assert variables(**nothing) == Variables(None, [], b"")


def test_all_variables():
    found = variables(
        MAXLOAD=b"350", MAXCONNIP=b"5", MAXCONNC=b"15", MAXCONNNET=b"16/48:200", DIEMSG=b"421 no"
    )
    assert found == Variables(
        350,
        [
            Limit("MAXCONNIP", 5, 32, 128),
            Limit("MAXCONNC", 15, 24, 64),
            Limit("MAXCONNNET", 200, 16, 48),
        ],
        b"421 no\r\n",
    )


@pytest.mark.parametrize("value", [b"0", b"junk", b"-1", b" 5"])
def test_what_is_no_number_refuses_as_0_does(value):
    assert variables(MAXLOAD=value, MAXCONNIP=value) == Variables(0, [Limit("MAXCONNIP", 0)], b"")


@pytest.mark.parametrize(
    ("value", "limit"),
    [
        (b"16:200", (200, 16, 64)), (b"/56:5", (5, 24, 56)), (b"22/48:20", (20, 22, 48)),
        (b":7", (7, 24, 64)), (b"0/0:1", (1, 0, 0)), (b"32/128:1", (1, 32, 128)),
        (b"5", (0, 5, 64)),
        (b"33:5", (0, 32, 128)), (b"16/129:5", (0, 32, 128)), (b"a:5", (0, 32, 128)),
        (b"16/48/5:5", (0, 32, 128)), (b"-1:5", (0, 32, 128)), (b"16:", (0, 16, 64)),
    ],
)  # fmt: skip
def test_networks_of_any_length(value, limit):
    assert variables(MAXCONNNET=value).limits == [Limit("MAXCONNNET", *limit)]


@given(st.binary())
def test_whatever_a_variable_holds_is_a_limit(value):
    load, limits, _ = variables(MAXLOAD=value, MAXCONNNET=value, MAXCONNIP=value, MAXCONNC=value)
    assert len(limits) == (3 if value else 0)
    assert (load is None) == (not value)
    for _, most, ipv4, ipv6 in limits:
        assert most >= 0
        assert 0 <= ipv4 <= 32
        assert 0 <= ipv6 <= 128
