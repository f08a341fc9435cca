"""What the tests of the limits, proxies and signals of tcpserver share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import recordings
from tests.support.processes import Background


@pytest.fixture
def background(background: Background) -> Iterator[Background]:
    """What a server leaves to end by itself, because its client is gone, is waited for."""
    yield background
    background.end()
    recordings.gone()
