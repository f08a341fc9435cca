"""The three kinds of qmail's control files: a line, a number, a list. Source: qmail-control(5)."""

from __future__ import annotations

BLANKS = b" \t\n"
DIGITS = b"0123456789"
VERY_LARGE = 10**18  # what any number beyond it is taken for


def line(content: bytes) -> bytes:
    """The first line without trailing blanks; there are no comments, and a CR stays."""
    return content.partition(b"\n")[0].rstrip(BLANKS)


def number(text: bytes) -> int | None:
    """The digits that a text begins with as a number, or None where there is none."""
    digits = text[: len(text) - len(text.lstrip(DIGITS))]
    if not digits:
        return None
    significant = digits.lstrip(b"0")
    return int(significant or b"0") if len(significant) <= 18 else VERY_LARGE


def entries(content: bytes) -> list[bytes]:
    """Every line that is neither empty nor begins with «#», without trailing blanks; leading
    blanks count."""
    lines = [entry.rstrip(BLANKS) for entry in content.split(b"\n")]
    return [entry for entry in lines if entry and not entry.startswith(b"#")]


def names(content: bytes) -> frozenset[bytes]:
    """A list to be searched without regard to case: lower-case entries."""
    return frozenset(entry.lower() for entry in entries(content))
