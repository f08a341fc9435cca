from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervise.machines.messagedata import HOP_LIMIT, MessageData, State

END = b"\r\n.\r\n"


def feed(*pieces: bytes, limit: int = 0) -> tuple[bytes, State, bytes, MessageData]:
    """Everything stored, the state, what follows the data, and the machine."""
    data = MessageData(limit)
    stored, state, rest = b"", State.MORE, b""
    for number, piece in enumerate(pieces):
        became = data.feed(piece)
        stored, state, rest = stored + became.stored, became.state, became.rest
        if state is not State.MORE:
            rest += b"".join(pieces[number + 1 :])
            break
    return stored, state, rest, data


def one_by_one(wire: bytes) -> list[bytes]:
    return [wire[at : at + 1] for at in range(len(wire))]


class Model:
    """The same rules, a byte at a time, in the most naive way."""

    def __init__(self) -> None:
        self.line = b""  # raw bytes since the last CR LF
        self.stored = b""
        self.hops = 0
        self.in_header = True
        self.state = State.MORE

    def take(self, byte: int) -> None:
        self.line += bytes([byte])
        if byte != ord("\n"):
            return
        if not self.line.endswith(b"\r\n"):
            self.state = State.BROKEN
        elif self.line == b".\r\n":
            self.state = State.ENDED
        else:
            self.finish_line()

    def finish_line(self) -> None:
        if self.line == b"\r\n":
            self.in_header = False
        if self.in_header and self.line.lower().startswith((b"received", b"delivered")):
            self.hops += 1
        text = self.line[:-2]
        if text.startswith(b".") and text[1:2] != b"\r":
            text = text[1:]
        self.stored += text + b"\n"
        self.line = b""


@pytest.mark.parametrize(
    ("wire", "stored"),
    [
        (b"", b""),
        (b"a\r\n", b"a\n"),
        (b"\r\n\r\n", b"\n\n"),
        (b"..a\r\n", b".a\n"),
        (b".b\r\n", b"b\n"),
        (b"...\r\n", b"..\n"),
        (b"a.\r\n", b"a.\n"),
        (b"x\r\n..\r\ny\r\n", b"x\n.\ny\n"),
        (b"x\r\n.\rX\r\n", b"x\n.\rX\n"),
        (b"x\r\n.\r\r\n", b"x\n.\r\n"),
        (b".\r\r\r\n", b".\r\r\n"),
        (b"a\rb\r\n", b"a\rb\n"),
        (b"a\r\r\n", b"a\r\n"),
        (b"\r\r\n", b"\r\n"),
        (b"a\r.\r\n", b"a\r.\n"),
        (b"nul \0 and \xff\r\n", b"nul \0 and \xff\n"),
    ],
)
@pytest.mark.parametrize("cut", [lambda wire: [wire], one_by_one], ids=["whole", "bytes"])
def test_what_is_stored(wire, stored, cut):
    # The dot ends a line of its own, at the very beginning too.
    ending = b".\r\n"
    assert feed(*cut(wire + ending + b"QUIT\r\n"))[:3] == (stored, State.ENDED, b"QUIT\r\n")


@pytest.mark.parametrize(
    "wire",
    [b"\n", b"a\n", b"a\r\n\n", b"a\r\n.\n", b".\n", b"..\n", b"a\r\n.\r\r\n\n", b"\r\n\r\r\n\n"],
)
@pytest.mark.parametrize("cut", [lambda wire: [wire], one_by_one], ids=["whole", "bytes"])
def test_a_bare_line_feed_breaks_the_message(wire, cut):
    assert feed(*cut(wire + END))[1] is State.BROKEN


def test_a_bare_line_feed_after_the_end_is_a_command_s():
    assert feed(b"a\r\n.\r\nQUIT\n")[:3] == (b"a\n", State.ENDED, b"QUIT\n")


PIECES = st.sampled_from(
    [b"\r", b"\n", b".", b"\r\n", b"\r\n.", b"\r\n.\r", b"a", b"\0", b"Received: x", b"delivered",
     b"REceivedx\r\n", b"DELIVERED-To: y\r\n", b"\r\n\r\n", b"receive", b".Received",
     b"xxxxxxxxxxx"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=40).map(b"".join), st.data())
@settings(max_examples=400)
def test_whole_pieces_mean_what_single_bytes_mean(wire, data):
    wire += data.draw(st.sampled_from([b"", END, END + b"QUIT\r\n"]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=8)))
    pieces = [wire[a:b] for a, b in zip([0, *cuts], [*cuts, len(wire)], strict=True)]
    model = Model()
    taken = 0
    while taken < len(wire) and model.state is State.MORE:
        model.take(wire[taken])
        taken += 1
    stored, state, rest, machine = feed(*pieces)
    assert state is model.state
    if state is State.ENDED:
        assert (stored, rest) == (model.stored, wire[taken:])
        assert (machine.stored, machine.hops.count) == (len(stored), model.hops)
    elif state is State.MORE:
        assert stored.startswith(model.stored)


@given(st.binary(max_size=300))
def test_what_is_stuffed_is_stored_as_it_was(text):
    lines = text.replace(b"\r", b"").split(b"\n")
    wire = b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in lines)
    assert feed(wire + b".\r\n")[:2] == (b"\n".join(lines) + b"\n", State.ENDED)


@pytest.mark.parametrize("line", [b"Received: x", b"DELIVERED-to", b"receivedly", b"received"])
@pytest.mark.parametrize("cut", [lambda wire: [wire], one_by_one], ids=["whole", "bytes"])
def test_ninety_nine_hops_pass_and_a_hundred_do_not(line, cut):
    for count in (HOP_LIMIT - 1, HOP_LIMIT):
        wire = (line + b"\r\n") * count + b"\r\nbody\r\n.\r\n"
        *_, data = feed(*cut(wire))
        assert (data.hops.count, data.looping) == (count, count == HOP_LIMIT)


@pytest.mark.parametrize(
    "line",
    [b".Received: x", b" Received: x", b"Receive: x", b"X-Received", b"Deliver", b"receive d"],
)
def test_what_is_no_hop(line):
    *_, data = feed((line + b"\r\n") * 200 + b".\r\n")
    assert data.hops.count == 0


def test_hops_are_counted_in_the_header_only():
    *_, data = feed(b"Received: a\r\n\r\n" + b"Received: b\r\n" * 200 + b".\r\n")
    assert data.hops.count == 1
    *_, data = feed(b"\r\nReceived: b\r\n.\r\n")
    assert data.hops.count == 0


@pytest.mark.parametrize("cut", [lambda wire: [wire], one_by_one], ids=["whole", "bytes"])
def test_the_limit_counts_stored_bytes(cut):
    wire = b"..2\r\n45\r\n.\r\n"  # six bytes when stored
    for limit, too_big in [(0, False), (5, True), (6, False), (7, False)]:
        *_, data = feed(*cut(wire), limit=limit)
        assert (data.stored, data.too_big) == (6, too_big)


def test_what_is_held_between_pieces_stays_small():
    data = MessageData(0)
    for piece in [b"a" * 100_000, b"\r" * 100_000, b"received" * 100_000, b"\r\n." * 100_000]:
        data.feed(piece)
        assert len(data.held) <= 2
        assert len(data.hops.held) <= 10
