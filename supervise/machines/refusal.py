"""The SMTP dialogue with a client who is rejected: polite, and every recipient is refused."""

from __future__ import annotations

from supervise.formats import smtp
from supervise.machines.commandlines import CommandLines

NAME = b"rblsmtpd.local"
OK = b"250 " + NAME + smtp.LINE_END
REPLIES = {
    b"helo": OK,
    b"ehlo": OK,
    b"mail": OK,
    b"rset": OK,
    b"noop": OK,
    b"quit": b"221 " + NAME + smtp.LINE_END,
}


class Refusal:
    """Bytes of the client in, replies out, until it is `over`."""

    greeting = b"220 " + NAME + smtp.LINE_END

    def __init__(self, message: bytes) -> None:
        self.message = message + smtp.LINE_END
        self.lines = CommandLines()
        self.over = False

    def received(self, chunk: bytes) -> list[bytes]:
        """The replies to the lines that are complete now."""
        self.lines.add(chunk)
        replies = []
        while not self.over and (line := self.lines.next()) is not None:
            verb = verb_of(line)
            replies.append(REPLIES.get(verb, self.message))
            self.over = verb == b"quit"
        return replies


def verb_of(line: bytes) -> bytes:
    """What a line begins with, in lower case. (To qmail-smtpd a NUL would end it too.)"""
    return line.removesuffix(b"\r").partition(b" ")[0].lower()
