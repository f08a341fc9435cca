from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.trials import ledger
from scripts.trials.ledger import Account, Numbered, Verdict

LABEL = b"@400000006b02eba3062a5e34 "


def lines(*numbers: int, writer: int = 7) -> bytes:
    return b"".join(ledger.line(writer, number) for number in numbers)


def judge(*logs: bytes, last: int = 4, filtered: bool = False, label: int = 0) -> Verdict:
    account = Account(filtered)
    for log in logs:
        account.read(log, label)
    return account.settle({7: last})


@given(st.integers(1, 2**32), st.integers(1, 2**48))
def test_a_line_is_read_as_it_was_written(writer, number):
    line = ledger.line(writer, number)
    assert line.count(b"\n") == 1
    assert ledger.parse(line[:-1]) == Numbered(writer, number)


@given(st.integers(1, 10**6), st.data())
def test_a_part_of_a_line_is_none(number, data):
    whole = ledger.line(7, number)[:-1]
    cut = data.draw(st.integers(1, len(whole) - 1))
    assert ledger.parse(whole[:cut]) is None
    assert ledger.parse(whole[cut:]) is None


@pytest.mark.parametrize("found", [b"", b" ", b"7 1 drop", b"7 1 keep 00000000", b"x y z 1"])
def test_what_else_may_be_in_a_log_is_none(found):
    assert ledger.parse(found) is None


def test_all_is_there():
    assert judge(lines(1, 2), lines(3, 4)) == Verdict(lines=4)
    assert judge(lines(1, 2, 3, 4)).wrong == 0


def test_a_line_is_lost():
    assert judge(lines(1, 2), lines(4)) == Verdict(lines=3, lost=1)
    assert judge(lines(1, 2)) == Verdict(lines=2, lost=2), "at the end too"
    assert judge() == Verdict(lost=4), "all of them"


def test_a_line_is_doubled():
    assert judge(lines(1, 2, 2, 3, 4)) == Verdict(lines=5, doubled=1)
    assert judge(lines(1, 2), lines(1, 2, 3, 4)) == Verdict(lines=6, doubled=2)


def test_a_line_is_torn():
    whole = lines(3)
    assert judge(lines(1, 2) + whole[:9], whole[9:] + lines(4)) == Verdict(5, lost=1, torn=2)
    assert judge(lines(1, 2, 3, 4)[:-1]) == Verdict(4, lost=1, torn=1), "without its end"
    assert judge(lines(1, 2) + whole[:9] + lines(4)) == Verdict(3, lost=2, torn=1)


def test_a_line_comes_late():
    assert judge(lines(1, 3, 2, 4)) == Verdict(lines=4, late=1)
    assert judge(lines(3, 4), lines(1, 2)) == Verdict(lines=4, late=2)


def test_a_filter_keeps_the_even_ones():
    assert judge(lines(2, 4), filtered=True) == Verdict(lines=2)
    assert judge(lines(2), filtered=True) == Verdict(lines=1, lost=1)
    assert judge(lines(2, 3, 4), filtered=True) == Verdict(lines=3, strange=1)


def test_labels_are_passed_over():
    log = b"".join(LABEL + line for line in lines(1, 2, 3, 4).splitlines(keepends=True))
    assert judge(log, label=len(LABEL)) == Verdict(lines=4)


def test_a_writer_that_nobody_knows():
    assert judge(lines(1, 2, 3, 4) + lines(1, 2, writer=8)) == Verdict(lines=6, strange=2)


def test_each_writer_has_numbers_of_its_own():
    account = Account()
    account.read(lines(1) + lines(1, writer=8) + lines(2) + lines(2, writer=8))
    assert account.settle({7: 2, 8: 3}) == Verdict(lines=4, lost=1)


@given(st.permutations(range(1, 7)))
def test_whatever_the_order_nothing_is_lost(numbers):
    verdict = judge(lines(*numbers), last=6)
    assert (verdict.lost, verdict.doubled, verdict.torn) == (0, 0, 0)
    assert (verdict.late == 0) == (numbers == sorted(numbers))


def test_verdicts_add_up():
    whole = Verdict(1, 1, 0, 0, 2, 3) + Verdict(2, 0, 1, 1, 0, 0)
    assert whole == Verdict(3, 1, 1, 1, 2, 3)
    assert (whole.wrong, whole.short) == (8, "1, 1, 1, 5")
