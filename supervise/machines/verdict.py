"""Whether rblsmtpd lets a client in: lists are heard in order, and the first word decides."""

from __future__ import annotations

from supervise.rawtyping import NamedTuple

TROUBLE = b"temporary RBL lookup error"


class Kind:
    """LISTED or ALLOWED, and nothing else; an enum is too much for a chain loader."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


LISTED, ALLOWED = Kind("LISTED"), Kind("ALLOWED")  # its clients are rejected, are accepted


class Source(NamedTuple):
    """One list to be asked, and what holds for it."""

    kind: Kind
    base: bytes
    permanent: bool  # reject for good, not for now
    closed: bool  # when it cannot be asked, do as if it spoke against the client


class Answer(NamedTuple):
    """What a list said of the client; the text counts only where a client is rejected."""

    found: bool
    text: bytes = b""


class Rejection(NamedTuple):
    permanent: bool
    text: bytes


class Verdict:
    """Undecided, until somebody speaks; undecided at the end is accepted.

    `told` is what the rules of tcpserver have put into RBLSMTPD: nothing, an acceptance where it is
    empty, else a rejection, permanent with a dash in front.
    """

    def __init__(self, told: bytes | None) -> None:
        self.decided = told is not None
        self.rejection: Rejection | None = None
        self.only_temporary = False  # a list that could not be asked might have accepted
        if told:
            self.rejection = Rejection(told.startswith(b"-"), told.removeprefix(b"-"))

    def answered(self, source: Source, answer: Answer | None) -> None:
        """A list has answered; None where it could not be asked."""
        if answer is None:
            self.not_answered(source)
        elif answer.found:
            self.decide(source, answer.text)

    def not_answered(self, source: Source) -> None:
        if source.kind is LISTED and source.closed:
            self.decide(source._replace(permanent=False), TROUBLE)
        elif source.kind is ALLOWED and not source.closed:
            self.decide(source, b"")
        else:
            self.only_temporary = True

    def decide(self, source: Source, text: bytes) -> None:
        self.decided = True
        if source.kind is LISTED:
            self.rejection = Rejection(source.permanent and not self.only_temporary, text)
