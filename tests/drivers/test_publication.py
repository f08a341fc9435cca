from __future__ import annotations

import pytest

from supervise.drivers import clock
from supervise.drivers.publication import LONGEST_PAUSE, PAUSE, Publication
from supervise.formats.adoption import Memory
from supervise.formats.status import UP, Status
from supervise.formats.tai64 import EPOCH, Tai64n

MEMORY = Memory(Status(Tai64n(EPOCH, 0), 7, False, UP), 1.5, False, False)


class Place:
    """The record and the directory at once; what is told counts, where it could be written."""

    def __init__(self) -> None:
        self.kept: list[Memory] = []
        self.published: list[Status] = []
        self.keeps = self.publishes = True

    def keep(self, memory: Memory) -> bool:
        self.kept.append(memory)
        return self.keeps

    def publish(self, record: Status) -> bool:
        self.published.append(record)
        return self.publishes


@pytest.fixture
def place():
    return Place()


@pytest.fixture
def publication(place):
    return Publication(place, place)


def test_what_was_written_is_not_written_again(place, publication):
    publication.publish(MEMORY)
    assert (place.kept, place.published) == ([MEMORY], [MEMORY.status])
    assert publication.deadline is None
    assert not publication.is_due()


@pytest.mark.parametrize("which", ["keeps", "publishes"])
def test_what_was_not_is_tried_after_a_growing_pause(place, publication, which):
    setattr(place, which, False)
    pauses = []
    for _ in range(8):
        before = clock.now().monotonic
        publication.publish(MEMORY)
        pauses.append(round(publication.deadline - before))
        publication.deadline = before  # it has come
    assert pauses == [1, 2, 4, 8, 16, 32, LONGEST_PAUSE, LONGEST_PAUSE]
    assert publication.is_due()
    setattr(place, which, True)
    publication.publish(MEMORY)
    assert (publication.deadline, publication.pause) == (None, PAUSE)


def test_what_is_to_be_published_meanwhile_puts_off_nothing(place, publication):
    place.publishes = False
    publication.publish(MEMORY)
    before = publication.deadline
    for _ in range(8):
        publication.publish(MEMORY)
    assert publication.deadline == before
    assert publication.pause == 2 * PAUSE
