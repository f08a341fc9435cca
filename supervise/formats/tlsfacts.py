"""What a program is told about TLS: the variables of a connection, and why there is none.

Source: the names of Apache's mod_ssl, as ucspi-ssl has them; and the list of UCSPI-TLS, text that
ends in a NUL each, and one more NUL.
"""

from __future__ import annotations

from typing import NamedTuple

NAME_BYTES = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._")
BEGIN, BEGIN_AND_TELL = b"y", b"Y"
DELAYED = (b"SSLCTLFD", b"SSLREADFD", b"SSLWRITEFD")  # where the program may begin TLS itself


class Facts(NamedTuple):
    """A connection: the version, the cipher and its strength in bits, whether an earlier session is
    continued, the name that the client asked for, whether it has proved who it is, and who."""

    protocol: str
    cipher: str
    bits: int
    resumed: bool
    asked: str | None = None
    verified: bool = False
    client: str | None = None


def variables(facts: Facts) -> list[tuple[bytes, bytes | None]]:
    """What is to be set, and, None, what is to be removed."""
    asked = facts.asked if facts.asked and NAME_BYTES.issuperset(facts.asked) else None
    return [
        (b"SSL_PROTOCOL", facts.protocol.encode()),
        (b"SSL_CIPHER", facts.cipher.encode()),
        (b"SSL_CIPHER_USEKEYSIZE", b"%d" % facts.bits),
        (b"SSL_SESSION_RESUMED", b"Resumed" if facts.resumed else b"Initial"),
        (b"SSL_TLS_SNI", asked.encode() if asked else None),
        (b"SSL_CLIENT_VERIFY", b"SUCCESS" if facts.verified else b"NONE"),
        (b"SSL_CLIENT_S_DN_CN", text(facts.client)),
    ]


def text(value: str | None) -> bytes | None:
    """A text as a variable can have it; none with a NUL, since that would be another."""
    return None if value is None or "\0" in value else value.encode()


NAMES = tuple(name for name, _ in variables(Facts("", "", 0, False)))


def pack(settings: list[tuple[bytes, bytes | None]]) -> bytes:
    """What is set, as UCSPI-TLS sends it."""
    entries = (b"%s=%s\0" % (name, value) for name, value in settings if value is not None)
    return b"".join(entries) + b"\0"


def complete(packed: bytes) -> bool:
    return packed.endswith(b"\0\0")


def unpack(packed: bytes) -> dict[bytes, bytes]:
    """The variables of a complete list."""
    settings = (entry.partition(b"=") for entry in packed[:-2].split(b"\0"))
    return {name: value for name, _, value in settings}


def reason(word: str | None) -> str:
    """The library's «WRONG_VERSION_NUMBER» as words."""
    return (word or "protocol error").replace("_", " ").lower()
