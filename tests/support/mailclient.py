"""An SMTP client for the tests, and what it saw."""

from __future__ import annotations

import os
import smtplib
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple

from tests.support.patience import PATIENCE

SENDER = "sender@client.example"


class Outcome(NamedTuple):
    """What became of one message: the reply's code, and the mark in its text."""

    code: int
    mark: str


def message(mark: str, recipient: str) -> bytes:
    text = EmailMessage()
    text["From"], text["To"], text["Subject"] = SENDER, recipient, f"mark {mark}"
    text.set_content(f"this is the text of {mark}\n.\n.dot\nend of {mark}\n")
    return text.as_bytes()


def on_the_wire(text: bytes) -> bytes:
    return text.replace(b"\n", b"\r\n")


def send(host: str, port: int, recipient: str, mark: str) -> Outcome:
    """Send one message; an OSError where the server cannot be reached."""
    with smtplib.SMTP(host, port, "client.example", PATIENCE) as client:
        try:
            client.sendmail(SENDER, [recipient], on_the_wire(message(mark, recipient)))
        except smtplib.SMTPRecipientsRefused as refused:
            return Outcome(refused.recipients[recipient][0], mark)
        except smtplib.SMTPResponseException as refused:
            return Outcome(refused.smtp_code, mark)
    return Outcome(250, mark)


def delivered(maildir: Path) -> list[bytes]:
    """The messages that lie in a Maildir."""
    try:
        names = os.listdir(maildir / "new")
    except FileNotFoundError:
        return []
    return [(maildir / "new" / name).read_bytes() for name in names]
