"""multilog's script: each argument is one action, known by its first character alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from supervise.formats import number
from supervise.formats.pattern import Choice

SIZE, SMALLEST_SIZE, LARGEST_SIZE = 99999, 4096, 16777215
NUMBER, SMALLEST_NUMBER = 10, 2

Full = Literal["block", "delete", "drop"]
FULL: dict[bytes, Full] = {b"block": "block", b"delete": "delete", b"drop": "drop"}


class Copy(NamedTuple):
    """«e»: copy the selected lines to standard error. The choices are those before it."""

    choices: tuple[Choice, ...]


class Status(NamedTuple):
    """«=FILE»: keep the last selected line in a file."""

    choices: tuple[Choice, ...]
    path: bytes


class Directory(NamedTuple):
    """A log directory: files of at most that many bytes, one fewer than that number of old ones,
    the command that processes each, or None, and what is done when the disk is full."""

    choices: tuple[Choice, ...]
    path: bytes
    size: int = SIZE
    number: int = NUMBER
    processor: bytes | None = None
    full: Full = "block"


Place = Copy | Status | Directory


class Script(NamedTuple):
    """Whether lines are stamped, and where they go, in order."""

    stamped: bool
    places: tuple[Place, ...]


class Reader:
    """What holds at the point of the script that has been read so far."""

    def __init__(self) -> None:
        self.choices: tuple[Choice, ...] = ()
        self.size = SIZE
        self.number = NUMBER
        self.processor: bytes | None = None
        self.full: Full = "block"
        self.places: list[Place] = []

    def select(self, word: bytes) -> None:
        self.choices += (Choice(word[:1] == b"+", word[1:]),)

    def set_size(self, word: bytes) -> None:
        self.size = min(max(leading_number(word[1:]), SMALLEST_SIZE), LARGEST_SIZE)

    def set_number(self, word: bytes) -> None:
        self.number = max(leading_number(word[1:]), SMALLEST_NUMBER)

    def set_processor(self, word: bytes) -> None:
        self.processor = word[1:]

    def set_full(self, word: bytes) -> None:
        self.full = FULL.get(word[1:], self.full)

    def copy(self, word: bytes) -> None:
        self.places.append(Copy(self.choices))

    def keep_status(self, word: bytes) -> None:
        self.places.append(Status(self.choices, word[1:]))

    def log(self, word: bytes) -> None:
        about = (self.size, self.number, self.processor, self.full)
        self.places.append(Directory(self.choices, word, *about))


ACTIONS: dict[bytes, Callable[[Reader, bytes], None]] = {
    b"-": Reader.select,
    b"+": Reader.select,
    b"s": Reader.set_size,
    b"n": Reader.set_number,
    b"!": Reader.set_processor,
    b"d": Reader.set_full,
    b"e": Reader.copy,
    b"=": Reader.keep_status,
    b".": Reader.log,
    b"/": Reader.log,
}


def parse(words: Iterable[bytes]) -> Script:
    """Read a script. Nothing in it is an error: what is no action is passed over, as ever."""
    words = list(words)
    reader = Reader()
    for word in words:
        act = ACTIONS.get(word[:1])
        if act is not None:
            act(reader, word)
    stamped = bool(words) and words[0][:1] == b"t"
    return Script(stamped, tuple(reader.places))


def leading_number(text: bytes) -> int:
    """The decimal digits that a text begins with; none is 0."""
    return number.leading(text.decode("latin-1"))
