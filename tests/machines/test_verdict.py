from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.machines.verdict import ALLOWED, LISTED, TROUBLE, Answer, Rejection, Source, Verdict

FOUND, NOT_FOUND, NO_ANSWER = Answer(True, b"spam"), Answer(False), None


def listed(permanent=False, closed=False):
    return Source(LISTED, b"rbl", permanent, closed)


def allowed(permanent=False, closed=False):
    return Source(ALLOWED, b"anti", permanent, closed)


def judged(*turns, told=None):
    """The outcome of answers in order; those after the decision are not heard."""
    verdict = Verdict(told)
    for source, answer in turns:
        if verdict.decided:
            break
        verdict.answered(source, answer)
    return verdict.rejection


@pytest.mark.parametrize(
    ("told", "rejection"),
    [
        (b"", None),
        (b"later", Rejection(False, b"later")),
        (b"-never", Rejection(True, b"never")),
        (b"-", Rejection(True, b"")),
        (b"--x", Rejection(True, b"-x")),
    ],
)
def test_what_the_rules_say_is_the_last_word(told, rejection):
    assert Verdict(told).decided
    assert judged((listed(permanent=True), FOUND), told=told) == rejection


def test_nobody_speaks():
    verdict = Verdict(None)
    verdict.answered(listed(), NOT_FOUND)
    verdict.answered(allowed(), NOT_FOUND)
    assert (verdict.decided, verdict.rejection) == (False, None)


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("permanent", [False, True])
def test_a_client_who_is_listed(permanent, closed):
    source = listed(permanent, closed)
    assert judged((source, FOUND)) == Rejection(permanent, b"spam")
    assert judged((source, NOT_FOUND), (source, FOUND)) == Rejection(permanent, b"spam")


def test_the_first_word_decides():
    assert judged((allowed(), FOUND), (listed(), FOUND)) is None
    assert judged((listed(), FOUND), (allowed(), FOUND)) == Rejection(False, b"spam")


def test_a_list_that_cannot_be_asked_makes_a_rejection_temporary():
    assert judged((listed(), NO_ANSWER)) is None
    assert judged((listed(), NO_ANSWER), (listed(permanent=True), FOUND)) == (False, b"spam")


def test_a_closed_list_that_cannot_be_asked_rejects_for_now():
    assert judged((listed(permanent=True, closed=True), NO_ANSWER)) == (False, TROUBLE)


def test_a_list_of_friends_that_cannot_be_asked():
    assert judged((allowed(), NO_ANSWER), (listed(), FOUND)) is None
    closed = allowed(closed=True)
    assert judged((closed, NO_ANSWER)) is None
    assert judged((closed, NO_ANSWER), (listed(permanent=True), FOUND)) == (False, b"spam")


sources = st.builds(
    Source, st.sampled_from([LISTED, ALLOWED]), st.just(b"x"), st.booleans(), st.booleans()
)
answers = st.sampled_from([FOUND, NOT_FOUND, NO_ANSWER])


@given(st.lists(st.tuples(sources, answers), max_size=6))
def test_nobody_is_rejected_for_good_after_a_list_was_silent(turns):
    rejection = judged(*turns)
    silent = [answer for _, answer in turns].count(NO_ANSWER)
    if rejection is not None and rejection.permanent:
        speaker = next(at for at, (_, answer) in enumerate(turns) if answer is FOUND)
        assert NO_ANSWER not in [answer for _, answer in turns[:speaker]]
    if not silent and rejection is not None:
        assert any(source.kind is LISTED and answer is FOUND for source, answer in turns)
