from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import keyorders
from supervise.formats.keyorders import NO_PROGRAM, READY, RENEW, REPORT, REQUEST

pids = st.integers(1, 2**22)


@given(pids, st.integers(0, 2**31))
def test_a_request_is_no_other_order(program, patience):
    packed = REQUEST.pack(program, patience)
    assert REQUEST.unpack(packed) == (program, patience)
    assert packed not in (READY, RENEW)


@given(st.lists(st.tuples(st.just(NO_PROGRAM) | pids, pids)))
def test_reports_can_be_read_as_many_as_there_are(written):
    packed = b"".join(REPORT.pack(*report) for report in written)
    assert list(REPORT.iter_unpack(packed)) == written


@given(st.sampled_from([100, 111]), st.binary())
def test_failures(code, text):
    assert keyorders.read_failure(keyorders.failure(code, text)) == (code, text)


@pytest.mark.parametrize("packed", [b"", READY])
def test_what_is_no_failure(packed):
    with pytest.raises(ValueError, match="invalid literal"):
        keyorders.read_failure(packed)
