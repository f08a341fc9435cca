"""The files of an environment directory: one variable each, named by the file."""

from __future__ import annotations

Change = tuple[bytes, bytes | None]  # a variable and its value, None to remove it


def change(name: bytes, content: bytes) -> Change:
    """What a file says about the environment.

    An empty file removes the variable. As in the original a «=» in the name ends the variable,
    and the rest of the name is the start of its value.
    """
    entry = name + b"=" + value(content) if content else name
    variable, equals, text = entry.partition(b"=")
    return variable, text if equals else None


def value(content: bytes) -> bytes:
    """The first line without the blanks at its end; NUL stands for a newline."""
    return content.partition(b"\n")[0].rstrip(b" \t").replace(b"\0", b"\n")
