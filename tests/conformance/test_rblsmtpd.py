"""Our rblsmtpd beside Debian's ucspi-tcp, which has the original."""

from __future__ import annotations

import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import oracle as oracles
from tests.support import processes
from tests.support.generators import any_words, numbers, texts
from tests.support.oracle import oracle
from tests.support.sidebyside import BASE, needs
from tests.support.tcpservers import start_names

pytestmark = needs("rblsmtpd")

THEIRS, OURS = ["/usr/bin/rblsmtpd"], [processes.script("rblsmtpd")]


def same(*argv, stdin=b"", env=None, shell=""):
    """What both do, when it is the same."""
    both = []
    for command in (THEIRS, OURS):
        done = processes.finish(
            ["/bin/sh", "-c", f'exec "$@" {shell}', "sh", *command, *argv],
            stdin, env={**BASE, **(env or {})},
        )  # fmt: skip
        both.append(done._replace(stderr=re.sub(rb"(?<= pid )\d+", b"N", done.stderr)))
    assert both[1] == both[0]
    return both[0]


@pytest.mark.parametrize(
    "argv",
    [
        (), ("-b",), ("-R", "x"), ("-Z", "x"), ("-r",), ("-t",), ("-t5",), ("--",), ("-",),
        ("-BbCc", "/bin/echo", "-b"), ("nonexist",), ("/etc",), ("/etc/passwd",),
        ("/bin/sh", "-c", "exit 9"), ("/usr/bin/env", "-0"), ("-tx", "/bin/true"),
        ("/bin/grep", "^Sig[BIC]", "/proc/self/status"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("env", [{}, {"RBLSMTPD": ""}])
def test_calls(argv, env):
    same(*argv, env=env)


@pytest.mark.parametrize("told", ["later", "-never", "-", "--", "a\nb\udcff\x7f", "-" + "x" * 300])
@pytest.mark.parametrize("options", [(), ("-t0",), ("-t5x",), ("-b",), ("-tx",)])
def test_refusals(told, options):
    client = b"HELO\r\nMAIL x\nRCPT\r\n\r\n\nrset\r\r\nNoOp\nHELP\nAUTH\nquit\n"
    same(*options, "x", stdin=client, env={"RBLSMTPD": told, "TCPREMOTEIP": "1.2.3.4"})
    same(*options, "x", stdin=client, env={"RBLSMTPD": told})


COMMANDS = [
    *(b"helo", b"EHLO", b"mail", b"RCPT", b"data", b"rset", b"noop", b"quit", b"help", b"x"),
    *(b" ", b"\r", b"\n", b"\r\n", b"\n", b"\r\n", b"\0", b"\t", b"\xff"),
]
clusters = st.one_of(
    st.text("bBcC", max_size=3).map("-{}".format),
    st.text("bBcCRtra-z", max_size=3).map("-{}".format),
    st.builds("-{}{}".format, st.sampled_from("tra"), st.one_of(numbers, any_words)),
    any_words.map("-{}".format),
)


def without_pid(done):
    return done._replace(stderr=re.sub(rb"(?<= pid )\d+", b"N", done.stderr))


@oracle
@given(texts(COMMANDS), st.sampled_from(["no", "-no", ""]))
def test_dialogues(said, told):
    oracles.same("rblsmtpd", "/bin/echo", stdin=said, env={"RBLSMTPD": told}, plain=without_pid)


@oracle
@given(
    st.lists(clusters, max_size=4), any_words, any_words, st.sampled_from(["x", "", "/bin/echo"])
)
def test_any_options_and_texts(options, told, ip, child):
    env = {"RBLSMTPD": told, "TCPREMOTEIP": ip, "PATH": "/nonexistent"}
    oracles.same("rblsmtpd", *options, child, stdin=b"rcpt\nquit\n", env=env, plain=without_pid)


@pytest.mark.parametrize("shell", [">&-", "<&-", "<&- >&-", ">/dev/full", "2>&-", "2>/dev/full"])
@pytest.mark.parametrize("options", [(), ("-t0",)])
def test_streams_that_do_not_work(shell, options):
    same(*options, "x", stdin=b"rcpt\nquit\n", env={"RBLSMTPD": "no"}, shell=shell)


def test_time():
    same("-t1", "x", env={"RBLSMTPD": "no"}, shell="<>/dev/zero 0<&1")


TABLE = {
    "4.3.2.1.spam.test. TXT": ['"one " "two"', '", \\195\\164 three"'],
    "4.3.2.1.empty.test. TXT": ['""'],
    "4.3.2.1.friend.test. A": ["127.0.0.2"],
    "4.3.2.1.alias.test. TXT": ["other.test. = elsewhere"],
    "4.3.2.1.long.test. TXT": [" ".join(['"' + "y" * 150 + '"'] * 3)],
    "spam.test. TXT": ["everybody"],
    "b.a.spam.test. TXT": ["letters"],
}


@pytest.fixture
def dns(background):
    """The DNS, at an address that is this test run's own; answers its variable."""
    ip = f"127.55.{os.getpid() // 250 % 250}.{os.getpid() % 250 + 1}"
    start_names(background, TABLE, ip, 53)
    return {"DNSCACHEIP": ip, "TCPREMOTEIP": "1.2.3.4"}


@pytest.mark.needs_root
@pytest.mark.parametrize(
    "argv",
    [
        ("-r", "spam.test"), ("-b", "-r", "spam.test"), ("-r", "spam.test", "-b"),
        ("-bB", "-rspam.test"), ("-r", "empty.test"), ("-r", "friend.test"), ("-r", "none.test"),
        ("-a", "friend.test", "-b", "-r", "spam.test"), ("-a", "none.test", "-r", "spam.test"),
        ("-r", "spam.test", "-a", "friend.test"), ("-r", "alias.test"), ("-r", "long.test"),
        ("-r", "none.test", "-r", "none.test", "-r", "spam.test."), ("-r", "x" * 64),
        ("-c", "-r", "x" * 64), ("-c", "-a", "x" * 64, "-b", "-r", "spam.test"),
        ("-a", "x" * 64, "-r", "spam.test"), ("-r", "x" * 64, "-b", "-r", "spam.test"),
        ("-r", "abcdefg." * 40), ("-r", ""),
    ],
)  # fmt: skip
def test_lists(dns, argv):
    same(*argv, "/bin/echo", "welcome", stdin=b"rcpt\nquit\n", env=dns)


@pytest.mark.needs_root
@pytest.mark.parametrize(
    "client", [{"TCPREMOTEIP": ""}, {"TCPREMOTEIP": "a.b"}, {"RBLSMTPD": "no"}]
)
def test_clients(dns, client):
    same("-r", "spam.test", "/bin/echo", "welcome", stdin=b"quit\n", env={**dns, **client})
