"""The classic how-to from end to end: its nine steps, then mail, rejections, and svc in the
middle of traffic.

Twice: in production form, word for word, as root in namespaces of its own (port 25,
/etc/tcpcontrol, the account qmaill), and as any user in a temporary directory.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support import howto, mailclient, namespaces
from tests.support.howto import ELSEWHERE, LOCAL, NO_RELAY, HowTo, lines, rejections
from tests.support.patience import eventually
from tests.support.processes import finish

CHECKOUT = Path(__file__).parents[2]

Story = Callable[[HowTo], None]


@pytest.fixture(params=["user", pytest.param("production", marks=pytest.mark.needs_root)])
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Story], None]:
    """Call a story with a server that runs; afterwards the server must stop cleanly."""

    def in_production(story: Story) -> None:
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        namespaces.in_namespaces(scratch, lambda: act(howto.at_production(), story))

    def as_user(story: Story) -> None:
        act(howto.as_a_user(tmp_path), story)

    return in_production if request.param == "production" else as_user


def act(server: HowTo, story: Story) -> None:
    server.make()
    server.start()
    try:
        story(server)
    finally:
        server.stop()
    assert howto.only_what_an_operator_should_read(server.whole_log()) == []


def test_a_message_that_succeeds_and_one_that_fails(play):
    def story(server: HowTo) -> None:
        assert server.send(ELSEWHERE, "relayed") == 250
        (message,) = server.mail()
        assert message.endswith(mailclient.message("relayed", ELSEWHERE))
        assert message.startswith(b"Return-Path: <sender@client.example>\n")
        server.compile_rules(NO_RELAY)
        assert server.send(ELSEWHERE, "refused") == 553
        assert server.send(LOCAL, "accepted") == 250
        eventually(lambda: server.log().count(b"tcpserver: end ") == 3)
        assert rejections(lines(server.log())) == [b"553"]
        assert len(server.mail()) == 2

    play(story)


def test_ipv6(play):
    def story(server: HowTo) -> None:
        assert server.send(LOCAL, "six", "::1") == 250
        assert server.send(ELSEWHERE, "no relay for six", "::1") == 553
        eventually(lambda: server.log().count(b"tcpserver: end ") == 2)
        assert rejections(lines(server.log())) == [b"553"]

    play(story)


@pytest.mark.skipif(not os.path.exists("/usr/bin/swaks"), reason="needs Debian's swaks")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_swaks(play, host):
    def story(server: HowTo) -> None:
        def swaks(recipient: str) -> int:
            address = ["--server", host, "--port", str(server.port)]
            envelope = ["--from", mailclient.SENDER, "--to", recipient]
            return finish(["/usr/bin/swaks", *address, *envelope]).code

        server.compile_rules(NO_RELAY)
        assert swaks(LOCAL) == 0
        assert swaks(ELSEWHERE) == 24  # swaks: no recipient was accepted
        eventually(lambda: server.log().count(b"tcpserver: end ") == 2)
        assert rejections(lines(server.log())) == [b"553"]
        assert len(server.mail()) == 1

    play(story)


def test_a_temporary_rejection(play):
    def story(server: HowTo) -> None:
        server.home.script("busy", "exit 71\n")
        server.compile_rules('127.:allow,QMAILQUEUE="./busy"\n')
        assert server.send(LOCAL, "later") == 451
        eventually(lambda: server.log().count(b"tcpserver: end ") == 1)
        assert rejections(lines(server.log())) == [b"451"]
        assert server.mail() == []

    play(story)


def test_a_deny_rule(play):
    def story(server: HowTo) -> None:
        server.compile_rules("127.:deny\n:allow\n")
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            assert client.recv(100) == b""
        eventually(lambda: b"end " in server.log())
        assert re.search(rb"tcpserver: deny \d+ .*:127\.0\.0\.1:", server.log())
        assert b" status 25600\n" in server.log()

    play(story)


@pytest.mark.needs_root
def test_programs_that_the_users_of_the_services_may_not_read(tmp_path):
    """A checkout in root's home: everything is imported before the privileges are given up."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    def story(server: HowTo) -> None:
        nobody_may_read = finish(["/bin/ls", str(CHECKOUT)], user=504, group=501, extra_groups=[])
        assert nobody_may_read.code != 0
        assert server.send(ELSEWHERE, "relayed") == 250
        assert server.send(LOCAL, "six", "::1") == 250
        server.compile_rules(NO_RELAY)
        assert server.send(ELSEWHERE, "refused") == 553
        server.home.script("busy", "exit 71\n")
        server.compile_rules('127.:allow,QMAILQUEUE="./busy"\n::1:allow,QMAILQUEUE="./none"\n')
        assert [server.send(LOCAL, "", host) for host in ("127.0.0.1", "::1")] == [451, 451]
        for signs in ("-t", "-a"):
            server.svc(signs, "smtpd/log")
        eventually(lambda: rejections(server.whole_log()) == [b"553", b"451", b"451"])

    def play() -> None:
        namespaces.overlay(str(CHECKOUT), scratch / "checkout")
        CHECKOUT.chmod(0o700)
        act(howto.at_production(), story)

    namespaces.in_namespaces(scratch, play)


TRAFFIC, CONNECTIONS = 200, 20


def persist(server: HowTo, number: int) -> mailclient.Outcome:
    """Send one message, every other one to a domain that is refused, however often it takes."""
    recipient = LOCAL if number % 2 else ELSEWHERE

    def attempt() -> mailclient.Outcome | None:
        try:
            return mailclient.send("127.0.0.1", server.port, recipient, f"<{number}>")
        except OSError:
            return None  # nobody listens at this moment

    return eventually(attempt, f"message {number}")


@pytest.mark.timeout(120)
def test_svc_in_the_middle_of_traffic(play):
    def story(server: HowTo) -> None:
        server.compile_rules(NO_RELAY)
        with ThreadPoolExecutor(CONNECTIONS) as clients:
            outcomes = [clients.submit(persist, server, number) for number in range(TRAFFIC)]
            for portion, interrupt in enumerate(INTERRUPTIONS, 1):
                enough = portion * TRAFFIC // (len(INTERRUPTIONS) + 1)
                eventually(lambda n=enough: sum(outcome.done() for outcome in outcomes) >= n)
                interrupt(server)
            seen = [outcome.result() for outcome in outcomes]
        accepted = {outcome.mark for outcome in seen if outcome.code == 250}
        refused = [outcome for outcome in seen if outcome.code == 553]
        assert (len(accepted), len(refused)) == (TRAFFIC // 2, TRAFFIC // 2)
        marks = [re.search(rb"^end of (<\d+>)$", text, re.M)[1].decode() for text in server.mail()]
        assert sorted(marks) == sorted(accepted)
        eventually(lambda: rejections(server.whole_log()) == [b"553"] * (TRAFFIC // 2))

    play(story)


def restart_by_hand(server: HowTo, name: str) -> None:
    server.svc("-d", name)
    eventually(lambda: server.svstat(name).startswith("down"))
    server.svc("-u", name)


INTERRUPTIONS: list[Story] = [
    lambda server: server.svc("-t", "smtpd"),
    lambda server: server.svc("-t", "smtpd/log"),
    lambda server: restart_by_hand(server, "smtpd"),
    lambda server: restart_by_hand(server, "smtpd/log"),
    lambda server: server.svc("-h", "smtpd"),
    lambda server: server.svc("-h", "smtpd/log"),
]
