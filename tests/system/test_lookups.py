"""What tcpserver, tcpclient and rblsmtpd make of whatever name and identity servers say, and of
what they do not say."""

from __future__ import annotations

import itertools
import socket

import pytest

from tests.support import answering, answers, processes, tcpservers
from tests.support.patience import PATIENCE
from tests.support.tcpservers import ENV, environment, moved, start

SHORT = PATIENCE / 15  # to wait for what does not come
OUR_NAME = "1.0.0.127.in-addr.arpa. PTR"
SHOW = "/usr/bin/env"
LONG = ".".join(["x" * 60] * 4)  # with its end nearly as long as a name can be
ODD = "we\\032ird.\\000\\255.a\\.b.test."
MANY = [f"{at:060}.{at:060}.{at:060}.{at:03}." for at in range(90)]  # nothing to compress

RIGHT = answers.right("Right.Test.")
FORGED_NUMBER = answers.wrong_number("wrong.test.")
FORGED_SOURCE = answers.elsewhere("wrong.test.")
# What the reverse name of a client may lead to, and its name then. All of it comes at once, or is
# asked for once more.
NAMES = {
    "right": (RIGHT, "right.test"),
    "odd": (answers.right(ODD), "we\\040ird.\\000\\377.a\\056b.test"),
    "long": (answers.right(f"{LONG}.test."), f"{LONG}.test"),
    "the root": (answers.right("."), "."),
    "an address": (answers.right("127.0.0.1."), "127.0.0.1"),
    "an alias": (answers.aliases("a.test.", "b.test.", texts=("right.test.",)), "right.test"),
    "aliases in a circle": (answers.loop, None),
    "aliases without an end": (answers.unending, None),
    "no such name": (answers.failing("NXDOMAIN"), None),
    "nothing": (answers.right(), None),
    "failure": (answers.failing("SERVFAIL"), None),
    "refusal": (answers.failing("REFUSED"), None),
    "garbage": (answers.garbage, None),
    "an answer to another question": (answers.wrong_question("wrong.test."), None),
    "a name of another address": (answers.other_owner("wrong.test."), None),
    "the question": (answers.question_back, None),
    "a forged number first": (answers.after(FORGED_NUMBER, RIGHT), "right.test"),
    "a forged source first": (answers.after(FORGED_SOURCE, RIGHT), "right.test"),
    "nothing the first time": (answers.second_time(RIGHT), "right.test"),
    "more over TCP": (answers.truncated(RIGHT), "right.test"),
    "garbage over TCP": (answers.truncated(answers.garbage), None),
    "an end over TCP": (answers.truncated(answers.raw(b"\0")), None),
    "too much": (answers.right(*MANY), None),
    "too much over TCP": (answers.truncated(answers.right(*MANY)), None),
}
# What never comes, or cannot be believed.
SILENCES = {
    "silence": answering.nothing,
    "a forged number": FORGED_NUMBER,
    "a forged source": FORGED_SOURCE,
    "silence over TCP": answers.truncated(answering.nothing),
}


@pytest.fixture
def server(monkeypatch):
    with answering.servers() as server:
        monkeypatch.setenv("DNSCACHEIP", "127.0.0.1")
        monkeypatch.setenv("DNSREWRITEFILE", "/nonexistent")
        monkeypatch.setenv("LOCALDOMAIN", "")
        server.answers[OUR_NAME] = answers.right("here.test.")
        yield server


def command(server, name="tcpserver", patience=PATIENCE):
    return moved(server.port, server.ident_port, lifetime=patience, name=name)


DNS = {"DNSCACHEIP": "127.0.0.1"}


def reverse(number):
    """The reverse name of a client's address."""
    return f"{number}.1.0.127.in-addr.arpa. PTR"


def tcpserver(background, folder, server, *options, patience=PATIENCE):
    argv = (*options, "--", SHOW)
    return start(background, folder, *argv, command=command(server, patience=patience), env=DNS)


def seen(serving, number, *names):
    """What the program of a client with this address finds in its environment."""
    found = environment(serving.talk(source=f"127.0.1.{number}"))
    return tuple(found.get(name) for name in names)


def test_names_of_clients(background, tmp_path, server):
    serving = tcpserver(background, tmp_path, server, "-vRl0")
    found, shown = {}, []
    for number, (what, (answer, name)) in enumerate(NAMES.items(), 1):
        server.answers[reverse(number)] = answer
        (found[what],) = seen(serving, number, "TCPREMOTEHOST")
        field = (name or "")[:100] + "..." * (len(name or "") >= 100)
        shown.append(f"tcpserver: ok PID 0:127.0.0.1:PORT {field}:127.0.1.{number}::RPORT")
    assert found == {what: name for what, (_, name) in NAMES.items()}
    lines = serving.lines(1 + 5 * len(NAMES))
    assert [line for line in lines if " ok " in line] == shown


