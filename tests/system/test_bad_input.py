"""The how-to's mail service under attack: clients that say what nobody should or leave rudely,
operators who spoil files, and processes that are killed.

After each of these the service goes on: a good client's message is accepted, no message in new/ is
a part of one, nothing is left in tmp/, and the log holds only what an operator should read.
"""

from __future__ import annotations

import random
import re
import select
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support import howto
from tests.support.howto import HowTo
from tests.support.mail import without_trace
from tests.support.patience import PATIENCE, eventually

GREETING = b"MAIL FROM:<s@x>\r\nRCPT TO:<r@ours.example>\r\n"
DATA = GREETING + b"DATA\r\n"
END = b"\r\nend of attack\r\n.\r\n"


def connect(server: HowTo) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), PATIENCE)


def talk(server: HowTo, said: bytes) -> bytes:
    """Say all of it, reading replies meanwhile, and then no more; the replies."""
    heard, rest = b"", memoryview(said)
    with connect(server) as client:
        client.setblocking(False)
        while True:
            readable, writable, _ = select.select([client], [client] if rest else [], [], PATIENCE)
            assert readable or writable, heard[-200:]
            try:
                if writable:
                    rest = rest[client.send(rest[:65536]) :]
                    if not rest:
                        client.shutdown(socket.SHUT_WR)
                if readable:
                    chunk = client.recv(65536)
                    heard += chunk
                    if not chunk:
                        return heard
            except (ConnectionResetError, BrokenPipeError):
                return heard


def codes(replies: bytes) -> Counter[str]:
    """How often each code was replied, the greeting left out."""
    assert replies.startswith(b"220 ours.example ESMTP\r\n"), replies[:100]
    assert replies.endswith(b"\r\n")
    found = re.findall(rb"^([2345]\d\d)[ -][^\r\n]*\r\n", replies, re.M)
    assert len(found) == replies.count(b"\n"), "something else than replies"
    return Counter(code.decode() for code in found[1:])


