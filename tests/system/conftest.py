"""The fixture that several of these trees begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import howto
from tests.support.howto import NO_RELAY, HowTo


@pytest.fixture
def server(nobody_left: None, tmp_path: Path) -> Iterator[HowTo]:
    """The how-to's server as any user may run it, which relays for nobody."""
    server = howto.as_a_user(tmp_path)
    server.make()
    server.compile_rules(NO_RELAY)
    server.start()
    yield server
    server.stop()