def test_names_that_never_come(background, tmp_path, server):
    serving = tcpserver(background, tmp_path, server, "-vpRl0", patience=SHORT)
    for number, answer in enumerate(SILENCES.values(), 1):
        server.answers[reverse(number)] = answer
        names = ("TCPREMOTEHOST", "TCPREMOTEIP")
        assert seen(serving, number, *names) == (None, f"127.0.1.{number}")


# What the name of the client may lead to in turn, and whether that confirms it.
CONFIRMATIONS = {
    "right": (answers.right("127.0.1.1"), True),
    "among others": (answers.right("10.0.0.1", "127.0.1.1"), True),
    "an alias": (answers.aliases("a.test.", texts=("127.0.1.1",)), True),
    "more over TCP": (answers.truncated(answers.right("127.0.1.1")), True),
    "nothing the first time": (answers.second_time(answers.right("127.0.1.1")), True),
    "another address": (answers.right("10.0.0.1"), False),
    "nothing": (answers.right(), False),
    "no such name": (answers.failing("NXDOMAIN"), False),
    "failure": (answers.failing("SERVFAIL"), False),
    "garbage": (answers.garbage, False),
    "aliases in a circle": (answers.loop, False),
    "an answer to another question": (answers.wrong_question("127.0.1.1"), False),
    "an address of another name": (answers.other_owner("127.0.1.1"), False),
    "garbage over TCP": (answers.truncated(answers.garbage), False),
}


def test_confirmed_names_of_clients(background, tmp_path, server):
    serving = tcpserver(background, tmp_path, server, "-vpRl0")
    server.answers[reverse(1)] = RIGHT
    found = {}
    for what, (answer, _) in CONFIRMATIONS.items():
        server.answers["right.test. A"] = answer
        server.forget()
        found[what] = seen(serving, 1, "TCPREMOTEHOST") == ("right.test",)
    assert found == {what: confirmed for what, (_, confirmed) in CONFIRMATIONS.items()}


def test_confirmations_that_never_come(background, tmp_path, server):
    serving = tcpserver(background, tmp_path, server, "-pRl0", patience=SHORT)
    server.answers[reverse(1)] = RIGHT
    for answer in (answering.nothing, answers.elsewhere("127.0.1.1")):
        server.answers["right.test. A"] = answer
        assert seen(serving, 1, "TCPREMOTEHOST") == (None,)


# What the client's machine may say of its user, and what is made of it.
USERS = {
    "a name": (b"1, 2 : USERID : UNIX : joe\r\n", "joe"),
    "other ports": (b"7, 8 : USERID : UNIX : joe\r\n", "joe"),
    "odd bytes": (b"1,2:USERID:UNIX:\x01\xff%\n", "\x01\xff%"),
    "a NUL": (b"1,2:USERID:UNIX:joe\0more\n", "joe"),
    "an error": (b"1, 2 : ERROR : NO-USER\r\n", ""),
    "garbage": (b"\xff\xfe\0\n", ""),
    "no line": (b"1, 2 : USERID : UNIX : joe", None),
    "nothing": (b"", None),
    "in pieces": ([b"1,2:USER", b"ID:UNIX", b":joe\r", b"\n"], "joe"),
    "a line without an end": (itertools.repeat(b"x" * 1000), None),
}


def test_users_of_clients(background, tmp_path, server):
    serving = tcpserver(background, tmp_path, server, "-vHl0")
    found = {}
    for what, (said, _) in USERS.items():
        server.user = said
        (found[what],) = seen(serving, 1, "TCPREMOTEINFO")
    assert found == {what: user for what, (_, user) in USERS.items()}


@pytest.mark.parametrize("said", [None, itertools.repeat(b"x")])
def test_users_that_never_come(background, tmp_path, server, said):
    server.user = said
    serving = tcpserver(background, tmp_path, server, "-vHl0", patience=SHORT)
    assert seen(serving, 1, "TCPREMOTEINFO", "TCPREMOTEIP") == (None, "127.0.1.1")


def test_tcpserver_asks_everything_before_anything_is_answered(background, tmp_path, server):
    server.answers[reverse(1)] = RIGHT
    server.answers["right.test. A"] = answers.right("127.0.1.1")
    server.user = b"1,2:USERID:UNIX:joe\n"
    server.hold = 3
    serving = tcpserver(background, tmp_path, server, "-vp")
    names = ("TCPLOCALHOST", "TCPREMOTEHOST", "TCPREMOTEINFO")
    assert seen(serving, 1, *names) == ("here.test", "right.test", "joe")
    assert sorted(server.events[:3]) == [OUR_NAME, reverse(1), "ident"]


