"""Which addresses a host's name means to our tcpclient, and to the one of Debian's ucspi-tcp."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support import forkserver, ownnetwork
from tests.support.generators import any_words, spoilt
from tests.support.oracle import SIDES, Call, finish, oracle
from tests.support.sidebyside import needs

pytestmark = [needs("tcpclient"), pytest.mark.needs_root]

LOOK_UP = ["supervise.drivers.resolver", "dns.message", "dns.rdtypes.IN.A"]

pieces = st.sampled_from(
    [
        "a",
        "b.c",
        "Host",
        ".",
        "+",
        "127",
        "127.0.0.1",
        "1",
        "257",
        "[",
        "]",
        "",
        "é",
        "-",
        ".x",
        "\\1",
    ]
)
words = st.one_of(st.lists(pieces, max_size=4).map("".join), any_words)
rules = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(["=", "*", "?", "-", "=", "*", "?", "-", "", " ", "#"]),
    words,
    st.sampled_from([":", ":", ":", ""]),
    words,
    st.sampled_from(["", " ", "\r", "\t \r"]),
)
files = st.builds(
    "{}{}".format, st.lists(rules, max_size=5).map("\n".join), st.sampled_from(["", "\n"])
).map(lambda text: text.encode("utf-8", "surrogateescape"))
hosts = st.one_of(words, st.lists(words, max_size=3).map(".".join))
domains = st.lists(st.one_of(words, st.sampled_from(["one.test", " ", ""])), max_size=3)


@pytest.fixture(scope="module")
def network():
    with ownnetwork.entered(), ownnetwork.names_unknown() as heard:
        yield heard


@pytest.fixture
def asked(network):
    """What a tcpclient says when it is to find a host, and what it asks."""
    forkserver.get(LOOK_UP)

    def ask(start, host, env, folder):
        network.clear()
        options = ("-4",) if start.__name__ == "start_ours" else ()
        argv = (*options, "-HRl0", "--", host, "7", "x")
        env = {"DNSCACHEIP": "127.0.0.1", **env}
        done = finish(start, Call("tcpclient", argv, env, folder), b"")
        return done, [question.lower() for question in network]

    return ask


def unheard_of(host):
    """«tcpclient: IPv6» in README's table: what has a colon is not looked up."""
    return ":" in host


@oracle
@example(b"=a:127.0.0.1", "a")
@example(b"?a:.b+.c+", "xa")
@given(st.one_of(files, spoilt(files)), hosts.filter(lambda host: not unheard_of(host)))
def test_rules_in_a_file(asked, tmp_path, text, host):
    (tmp_path / "rewrite").write_bytes(text)
    env = {"DNSREWRITEFILE": "rewrite"}
    original, done = (asked(start, host, env, tmp_path) for start in SIDES)
    assert done == original


@oracle
@example("", "a+")
@example("a  b ", "c")
@example("", "a\\")
@example("", "\\400")
@given(domains.map(" ".join), hosts.filter(lambda host: not unheard_of(host)))
def test_local_domains(asked, tmp_path, local, host):
    env = {"DNSREWRITEFILE": "none", "LOCALDOMAIN": local}
    original, done = (asked(start, host, env, tmp_path) for start in SIDES)
    assert done == original
