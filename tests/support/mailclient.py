"""SMTP clients for the tests: one that sends a message as people do, and one that says anything."""

from __future__ import annotations

import smtplib
import socket
import subprocess
from email.message import EmailMessage
from typing import NamedTuple

from tests.support.patience import PATIENCE
from tests.support.processes import Background, module

SENDER = "sender@client.example"
MESSAGE = b"MAIL FROM:<s@x>\r\nRCPT TO:<r@y>\r\nDATA\r\n"


class Outcome(NamedTuple):
    """What became of one message: the reply's code, the mark in its text, and our port."""

    code: int
    mark: str
    port: int


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
        code, our_port = 250, client.sock.getsockname()[1]
        try:
            client.sendmail(SENDER, [recipient], on_the_wire(message(mark, recipient)))
        except smtplib.SMTPRecipientsRefused as refused:
            code = refused.recipients[recipient][0]
        except smtplib.SMTPResponseException as refused:
            code = refused.smtp_code
    return Outcome(code, mark, our_port)


class Client:
    """Both ends of a connection to a qmail-smtpd."""

    def __init__(self, background: Background, environment: dict[str, str]) -> None:
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(PATIENCE)
        with theirs:
            self.process = background.start(
                module("qmail-smtpd"), stdin=theirs, stdout=theirs,
                stderr=subprocess.PIPE, env=environment,
            )  # fmt: skip
        self.unread = b""

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.close()

    def say(self, text: bytes) -> None:
        self.socket.sendall(text)

    def line(self) -> bytes:
        while b"\n" not in self.unread and (chunk := self.socket.recv(4096)):
            self.unread += chunk
        line, end, self.unread = self.unread.partition(b"\n")
        return line + end

    def lines(self, count: int) -> list[bytes]:
        return [self.line() for _ in range(count)]

    def rest(self) -> bytes:
        while chunk := self.socket.recv(4096):
            self.unread += chunk
        rest, self.unread = self.unread, b""
        return rest

    def code(self) -> int:
        """The exit code of the server, which must have been silent on descriptor 2."""
        _, said = self.process.communicate(timeout=PATIENCE)
        assert said == b""
        return self.process.returncode

    def smtplib(self) -> smtplib.SMTP:
        client = smtplib.SMTP()
        client.sock = self.socket
        assert client.getreply()[0] == 220
        return client