def test_all_that_is_silent_costs_one_bound(background, tmp_path, server):
    """With one after the other there would be a question after the first has been given up."""
    for name in (OUR_NAME, reverse(1)):
        server.answers[name] = answering.nothing
    serving = tcpserver(background, tmp_path, server, "-vp", patience=SHORT)
    names = ("TCPLOCALHOST", "TCPREMOTEHOST", "TCPREMOTEINFO", "TCPREMOTEIP")
    assert seen(serving, 1, *names) == (None, None, None, "127.0.1.1")
    assert sorted(server.asked[:3]) == [OUR_NAME, reverse(1), "ident"]
    assert set(server.asked) == {OUR_NAME, reverse(1), "ident"}


def test_our_own_name_is_not_waited_for_by_everybody(background, tmp_path, server):
    """Trouble is remembered: only those who came before it was known have asked."""
    server.answers[OUR_NAME] = answering.nothing
    serving = tcpserver(background, tmp_path, server, "-HR", patience=SHORT)
    assert seen(serving, 1, "TCPLOCALHOST") == (None,)
    asked = list(server.asked)
    assert set(asked) == {OUR_NAME}
    assert [seen(serving, number, "TCPLOCALHOST") for number in range(2, 6)] == [(None,)] * 4
    assert server.asked == asked


def test_a_burst_asks_for_our_own_name_once_each_and_then_nobody(background, tmp_path, server):
    server.hold = burst = 8
    serving = tcpserver(background, tmp_path, server, "-vHR")
    clients = [serving.connect() for _ in range(burst)]
    for client in clients:
        with client:
            assert environment(tcpservers.read_all(client))["TCPLOCALHOST"] == "here.test"
    assert set(server.asked) == {OUR_NAME}
    asked = len(server.asked)
    assert seen(serving, 1, "TCPLOCALHOST") == ("here.test",)
    assert len(server.asked) == asked
    serving.lines(1 + 5 * (burst + 1))  # all have ended


