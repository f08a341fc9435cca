from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from supervise import rawtyping

CHECKOUT = Path(__file__).parents[1]


class Theirs(NamedTuple):
    """As it should be."""

    one: int
    two: bytes = b"2"
    three: int | None = None

    def both(self):
        return self.one, self.two


class Ours(rawtyping.NamedTuple):
    one: int
    two: bytes = b"2"
    three: int | None = None

    def both(self):
        return self.one, self.two


@pytest.mark.parametrize(
    ("values", "named"),
    [((1,), {}), ((1, b"x", 3), {}), ((1,), {"three": 3}), ((), {"two": b"x", "one": 0})],
)
def test_it_is_what_typing_makes(values, named):
    ours, theirs = Ours(*values, **named), Theirs(*values, **named)
    assert ours == theirs == tuple(ours)
    assert hash(ours) == hash(theirs)
    assert (ours.one, ours.two, ours.three) == (theirs.one, theirs.two, theirs.three)
    assert ours.both() == theirs.both()
    assert repr(ours) == repr(theirs).replace("Theirs", "Ours")
    assert ours._replace(one=7) == theirs._replace(one=7)
    assert type(ours._replace(one=7)) is Ours


@pytest.mark.parametrize("kind", [Ours, Theirs])
@pytest.mark.parametrize(
    ("values", "named"),
    [((), {}), ((1, b"", 3, 4), {}), ((1,), {"one": 1}), ((1,), {"four": 4})],
)
def test_fields_that_are_missing_or_too_many(kind, values, named):
    with pytest.raises(TypeError):
        kind(*values, **named)


def test_a_field_cannot_be_set():
    with pytest.raises(AttributeError):
        Ours(1).one = 2


def test_it_can_be_matched():
    match Ours(1, b"x"):
        case Ours(one, two, None):
            assert (one, two) == (1, b"x")
        case _:
            raise AssertionError("not matched")


def test_nothing_is_loaded_for_it():
    loaded = "{'typing', 'collections'} & set(sys.modules)"
    probe = f"import sys, supervise.rawtyping; sys.exit(bool({loaded}))"
    subprocess.run([sys.executable, "-S", "-c", probe], check=True, cwd=CHECKOUT)
