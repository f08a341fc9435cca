"""Limits of tcpserver under many clients who come at once: the counts are exact."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support import recordings
from tests.support.patience import eventually
from tests.support.tcpservers import start

SERVED = ("/bin/sh", "-c", "echo served $TCPCONCURRENCY; exec cat")
LEAN = ("-v", "-H", "-R", "-l0")


@pytest.fixture
def background(background):
    yield background
    background.end()
    recordings.gone()


@pytest.fixture
def come():
    """So many clients at once, some of whom may have something to say first; answers what each
    has heard once all have heard something."""
    clients = []

    def call(server, *words, source=None):
        began = len(clients)
        for word in words:
            clients.append(server.connect(source=source))
            clients[-1].sendall(word)
        return [hear(client) for client in clients[began:]]

    yield call
    for client in clients:
        client.close()


def hear(client):
    """A line or, where the connection ends without one, nothing."""
    heard = b""
    while not heard.endswith(b"\n"):
        block = client.recv(1)
        if not block:
            break
        heard += block
    return heard


def served(*counts):
    return [b"served %d\n" % count for count in counts]


def test_of_the_clients_of_one_address_exactly_as_many_as_may_are_served(
    background, tmp_path, come
):
    server = start(background, tmp_path, "-c200", "-C7:no\\n", *LEAN, "--", *SERVED)
    assert sorted(come(server, *[b""] * 100)) == sorted([*served(*range(1, 8)), *[b"no\n"] * 93])
    log = server.lines(1 + 7 * 3 + 93 * 5)
    assert sum(" ok " in line for line in log) == 7
    assert sum(line.endswith(" CONCURRENCY:8/7") for line in log) == 93


def test_of_the_clients_of_many_addresses_and_a_network(background, tmp_path, come):
    """Behind a proxy, so that only the children know who is who."""
    env = {"MAXCONNIP": "3", "MAXCONNC": "10", "DIEMSG": "no"}
    options = ("-c200", "-y127.0.0.9", *LEAN)
    server = start(background, tmp_path, *options, "--", *SERVED, env=env)
    words = [
        b"PROXY TCP4 192.0.%d.%d 127.0.0.1 1 2\r\n" % (net, last)
        for _ in range(8) for net in (1, 2) for last in range(1, 6)
    ]  # fmt: skip
    heard = {}
    for word, answer in zip(words, come(server, *words, source="127.0.0.9"), strict=True):
        heard.setdefault(word, []).append(answer)
    admitted = {word: len(answers) - answers.count(b"no\r\n") for word, answers in heard.items()}
    for word, answers in heard.items():
        assert sorted(answers) == sorted(
            [*served(*range(1, admitted[word] + 1)), *[b"no\r\n"] * (8 - admitted[word])]
        )
    assert max(admitted.values()) <= 3
    for net in (1, 2):
        assert sum(many for word, many in admitted.items() if b"192.0.%d." % net in word) == 10


COUNT_US = """
touch "$0/$$"; ls "$0" | wc -l; read line; rm "$0/$$"
"""


def test_while_clients_come_and_go_there_are_never_more_than_may_be(background, tmp_path):
    here = tmp_path / "here"
    here.mkdir()
    program = ("/bin/sh", "-c", COUNT_US, str(here))
    server = start(background, tmp_path, "-C3:no\\n", *LEAN, "--", *program)

    def visit():
        with server.connect() as client:
            answer = hear(client)
            answers.append(answer)
            if answer != b"no\n":
                client.sendall(b"bye\n")
                assert client.recv(1) == b""

    answers = []
    with ThreadPoolExecutor(12) as visitors:
        for visitor in [visitors.submit(visit) for _ in range(150)]:
            visitor.result()
    seen = Counter(answers)
    assert set(seen) <= {b"1\n", b"2\n", b"3\n", b"no\n"}
    assert sum(seen.values()) == 150
    assert seen[b"3\n"]
    assert seen[b"no\n"]
    eventually(lambda: server.lines(0)[-1] == "tcpserver: status: 0/40", "the end of all")
