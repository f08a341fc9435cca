from __future__ import annotations

import contextlib
import errno
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.drivers import dnsmessage
from tests.support import answers, processes
from tests.support.answering import Question

LABELS = (b"www", b"test")


def said(answer, kind="A"):
    """A question, and what an answer from the tables says to it."""
    query = dnsmessage.query(LABELS, kind)
    (wire,) = answer(Question("", query, over_tcp=False, times=1))
    return query, wire


def test_nothing_is_loaded_for_an_answer_of_whatever_type():
    script = (
        "import sys; from supervise.drivers import dnsmessage; dnsmessage.prepare()\n"
        "before = set(sys.modules); import dns.rdata, dns.rdataclass\n"
        "query = dnsmessage.query((b'a',), 'A')\n"
        "for flags in range(256):\n"
        "    dnsmessage.read(query, query.to_wire()[:2] + bytes([flags, *bytes(9)]))\n"
        "for kind in range(300): dns.rdata.get_rdata_class(dns.rdataclass.IN, kind)\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    assert processes.finish([sys.executable, "-c", script]) == (0, b"\n", b"")


def test_a_question():
    query = dnsmessage.query((b"a.b", b"\0\xff"), "PTR")
    assert query.to_wire()[2:] == (
        b"\1\0" + b"\0\1" + bytes(6) + b"\3a.b\2\0\xff\0" + b"\0\x0c" + b"\0\1"
    )
    assert len({dnsmessage.query(LABELS, "A").id for _ in range(9)}) > 1, "once in 2 ** 128"


@pytest.mark.parametrize("labels", [(b"x" * 64,), (b"abcdefg",) * 40, (b"",)])
def test_what_is_no_name(labels):
    with pytest.raises(OSError, match=r".") as caught:
        dnsmessage.query(labels, "A")
    assert caught.value.errno == errno.EPROTO


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (answers.right("10.0.0.1", "10.0.0.2"), ["10.0.0.1", "10.0.0.2"]),
        (answers.right(), []),
        (answers.failing("NXDOMAIN"), []),
        (answers.aliases("a.test.", "b.test.", texts=("10.0.0.3",)), ["10.0.0.3"]),
        (answers.aliases("a.test."), []),
        (answers.other_owner("10.0.0.4"), []),
    ],
)
def test_records(answer, found):
    query, wire = said(answer)
    read = dnsmessage.read(query, wire)
    assert sorted(record.address for record in dnsmessage.records(read)) == found


@pytest.mark.parametrize("answer", [answers.loop, answers.unending])
def test_aliases_without_an_end(answer):
    query, wire = said(answer)
    with pytest.raises(OSError, match=r".") as caught:
        dnsmessage.records(dnsmessage.read(query, wire))
    assert caught.value.errno == errno.EPROTO


@pytest.mark.parametrize(
    "answer",
    [
        answers.wrong_number("10.0.0.1"),
        answers.wrong_question("10.0.0.1"),
        answers.question_back,
        answers.garbage,
        answers.failing("SERVFAIL"),
        answers.failing("REFUSED"),
        answers.failing("YXDOMAIN"),
    ],
)
def test_what_is_no_answer(answer):
    query, wire = said(answer)
    assert dnsmessage.read(query, wire) is None


def test_what_the_first_bytes_say():
    query, wire = said(answers.truncated(answers.right()))
    assert dnsmessage.is_numbered(query.to_wire(), wire)
    assert dnsmessage.is_truncated(wire)
    _, wire = said(answers.wrong_number("10.0.0.1"))
    assert not dnsmessage.is_numbered(query.to_wire(), wire)
    assert not dnsmessage.is_truncated(wire)
    assert not dnsmessage.is_truncated(wire[:2])


QUERY = dnsmessage.query(LABELS, "A")
NUMBERED = QUERY.to_wire()[:2]


def read_all(query, wire):
    """Read a message as an answer, and its records if it is one."""
    found = dnsmessage.read(query, wire)
    if found is not None:
        with contextlib.suppress(OSError):
            dnsmessage.records(found)


@given(st.binary(max_size=100))
def test_any_bytes_can_be_read(rest):
    read_all(QUERY, rest)
    read_all(QUERY, NUMBERED + b"\x80" + rest)


@given(st.data(), st.sampled_from(["A", "AAAA", "PTR", "TXT"]))
def test_an_answer_that_was_damaged_can_be_read(data, kind):
    """Any byte of a message may be another one, and any part of it may be missing."""
    query = dnsmessage.query(LABELS, kind)
    texts = {"A": "10.0.0.1", "AAAA": "::1", "PTR": "a.test.", "TXT": '"x" "y"'}
    answer = answers.aliases("c.test.", "d.test.", texts=(texts[kind],))
    (wire,) = answer(Question("", query, over_tcp=False, times=1))
    damaged = bytearray(wire[: data.draw(st.integers(3, len(wire)))])
    for _ in range(data.draw(st.integers(0, 5))):
        damaged[data.draw(st.integers(2, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    damaged[2] = 0x80
    read_all(query, bytes(damaged))


@given(st.integers(1, 300), st.binary(max_size=40))
def test_a_record_of_any_type_can_be_read(kind, content):
    record = b"\xc0\x0c" + kind.to_bytes(2) + b"\0\1" + bytes(4) + len(content).to_bytes(2)
    counts = b"\0\1\0\1" + bytes(4)
    read_all(QUERY, NUMBERED + b"\x80\0" + counts + QUERY.to_wire()[12:] + record + content)


def test_a_long_message_that_is_hard_to_read():
    """Every name in it as long as a name can be, and told by a pointer."""
    query = dnsmessage.query(LABELS, "A")
    header = query.to_wire()[:2] + b"\x80\0"
    record = b"\0\1\0\1" + bytes(4) + b"\0\4" + bytes(4)
    question = query.to_wire()[12:]
    pointer = (0xC000 + 12 + len(question)).to_bytes(2)
    names = [b"\1a" * 120 + b"\xc0\x0c", *[pointer] * 999]
    wire = header + b"\0\1" + len(names).to_bytes(2) + bytes(4) + question
    wire += b"".join(name + record for name in names)
    assert dnsmessage.records(dnsmessage.read(query, wire)) == []
