from __future__ import annotations

import os
import sys

import pytest

from tests.support import processes

REFUSE = "from supervise.drivers import refusing; refusing.refuse(b'553 no', {patience})"


@pytest.mark.parametrize(
    ("patience", "said"),
    [(0, b"553 no\r\n"), (60, b"220 rblsmtpd.local\r\n553 no\r\n221 rblsmtpd.local\r\n")],
)
def test_what_a_client_is_told(patience, said):
    probe = [sys.executable, "-c", REFUSE.format(patience=patience)]
    assert processes.finish(probe, b"rcpt\r\nquit\r\nrcpt\r\n") == (0, said, b"")


@pytest.mark.parametrize("patience", [0, 60])
def test_a_client_that_has_left_is_no_trouble(patience):
    reading, writing = os.pipe()
    os.close(reading)
    hide = f"import os; os.dup2({writing}, 1); "
    probe = [sys.executable, "-c", hide + REFUSE.format(patience=patience)]
    done = processes.finish(probe, b"quit\r\n", pass_fds=[writing])
    os.close(writing)
    assert done == (0, b"", b"")
