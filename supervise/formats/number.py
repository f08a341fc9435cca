"""Numbers as the originals read them: ucspi-tcp takes leading digits, whatever follows."""

from __future__ import annotations

DIGITS = "0123456789"
WORD = 2**64  # an unsigned long, which wraps around


def leading(text: str) -> int:
    """«5», «5x» and «18446744073709551621» are 5; «x» is 0."""
    digits = text[: len(text) - len(text.lstrip(DIGITS))]
    # Python refuses to read very long numbers; digits before the last 64 do not change the rest.
    return int("0" + digits[-64:]) % WORD


def port(text: str) -> int | None:
    """A port given in digits alone, cut to 16 bits; None where it is a name. Empty is 0."""
    number = whole(text)
    return None if number is None else number % 2**16


def whole(text: str) -> int | None:
    """A number in digits alone; None where anything else is there. Empty is 0."""
    return None if text.strip(DIGITS) else leading(text)
