"""What the comparisons of every program share."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

from tests.support import differences, originals, pairs
from tests.support.differences import Difference, without_usage
from tests.support.pairs import Call, Folders, Start

Same = Callable[..., None]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A port where connections are taken."""
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as listening:
        yield listening.getsockname()[1]


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """A furnished directory for each side."""
    place = tmp_path_factory.mktemp("sides")
    sides = place / "theirs" / "work", place / "ours" / "work"
    for folder in sides:
        folder.mkdir(parents=True)
        originals.furnish(folder)
    return sides


@pytest.fixture
def folders(sides: Folders) -> Iterator[Folders]:
    """The two directories, furnished again where a call has left something."""
    fresh = [pairs.contents(folder) for folder in sides]
    yield sides
    for folder, contents in zip(sides, fresh, strict=True):
        if pairs.contents(folder) != contents:
            originals.clear(folder)
            originals.furnish(folder)


@pytest.fixture
def same(folders: Folders, nobody_left: None) -> Same:
    """Make a call both ways: the results are the same, but for what is expected to differ."""

    def compare(
        call: Call, expected: Difference | None = None, start: Start = pairs.in_place
    ) -> None:
        results = pairs.both(folders, call, start)
        differences.judge(*(without_usage(call, result) for result in results), expected)

    return compare
