from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from supervise.machines import resumption
from supervise.machines.resumption import Loss, Rest

texts = st.lists(st.sampled_from(b"ab\n"), max_size=30).map(bytes)


@given(texts, st.integers(0, 30), st.integers(0, 30))
def test_what_is_there_is_not_written_again(output, done, more):
    there = output[done : done + more]
    assert resumption.rest(output, done, there) == Rest(output[done:][more:], True)


@given(texts, st.integers(0, 30), texts)
def test_what_follows_a_whole_output_is_somebody_elses(output, done, more):
    assert resumption.rest(output, done, output[done:] + more) == Rest(b"", True)


def test_what_is_not_ours_says_nothing_of_what_is_there():
    assert resumption.rest(b"one\ntwo\n", 4, b"tow") == Rest(b"two\n", False)


def test_the_notice():
    assert resumption.notice(b"@4 ", 0) == b""
    assert resumption.notice(b"@4 ", 12) == b"@4 multilog: warning: 12 lines dropped\n"


@given(texts, st.integers(0, 30))
def test_every_line_is_kept_whole_or_dropped(output, written):
    kept, lost = resumption.loss(output, 0, min(written, len(output)), 0)
    assert kept <= written
    assert output[:kept].endswith(b"\n") or kept == 0
    assert output[:kept].count(b"\n") + lost == len(output.splitlines())


def test_what_was_told_is_told_once():
    told = resumption.notice(b"", 7)
    output = told + b"one\ntwo\n"
    assert resumption.loss(output, len(told), len(told) + 2, 7) == Loss(len(told), 2)
    assert resumption.loss(output, len(told), len(told) + 4, 7) == Loss(len(told) + 4, 1)
    assert resumption.loss(output, len(told), len(told) - 1, 7) == Loss(0, 9)