@pytest.fixture
def peer():
    """A server that tcpclient can reach: the connection is made, and that is all."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def tcpclient(server, peer, *options, host="127.0.0.1", patience=PATIENCE):
    argv = [*command(server, "tcpclient", patience), *options, host, str(peer), SHOW]
    return processes.finish(argv)


@pytest.mark.parametrize("what", ["right", "odd", "nothing", "failure", "garbage", "more over TCP"])
def test_the_name_of_a_server(server, peer, what):
    server.answers[OUR_NAME], name = NAMES[what]
    done = tcpclient(server, peer, "-Rl0")
    expected = "" if what == "nothing" else name
    assert environment(done.stdout).get("TCPREMOTEHOST") == expected
    assert (done.code, done.stderr) == (0, b"")


@pytest.mark.parametrize("what", SILENCES)
def test_the_name_of_a_server_never_comes(server, peer, what):
    server.answers[OUR_NAME] = SILENCES[what]
    done = tcpclient(server, peer, "-R", patience=SHORT)
    found = environment(done.stdout)
    assert (found.get("TCPLOCALHOST"), found.get("TCPREMOTEHOST")) == (None, None)
    assert (found["TCPREMOTEIP"], done.code, done.stderr) == ("127.0.0.1", 0, b"")


def test_tcpclient_asks_everything_before_anything_is_answered(server, peer):
    server.user = b"1,2:USERID:UNIX:joe\n"
    server.answers["2.0.0.127.in-addr.arpa. PTR"] = answers.right("there.test.")
    server.hold = 3
    found = environment(tcpclient(server, peer, "-i", "127.0.0.2").stdout)
    names = ("TCPLOCALHOST", "TCPREMOTEHOST", "TCPREMOTEINFO")
    assert [found[name] for name in names] == ["there.test", "here.test", "joe"]
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("ipv4", "ipv6", "said"),
    [
        (answers.right("127.0.0.1"), answers.right(), b""),
        (answers.right("127.0.0.1"), answers.failing("SERVFAIL"), b""),
        (answers.truncated(answers.right("127.0.0.1")), answers.garbage, b""),
        (answers.aliases("a.test.", texts=("127.0.0.1",)), answers.loop, b""),
        (answers.right(), answers.right(), b"no IP address for host.test"),
        (answers.failing("NXDOMAIN"), answers.failing("NXDOMAIN"), b"no IP address for host.test"),
        (answers.failing("SERVFAIL"), answers.right(), b"temporary failure"),
        (answers.right(), answers.failing("SERVFAIL"), b"temporary failure"),
        (answers.garbage, answers.garbage, b"temporary failure"),
        (answers.loop, answers.right(), b"protocol error"),
    ],
)
def test_the_addresses_of_a_host(server, peer, ipv4, ipv6, said):
    server.answers["host.test. A"], server.answers["host.test. AAAA"] = ipv4, ipv6
    server.hold = 2
    done = tcpclient(server, peer, "-HRl0", host="host.test")
    if said in (b"temporary failure", b"protocol error"):
        said = b"temporarily unable to figure out IP address for host.test: " + said
    assert done.stderr == (b"tcpclient: fatal: " + said + b"\n" if said else b"")
    assert done.code == (111 if said else 0)
    assert sorted(server.events[:2]) == ["host.test. A", "host.test. AAAA"]


def test_the_addresses_of_a_host_never_come(server, peer):
    server.answers["host.test. A"] = server.answers["host.test. AAAA"] = answering.nothing
    done = tcpclient(server, peer, "-HRl0", host="host.test", patience=SHORT)
    reason = b"temporarily unable to figure out IP address for host.test: timed out\n"
    assert done == (111, b"", b"tcpclient: fatal: " + reason)


TEXT = answers.right('"spam"')
WELCOME, SPAM = b"welcome", b"451 spam"
TROUBLE = b"451 temporary RBL lookup error"
# What a list may say, and what its client hears then.
LISTS = {
    "right": (TEXT, SPAM),
    "odd": (answers.right('"\\000\\255\\010x"'), b"451 ???x"),
    "two strings": (answers.right('"sp" "am"'), SPAM),
    "an alias": (answers.aliases("a.test.", texts=('"spam"',)), SPAM),
    "more over TCP": (answers.truncated(TEXT), SPAM),
    "nothing the first time": (answers.second_time(TEXT), SPAM),
    "a forged number first": (answers.after(answers.wrong_number('"wrong"'), TEXT), SPAM),
    "a forged source first": (answers.after(answers.elsewhere('"wrong"'), TEXT), SPAM),
    "nothing": (answers.right(), WELCOME),
    "no such name": (answers.failing("NXDOMAIN"), WELCOME),
    "a text of another name": (answers.other_owner('"wrong"'), WELCOME),
    "failure": (answers.failing("SERVFAIL"), TROUBLE),
    "garbage": (answers.garbage, TROUBLE),
    "an answer to another question": (answers.wrong_question('"wrong"'), TROUBLE),
    "aliases in a circle": (answers.loop, TROUBLE),
    "garbage over TCP": (answers.truncated(answers.garbage), TROUBLE),
}


def rblsmtpd(server, *argv, patience=PATIENCE):
    """What a client hears; a list that cannot be asked speaks against it."""
    env = {**ENV, **DNS, "TCPREMOTEIP": "1.2.3.4"}
    words = [*command(server, "rblsmtpd", patience), "-t0", "-c", *argv, "/bin/echo", "welcome"]
    done = processes.finish(words, env=env)
    assert done.code == 0
    return done.stdout.strip()


@pytest.mark.parametrize("what", LISTS)
def test_lists(server, what):
    server.answers["4.3.2.1.list.test. TXT"], heard = LISTS[what]
    assert rblsmtpd(server, "-r", "list.test") == heard


@pytest.mark.parametrize("what", SILENCES)
def test_lists_that_say_nothing(server, what):
    server.answers["4.3.2.1.list.test. TXT"] = SILENCES[what]
    assert rblsmtpd(server, "-r", "list.test", patience=SHORT) == TROUBLE


def test_rblsmtpd_asks_all_lists_before_any_answers(server):
    server.hold = many = 30
    server.answers["4.3.2.1.list0.test. TXT"] = TEXT
    bases = [word for number in reversed(range(many)) for word in ("-r", f"list{number}.test")]
    assert rblsmtpd(server, *bases) == SPAM
    assert len(set(server.events[:many])) == many


def test_many_silent_lists_cost_one_bound(server):
    """None is asked after another has been given up: all questions are older than any end."""
    many = 20
    for number in range(many):
        server.answers[f"4.3.2.1.list{number}.test. TXT"] = answering.nothing
    bases = [word for number in range(many) for word in ("-r", f"list{number}.test")]
    assert rblsmtpd(server, *bases, "-B", patience=SHORT) == TROUBLE
    assert len(set(server.asked[:many])) == many