ATTACKS: dict[str, tuple[bytes, dict[str, int]]] = {
    "NULs": (b"\0" * 300_000 + b"\r\nNOOP\r\n", {"500": 1, "250": 1}),
    "NULs for lines": (b"\0\r\n" * 5_000, {"502": 5_000}),
    "a command of 1 MB": (b"x" * 2**20 + b"\r\nQUIT\r\n", {"500": 1, "221": 1}),
    "an address of 1 MB": (b"MAIL FROM:<" + b"x" * 2**20 + b">\r\n", {"500": 1}),
    "a HELO of 60 kB": (b"HELO " + b"\xff" * 60_000 + b"\r\n" + DATA + END, {"250": 4, "354": 1}),
    "a line of 1 MB in a message": (
        DATA + b"y" * 2**20 + END + b"QUIT\r\n", {"250": 3, "354": 1, "221": 1},
    ),
    "a message of NULs": (DATA + b"\0" * 2**20 + END, {"250": 3, "354": 1}),
    "a bare LF": (DATA + b"half\nend of attack\r\n.\r\nQUIT\r\n", {"250": 2, "354": 1, "451": 1}),
    "smuggling": (
        DATA + b"half\n.\n" + DATA.replace(b"\r", b"") + b"more" + END,
        {"250": 2, "354": 1, "451": 1},
    ),
    "no end": (DATA + b"half\r\n.\r", {"250": 2, "354": 1}),
    "half a command": (GREETING + b"DATA", {"250": 2}),
    "EXPN and VRFY": (b"EXPN all\r\nVRFY root\r\n" * 2_000, {"502": 2_000, "252": 2_000}),
    "10,000 recipients": (
        GREETING + b"RCPT TO:<r@ours.example>\r\n" * 9_999 + b"RCPT TO:<one@too.many>\r\n"
        + b"RCPT TO:<too@ours.example>\r\nDATA" + END,
        {"250": 10_002, "553": 1, "452": 1, "354": 1},
    ),
    "20,000 times nothing": (b"\r\n" * 20_000, {"502": 20_000}),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack(server, name):
    said, expected = ATTACKS[name]
    assert codes(talk(server, said)) == expected
    howto.is_well(server)


EVERY_BYTE = bytes(byte for byte in range(256) if byte not in b"\r\n")
CONTROL = EVERY_BYTE[1:]  # what a NUL would hide
NAMES = [EVERY_BYTE, CONTROL, b"a\rb", b"\xff" * 200, b'"<>\\', b"\t", b"x\r\r"]


@pytest.mark.parametrize("name", NAMES, ids=[repr(name[:8]) for name in NAMES])
def test_any_bytes_in_every_field(server, name):
    body = name + b": " + name + b"\r\n\r\n" + name + b"\r\nend of attack\r\n"
    said = b"".join(
        before + name + after
        for before, after in [
            (b"", b"\r\n"), (b"HELO ", b"\r\n"), (b"MAIL FROM:<", b"@x>\r\n"), (b"MAIL ", b"\r\n"),
            (b"MAIL FROM:", b"\r\n"), (b"RCPT TO:<", b"@ours.example>\r\n"), (b"RCPT ", b"\r\n"),
            (b"RCPT TO:<r@ours.example> ", b"\r\n"), (b"DATA ", b"\r\n"),
        ]
    )  # fmt: skip
    talk(server, said + body + b".\r\n")
    (message,) = eventually(server.mail)
    assert without_trace(message)[1] == body.replace(b"\r\n", b"\n")  # and no line more above it
    howto.is_well(server)


def test_a_binary_flood(server):
    chance = random.Random(1)
    replies = talk(server, chance.randbytes(2**21))
    assert set(codes(replies)) <= {"500", "502"}
    replies = talk(server, DATA + chance.randbytes(2**21))
    assert codes(replies) == {"250": 2, "354": 1, "451": 1}
    howto.is_well(server)


def says_nothing(client: socket.socket) -> None:
    assert read_all(client).endswith(b"\r\n451 timeout (#4.4.2)\r\n")


def says_nothing_more(client: socket.socket) -> None:
    client.sendall(DATA + b"half")
    says_nothing(client)


def read_all(client: socket.socket) -> bytes:
    heard = b""
    while chunk := client.recv(65536):
        heard += chunk
    return heard


def leaves(client: socket.socket) -> None:
    client.close()


def leaves_in_data(client: socket.socket) -> None:
    wait_for(client, b"354 ", DATA)
    client.sendall(b"half\r\nof a message\r\n")
    client.close()


def resets(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def resets_in_data(client: socket.socket) -> None:
    wait_for(client, b"354 ", DATA)
    client.sendall(b"half\r\n" * 10_000)
    resets(client)


def resets_with_everything_said(client: socket.socket) -> None:
    """It cannot know whether its message was taken."""
    client.sendall(DATA + END + b"QUIT\r\n")
    resets(client)


def hears_nothing(client: socket.socket) -> None:
    """Asks for ever, and does not read a reply."""
    client.setblocking(False)
    ended = time.monotonic() + PATIENCE
    asked = 0
    while time.monotonic() < ended:
        if not select.select([], [client], [], 1.5)[1]:
            break
        try:
            asked += client.send(b"HELP\r\n" * 1_000)
        except (BrokenPipeError, ConnectionResetError):
            break
    assert asked > 0


def wait_for(client: socket.socket, code: bytes, said: bytes) -> None:
    client.sendall(said)
    heard = b""
    while b"\n" + code not in heard:
        chunk = client.recv(65536)
        assert chunk, heard
        heard += chunk


IN_A_HURRY = [leaves, leaves_in_data, resets, resets_in_data, resets_with_everything_said]
SLOW = [says_nothing, says_nothing_more, hears_nothing]


def meet(server: HowTo, rude: Callable[[socket.socket], None]) -> None:
    server.home.control(timeoutsmtpd="1" if rude in SLOW else "1200")
    with connect(server) as client:
        rude(client)
        eventually(lambda: re.search(rb" end \d+ ", server.log()))
    server.home.control(timeoutsmtpd="1200")


@pytest.mark.parametrize("rude", [*IN_A_HURRY, *SLOW])
def test_a_rude_client(server, rude):
    meet(server, rude)
    howto.is_well(server)


def test_all_of_them_at_once(server):
    with ThreadPoolExecutor(20) as many:
        talking = [many.submit(talk, server, said) for said, _ in ATTACKS.values()]
        for rude in (*IN_A_HURRY, *SLOW):
            meet(server, rude)
        for replies in talking:
            replies.result()
    howto.is_well(server)
