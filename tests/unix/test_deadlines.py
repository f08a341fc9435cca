from __future__ import annotations

import socket
import time

import pytest

from supervise.unix import deadlines


def test_what_is_left_becomes_less():
    before = time.monotonic()
    deadline = deadlines.after(100)
    assert before + 100 <= deadline <= time.monotonic() + 100
    first = deadlines.left(deadline)
    assert 0 < deadlines.left(deadline) <= first <= 100


@pytest.mark.parametrize("ago", [0, 1, 10**9])
def test_nothing_is_left(ago):
    with pytest.raises(TimeoutError):
        deadlines.left(time.monotonic() - ago)


def test_any_patience_fits_a_socket():
    with socket.socket() as some:
        some.settimeout(deadlines.left(deadlines.after(2**64 - 1)))
