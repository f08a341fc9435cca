from __future__ import annotations

import ssl

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from supervise.drivers import certificate as reading
from supervise.machines.tunnel import CHUNK, UNSENT, Tunnel
from tests.support import certificates

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


class Joined:
    """A server and a client, and the wire between them."""

    def __init__(self, certificate, version=None):
        self.server = Tunnel(reading.context(reading.Files(str(certificate.both))))
        context = certificates.client(certificate, version)
        self.client = Tunnel(context, server=False, name=certificates.NAME)
        self.client.begin()

    def carry(self, sender, receiver, size=CHUNK):
        """One piece of what waits on the way; whether there was any."""
        piece = bytes(sender.to_network[:size])
        if piece and receiver.wants_network:
            sender.sent(len(piece))
            receiver.arrived(piece)
            return True
        return False

    def settle(self, size=CHUNK):
        """Carry until nothing moves."""
        moved = True
        while moved:
            moved = self.carry(self.client, self.server, size)
            moved |= self.carry(self.server, self.client, size)

    def shaken(self):
        self.settle()
        assert self.server.shaken
        assert self.client.shaken
        return self


@pytest.fixture(params=VERSIONS, ids=lambda version: version.name)
def joined(request, certificate):
    return Joined(certificate, request.param).shaken()


def take(tunnel):
    text = bytes(tunnel.to_program)
    tunnel.taken(len(text))
    return text


def test_text_goes_both_ways(joined):
    joined.server.said(b"220 hello\r\n")
    joined.client.said(b"HELO me\r\n")
    joined.settle()
    assert take(joined.client) == b"220 hello\r\n"
    assert take(joined.server) == b"HELO me\r\n"
    assert (joined.server.hearing, joined.server.speaking) == (True, True)


def test_nothing_of_the_program_is_read_before_the_handshake(certificate):
    joined = Joined(certificate)
    assert (joined.server.wants_network, joined.server.wants_program) == (True, False)
    joined.shaken()
    assert joined.server.wants_program


def test_a_direction_is_read_only_while_nothing_waits_in_it(joined):
    joined.server.said(b"x")
    assert (joined.server.wants_program, joined.server.wants_network) == (False, True)
    joined.client.said(b"y")
    joined.settle()
    assert joined.server.to_program == b"y"
    assert (joined.server.wants_program, joined.server.wants_network) == (True, False)


def test_whoever_has_said_everything_is_told_the_rest(joined):
    joined.server.said(b"bye")
    joined.server.said(b"")
    joined.settle()
    assert take(joined.client) == b"bye"
    assert joined.client.program_has_all
    assert not joined.server.program_has_all
    joined.client.said(b"one more word")
    joined.settle()
    assert take(joined.server) == b"one more word"
    assert not joined.server.over
    joined.client.said(b"")
    joined.settle()
    assert joined.server.over
    assert joined.client.over
    assert (joined.server.failure, joined.client.failure) == (None, None)


def test_a_client_that_has_said_everything_is_answered(joined):
    joined.client.said(b"")
    joined.settle()
    assert joined.server.program_has_all
    assert joined.server.wants_program
    joined.server.said(b"answer")
    joined.settle()
    assert take(joined.client) == b"answer"


def test_an_end_without_an_announcement_ends_one_direction(joined):
    joined.client.said(b"last words")
    joined.settle()
    joined.server.arrived(b"")
    assert not joined.server.program_has_all
    assert take(joined.server) == b"last words"
    assert joined.server.program_has_all
    joined.server.said(b"answer")
    joined.settle()
    assert take(joined.client) == b"answer"
    assert joined.server.failure is None


def test_an_end_in_the_handshake(certificate):
    joined = Joined(certificate)
    joined.carry(joined.client, joined.server)
    joined.server.arrived(b"")
    assert joined.server.failure == "connection closed"
    assert (joined.server.hearing, joined.server.speaking) == (False, False)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"GET / HTTP/1.0\r\n\r\n", "http request"),
        (b"EHLO me.example\r\n", "wrong version number"),
        (b"\x16\x03\x01\xff\xff" + bytes(9), "packet length too long"),
    ],
)
def test_what_is_no_tls(certificate, text, reason):
    server = Joined(certificate).server
    server.arrived(text)
    assert server.failure == reason
    assert not server.wants_network


def test_a_byte_that_was_changed_on_the_way(joined):
    joined.client.said(b"text")
    joined.client.to_network[-1] ^= 1
    joined.settle()
    assert joined.server.failure == "decryption failed or bad record mac"
    assert joined.server.over
    assert joined.client.failure.endswith("alert bad record mac"), "it is told why"
    assert not joined.server.to_program


def test_without_a_network_the_program_gets_what_had_come(joined):
    joined.client.said(b"QUIT\r\n")
    joined.settle()
    joined.server.said(b"221 bye")
    joined.server.unsendable()
    assert not joined.server.wants_program
    assert take(joined.server) == b"QUIT\r\n"
    assert joined.server.over


def test_a_program_that_reads_no_more_is_heard(joined):
    joined.client.said(b"unread")
    joined.settle()
    joined.server.unwanted()
    assert joined.server.program_has_all
    joined.server.said(b"busy")
    joined.server.said(b"")
    assert joined.server.parting
    assert not joined.server.over
    joined.settle()
    assert take(joined.client) == b"busy"
    assert joined.server.over


def test_a_client_that_makes_tls_answer_and_does_not_read(joined):
    """What the library says by itself is bounded too."""
    joined.server.to_network += bytes(UNSENT)
    assert not joined.server.wants_network


def test_a_session_is_continued(certificate):
    server_context = reading.context(reading.Files(str(certificate.both)))
    context, session = certificates.client(certificate), None
    for resumed in (False, True):
        joined = Joined(certificate)
        joined.server = Tunnel(server_context)
        joined.client = Tunnel(context, server=False, name=certificates.NAME)
        if session is not None:
            joined.client.tls.session = session
        joined.client.begin()
        joined.shaken()
        joined.server.said(b"x")
        joined.settle()
        session = joined.client.tls.session
        assert joined.server.tls.session_reused == resumed


turns = st.lists(
    st.tuples(st.booleans(), st.binary(min_size=1, max_size=40_000), st.integers(1, 30_000)),
    max_size=8,
)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turns, st.integers(1, 700))
def test_however_it_is_cut_everything_arrives_once_and_in_order(certificate, version, turns, first):
    joined = Joined(certificate, version)
    joined.settle(first)
    said, heard = {True: b"", False: b""}, {True: b"", False: b""}
    ends = {True: joined.server, False: joined.client}

    def read():
        for who, end in ends.items():
            heard[not who] += take(end)

    for who, text, size in turns:
        said[who] += text
        ends[who].said(text)
        for _ in range(3):
            joined.carry(joined.client, joined.server, size)
            joined.carry(joined.server, joined.client, size)
        read()
    for end in ends.values():
        end.said(b"")
    while not all(end.over for end in ends.values()):
        joined.settle(5000)
        read()
    assert heard == said
