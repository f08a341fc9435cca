from __future__ import annotations

from pathlib import Path

import pytest

from supervise.unix import title
from tests.support.forks import in_a_fork


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"one two", b"one two"),
        ("é\n\x01".encode(), "é\n\x01".encode()),
        (b"\xff\xfe x", b"?? x"),
        (b"cut \xc3", b"cut ?"),
    ],
)
def test_a_line_is_shown(line, shown):
    def show() -> bytes:
        title.show(line)
        return Path("/proc/self/cmdline").read_bytes().rstrip(b"\0")

    assert in_a_fork(show) == shown
