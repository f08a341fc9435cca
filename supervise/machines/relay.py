"""Between a network and a program: two directions, each with one chunk on its way at a time.

    network --- inward ---> program
    network <-- outward --- program

A direction reads its next chunk when the last one is written, so a slow reader slows its writer
and nobody else. What passes may be changed by one function and recorded by another; it is recorded
as it came, before it goes on.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Transform = Callable[[bytes], bytes]
    Recorder = Callable[["Way", bytes], list[bytes]]


# Chain loaders load this module, so it does without the imports that an enum and a dataclass need:
# each takes longer than everything else that such a program loads.
class Way:
    """INWARD or OUTWARD, and nothing else."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


INWARD, OUTWARD = Way("INWARD"), Way("OUTWARD")  # to the program, from the program
WAYS = (INWARD, OUTWARD)


class Note:
    """Write this record, whole, to the log."""

    __match_args__ = ("record",)

    def __init__(self, record: bytes) -> None:
        self.record = record

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Note) and self.record == other.record


class Close:
    """Tell whoever reads this direction that there is no more."""

    __match_args__ = ("way",)

    def __init__(self, way: Way) -> None:
        self.way = way

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Close) and self.way is other.way


Effect = Note | Close


def unchanged(chunk: bytes) -> bytes:
    return chunk


def unrecorded(way: Way, chunk: bytes) -> list[bytes]:
    return []


class Direction:
    """One direction: open until its source ends or its reader is gone."""

    def __init__(self, transform: Transform) -> None:
        self.transform = transform
        self.open = True
        self.pending = b""  # read, and not yet written


class Relay:
    """Events in: received, written, refused. Effects out: Note, Close; then `over`.

    `transforms` change a chunk of their direction, and may keep state from one to the next;
    `record` makes the records of a chunk, and of the end of a direction, an empty one.
    """

    def __init__(
        self, record: Recorder = unrecorded, transforms: dict[Way, Transform] | None = None
    ) -> None:
        self.record = record
        self.directions = {way: Direction((transforms or {}).get(way, unchanged)) for way in WAYS}
        self.over = False

    @property
    def reading(self) -> list[Way]:
        """The directions whose source is to be read."""
        return [way for way, one in self.directions.items() if one.open and not one.pending]

    @property
    def writing(self) -> list[Way]:
        """The directions with something pending."""
        return [way for way, one in self.directions.items() if one.pending]

    def pending(self, way: Way) -> bytes:
        return self.directions[way].pending

    def received(self, way: Way, chunk: bytes) -> list[Effect]:
        """A chunk came; an empty one is the end of the stream, and so is trouble in reading it."""
        notes: list[Effect] = [Note(record) for record in self.record(way, chunk)]
        if not chunk:
            return [*notes, *self.stop(way)]
        direction = self.directions[way]
        direction.pending = direction.transform(chunk)
        return notes

    def written(self, way: Way, count: int) -> None:
        """The reader took that many bytes of what is pending."""
        direction = self.directions[way]
        direction.pending = direction.pending[count:]

    def leave(self, way: Way) -> None:
        """Read no more of a direction, which goes on elsewhere; what was read is still written."""
        self.directions[way].open = False

    def refused(self, way: Way) -> list[Effect]:
        """The reader is gone. A program that reads no more may yet have much to say, so this is
        the end of one direction only; without a network there is nobody to say it to."""
        return self.stop(way)

    def stop(self, way: Way) -> list[Effect]:
        """End a direction. The outward one ends everything: what the network still sends has no
        reader who could answer."""
        self.directions[way].open = False
        self.directions[way].pending = b""
        if way is OUTWARD:
            self.over = True
        return [Close(way)]
