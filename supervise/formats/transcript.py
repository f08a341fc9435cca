"""The lines that recordio writes: «PID < TEXT MARK», one for each piece of what passed by."""

from __future__ import annotations

INWARD, OUTWARD = b"<", b">"  # to the program, from the program


def records(pid: int, arrow: bytes, chunk: bytes) -> list[bytes]:
    """The records of one chunk, cut at its newlines; an empty chunk is the end of the stream.

    The mark is a space where a newline followed and «+» where the chunk ended without one. Pieces
    are never joined, so that nothing waits in memory while the program hangs.
    """
    head = b"%d %s " % (pid, arrow)
    if not chunk:
        return [head + b"[EOF]\n"]
    *lines, rest = chunk.split(b"\n")
    whole = [head + line + b" \n" for line in lines]
    return [*whole, head + rest + b"+\n"] if rest else whole
