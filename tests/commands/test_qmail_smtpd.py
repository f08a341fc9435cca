from __future__ import annotations

import ast
import os
import random
import re
import shlex
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

import cdbx
import pytest

from supervise.machines.smtp import Session
from supervise.unix import interfaces
from tests.support.disks import small_disk
from tests.support.mail import DATE, Home, without_trace
from tests.support.mailclient import MESSAGE, Client
from tests.support.patience import PATIENCE, eventually
from tests.support.processes import children, finish, finish_in_fork, module, state

GREETED = b"220 me.example ESMTP\r\n"
OK = b"250 ok\r\n"
GO_AHEAD = b"354 go ahead\r\n"
CONTROLS = b"421 unable to read controls (#4.3.0)\r\n"
SENT = MESSAGE + b"hello\r\n.\r\nQUIT\r\n"
PASSED_ON = GREETED + OK + OK + GO_AHEAD


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


@pytest.fixture
def client(background, home):
    with Client(background, home.environment()) as client:
        yield client


def test_a_message_arrives_whole(run, home):
    env = home.environment(
        TCPREMOTEIP="1.2.3.4", TCPREMOTEHOST="h.example", TCPREMOTEINFO="joe", TCPLOCALIP="5.6.7.8"
    )
    stdin = b"HELO liar\r\nMAIL FROM:<s@x>\r\nRCPT TO:<r@y>\r\nRCPT TO:<t@y>\r\nDATA\r\n"
    stdin += b"Subject: x\r\n\r\n..dot\r\nnul \0 \xff\r\n.\r\nQUIT\r\n"
    done = run("qmail-smtpd", stdin=stdin, env=env)
    replied = re.fullmatch(
        GREETED + b"250 me.example\r\n" + OK * 3 + GO_AHEAD + rb"250 ok (\d+) qp (\d+)\r\n"
        rb"221 me.example\r\n",
        done.stdout,
    )
    assert replied
    assert (done.code, done.stderr) == (0, b"")
    (message,) = home.messages
    assert re.fullmatch(
        rb"Return-Path: <s@x>\nDelivered-To: r@y\nDelivered-To: t@y\n"
        rb"Received: \(qmail " + replied[2] + rb" invoked from network\); " + DATE + rb"\n"
        rb"Received: from h.example \(HELO liar\) \(joe@1.2.3.4\)\n"
        rb"  by 5.6.7.8 with SMTP; " + DATE + rb"\nSubject: x\n\n.dot\nnul \0 \xff\n",
        message,
    )
    assert f"P{replied[2].decode()}." in home.files("new")[0].name
    assert oct(home.files("new")[0].stat().st_mode) == "0o100600"


def test_the_local_host_comes_before_the_local_address(run, home):
    env = home.environment(TCPLOCALIP="5.6.7.8", TCPLOCALHOST="name.example")
    run("qmail-smtpd", stdin=SENT, env=env)
    assert b"  by name.example with SMTP" in home.messages[0]


@pytest.mark.parametrize(
    ("greeting", "first"),
    [
        (b"hi there \nsecond\n", b"220 hi there ESMTP\r\n"),
        (b"", b"220  ESMTP\r\n"),
        (b"#x", b"220 #x ESMTP\r\n"),
        (b"x" * 2000, b"220 " + b"x" * 2000 + b" ESMTP\r\n"),
        (None, GREETED),
    ],
)
def test_the_greeting(run, home, greeting, first):
    if greeting is not None:
        home.control(smtpgreeting=greeting)
    assert run("qmail-smtpd", stdin=b"", env=home.environment()) == (1, first, b"")


def test_arguments_are_not_looked_at(run, home):
    assert run("qmail-smtpd", "-x", "y", env=home.environment()) == (1, GREETED, b"")


def test_no_home(run, tmp_path):
    env = {"PATH": os.environ["PATH"], "QMAILHOME": str(tmp_path / "none")}
    assert run("qmail-smtpd", env=env) == (1, CONTROLS, b"")


def test_no_greeting(run, home):
    (home.path / "control/me").unlink()
    assert run("qmail-smtpd", env=home.environment()) == (1, CONTROLS, b"")
    home.control(smtpgreeting="g")
    assert run("qmail-smtpd", env=home.environment()) == (1, b"220 g ESMTP\r\n", b"")


@pytest.mark.parametrize(
    "name", ["me", "smtpgreeting", "localiphost", "timeoutsmtpd", "rcpthosts", "badmailfrom",
             "databytes"],
)  # fmt: skip
def test_a_control_file_that_cannot_be_read(run, home, name):
    (home.path / "control" / name).unlink(missing_ok=True)
    (home.path / "control" / name).mkdir()
    assert run("qmail-smtpd", env=home.environment()) == (1, CONTROLS, b"")


def test_rcpthosts_and_relayclient(run, home):
    home.control(rcpthosts="#comment\nok.example\n.sub.example\n")
    stdin = b"MAIL FROM:<s@x>\r\n" + b"".join(
        b"RCPT TO:<a@%s>\r\n" % host for host in (b"OK.example", b"x.sub.example", b"y")
    )
    refused = b"553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)\r\n"
    done = run("qmail-smtpd", stdin=stdin, env=home.environment())
    assert done == (1, GREETED + OK * 3 + refused, b"")
    stdin = b"MAIL FROM:<s@x>\r\nRCPT TO:<a@y>\r\nDATA\r\n.\r\n"
    run("qmail-smtpd", stdin=stdin, env=home.environment(RELAYCLIENT="@via"))
    run("qmail-smtpd", stdin=stdin, env=home.environment(RELAYCLIENT=""))
    found = sorted(without_trace(message)[0] for message in home.messages)
    assert found == [
        b"Return-Path: <s@x>\nDelivered-To: a@y\n",
        b"Return-Path: <s@x>\nDelivered-To: a@y@via\n",
    ]


def test_badmailfrom(run, home):
    home.control(badmailfrom="@bad.example\nspam@x\n")
    stdin = b"MAIL FROM:<a@BAD.example>\r\nRCPT TO:<a@y>\r\nMAIL FROM:<spam@x>\r\nRCPT TO:<a@y>\r\n"
    done = run("qmail-smtpd", stdin=stdin, env=home.environment(RELAYCLIENT=""))
    barred = b"553 sorry, your envelope sender is in my badmailfrom list (#5.7.1)\r\n"
    assert done == (1, GREETED + (OK + barred) * 2, b"")


def make_more_hosts(home: Home, *names: bytes) -> Path:
    path = home.path / "control/morercpthosts.cdb"
    with path.open("w+b") as file:
        maker = cdbx.CDB.make(file)
        for name in names:
            maker.add(name, b"")
        maker.commit()
    return path


def test_morercpthosts(run, home):
    make_more_hosts(home, b"more.example", b".subs.example")
    stdin = b"MAIL FROM:<s@x>\r\nRCPT TO:<a@MORE.example>\r\nRCPT TO:<a@x.subs.example>\r\n"
    stdin += b"RCPT TO:<a@x.more.example>\r\n"
    assert run("qmail-smtpd", stdin=stdin, env=home.environment()).stdout == GREETED + OK * 4
    home.control(rcpthosts="")
    refused = b"553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)\r\n"
    done = run("qmail-smtpd", stdin=stdin, env=home.environment())
    assert done.stdout == GREETED + OK * 3 + refused


@pytest.mark.parametrize("damage", [b"", b"short", b"\xff" * 2048])
def test_a_damaged_morercpthosts_ends_the_session_that_needs_it(run, home, damage):
    home.control(rcpthosts="ok.example")
    make_more_hosts(home).write_bytes(damage)
    stdin = b"MAIL FROM:<s@x>\r\nRCPT TO:<a@ok.example>\r\nRCPT TO:<a@y>\r\nNOOP\r\n"
    done = run("qmail-smtpd", stdin=stdin, env=home.environment())
    assert done == (1, GREETED + OK * 2 + CONTROLS, b"")


def test_local_addresses(run, home):
    home.control(localiphost="here.example", rcpthosts="here.example")
    stdin = b"MAIL FROM:<s@[0.0.0.0]>\r\nRCPT TO:<a@[127.0.0.1]>\r\nRCPT TO:<a@[192.0.2.1]>\r\n"
    done = run("qmail-smtpd", stdin=stdin + b"DATA\r\n.\r\n", env=home.environment())
    assert b"553 sorry, that domain" in done.stdout
    addresses = b"Return-Path: <s@here.example>\nDelivered-To: a@here.example\n"
    assert without_trace(home.messages[0])[0] == addresses


TOO_BIG = b"552 sorry, that message size exceeds my databytes limit (#5.3.4)\r\n"


@pytest.mark.parametrize(
    ("file", "variable", "accepted"),
    [
        ("6", None, True), ("5", None, False), ("0", None, True), ("x", None, True),
        ("5", "6", True), ("6", "5", False), ("5", "x", True), ("5", "", True), (None, "5", False),
        ("5 bytes", None, False),
    ],
)  # fmt: skip
def test_databytes(run, home, file, variable, accepted):
    if file is not None:
        home.control(databytes=file)
    more = {} if variable is None else {"DATABYTES": variable}
    done = run("qmail-smtpd", stdin=SENT, env=home.environment(**more))
    assert done.stdout.startswith(PASSED_ON)
    assert (TOO_BIG in done.stdout) is not accepted
    assert len(home.messages) == accepted


def test_a_hundred_hops(run, home):
    for hops, accepted in [(99, True), (100, False)]:
        stdin = MESSAGE + b"Received: x\r\n" * hops + b"\r\n.\r\nQUIT\r\n"
        done = run("qmail-smtpd", stdin=stdin, env=home.environment())
        looping = b"554 too many hops, this message is looping (#5.4.6)\r\n" in done.stdout
        assert looping is not accepted
    assert len(home.messages) == 1


@pytest.mark.parametrize(
    ("stdin", "replied"),
    [
        (b"", b""),
        (b"NOOP", b""),
        (b"NOOP\n", OK),
        (b"HELO \0\xff\r\n", b"250 me.example\r\n"),
        (MESSAGE, OK + OK + GO_AHEAD),
        (MESSAGE + b"half a mess", OK + OK + GO_AHEAD),
        (MESSAGE + b"whole\r\n", OK + OK + GO_AHEAD),
        (MESSAGE + b"bare\n.\r\nQUIT\r\n", OK + OK + GO_AHEAD
         + b"451 See https://cr.yp.to/docs/smtplf.html.\r\n"),
    ],
)  # fmt: skip
def test_sessions_without_quit_end_with_1_and_store_nothing(run, home, stdin, replied):
    assert run("qmail-smtpd", stdin=stdin, env=home.environment()) == (1, GREETED + replied, b"")
    assert home.messages == []


def last_reply(done) -> bytes:
    """The reply to the message in a session that then quits."""
    assert done.stdout.startswith(PASSED_ON)
    assert done.stdout.endswith(b"221 me.example\r\n")
    assert (done.code, done.stderr) == (0, b"")
    return done.stdout.removeprefix(PASSED_ON).removesuffix(b"221 me.example\r\n")


@pytest.mark.parametrize(
    ("script", "reply"),
    [
        ("exit 11", b"554 envelope address too long for qq (#5.1.3)"),
        ("exit 31", b"554 mail server permanently rejected message (#5.3.0)"),
        ("exit 40", b"554 qq permanent problem (#5.3.0)"),
        ("cat >/dev/null; exit 53", b"451 qq write error or disk full (#4.3.0)"),
        ("exit 54", b"451 qq read error (#4.3.0)"),
        ("exit 71", b"451 mail server temporarily rejected message (#4.3.0)"),
        ("exit 111", b"451 qq temporary problem (#4.3.0)"),
        ("exit 120", b"451 unable to exec qq (#4.3.0)"),
        ("kill -9 $$", b"451 qq crashed (#4.3.0)"),
        ("printf 'Dnot you (#5.7.1)' >&6; exit 82", b"554 not you (#5.7.1)"),
        ("printf 'Znot now' >&6; exit 82", b"451 not now"),
        ("cat <&0 >/dev/null; cat <&1 >/dev/null; printf Dlate >&6; exit 82", b"554 late"),
        ("printf Zx >&6; exit 82", b"451 qq temporary problem (#4.3.0)"),
        ("exit 82", b"451 qq temporary problem (#4.3.0)"),
        ("printf Dignored >&6; exit 31", b"554 mail server permanently rejected message (#5.3.0)"),
        ("head -c 100000 /dev/zero | tr '\\0' D >&6; exit 82", b"554 " + b"D" * 254),
    ],
)
def test_a_queue_program_that_refuses(run, home, script, reply):
    home.script("bin/qmail-queue", script + "\n")
    done = run("qmail-smtpd", stdin=SENT, env=home.environment())
    assert last_reply(done) == reply + b"\r\n"


CATCH = """
import os
with open("where", "w") as where:
    where.write(os.getcwd())
for name, number in [("message", 0), ("envelope", 1)]:
    with open(name, "wb") as file, open(number, "rb", closefd=False) as stream:
        file.write(stream.read())
folder = "/proc/self/fd/"
names = [name for name in os.listdir(folder) if os.path.lexists(folder + name)]
links = {name: os.readlink(folder + name) for name in names}
with open("descriptors", "w") as descriptors:
    descriptors.write(repr(links))
"""


def test_what_a_queue_program_is_given(run, home):
    home.script("catch", f"exec {shlex.quote(sys.executable)} -ISc {shlex.quote(CATCH)}\n")
    done = run("qmail-smtpd", stdin=SENT, env=home.environment(QMAILQUEUE="catch"))
    assert re.fullmatch(rb"250 ok \d+ qp \d+\r\n", last_reply(done))
    assert (home.path / "where").read_text() == str(home.path)
    assert (home.path / "envelope").read_bytes() == b"Fs@x\0Tr@y\0\0"
    assert (home.path / "message").read_bytes().endswith(b"-0000\nhello\n")
    links = ast.literal_eval((home.path / "descriptors").read_text())
    pipes = {links[number] for number in ("0", "1", "6")}
    assert len(pipes) == 3
    assert all(link.startswith("pipe:") for link in pipes)
    assert {number for number, link in links.items() if link in pipes} == {"0", "1", "6"}
    assert home.messages == []


def test_the_queue_program_in_the_environment_comes_first(run, home):
    home.script("bin/qmail-queue", "exit 31\n")
    home.script("other", "exit 71\n")
    done = run("qmail-smtpd", stdin=SENT, env=home.environment(QMAILQUEUE="./other"))
    assert last_reply(done).startswith(b"451 mail server temporarily rejected")


@pytest.mark.parametrize("name", ["", "true", "no/such", "/", "control/me"])
def test_a_queue_program_that_cannot_be_run(run, home, name):
    done = run("qmail-smtpd", stdin=SENT, env=home.environment(QMAILQUEUE=name))
    assert last_reply(done) == b"451 unable to exec qq (#4.3.0)\r\n"
    assert home.messages == []


@pytest.mark.parametrize(("code", "reply"), [(0, b"451 qq read error (#4.3.0)"),
                                             (31, b"554 mail server permanently rejected message"
                                                  b" (#5.3.0)")])  # fmt: skip
def test_a_queue_program_that_does_not_take_the_message(run, home, code, reply):
    home.script("bin/qmail-queue", f"exit {code}\n")
    stdin = MESSAGE + b"x" * 1_000_000 + b"\r\n.\r\nQUIT\r\n"
    done = run("qmail-smtpd", stdin=stdin, env=home.environment())
    assert last_reply(done) == reply + b"\r\n"


def test_a_refused_message_withholds_the_envelope(run, home):
    home.control(databytes="3")
    home.script("bin/qmail-queue", "cat >/dev/null; cat <&1 >envelope; exit 0\n")
    done = run("qmail-smtpd", stdin=SENT, env=home.environment())
    assert last_reply(done) == TOO_BIG
    assert (home.path / "envelope").read_bytes() == b""


def test_a_queue_program_that_leaves_somebody_behind_does_not_stall(run, home):
    home.script(
        "bin/qmail-queue", "sleep 600 2>/dev/null & echo $! >pid; printf Dgone >&6; exit 82\n"
    )
    done = run("qmail-smtpd", stdin=SENT, env=home.environment())
    pid = int((home.path / "pid").read_text())
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: state(pid) in ("Z", "gone"))
    assert last_reply(done) == b"554 gone\r\n"


def test_sigchld_may_have_been_ignored(home):
    ignoring = "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); "
    command = [sys.executable, "-c", ignoring + "os.execv(sys.argv[1], sys.argv[1:])"]
    done = finish(command + module("qmail-smtpd"), SENT, env=home.environment())
    assert re.fullmatch(rb"250 ok \d+ qp \d+\r\n", last_reply(done))
    assert len(home.messages) == 1


def test_sigpipe_is_as_usual_in_the_queue_program(run, home):
    home.script("bin/qmail-queue", "grep SigIgn /proc/self/status >ignored; exit 31\n")
    run("qmail-smtpd", stdin=SENT, env=home.environment())
    ignored = int((home.path / "ignored").read_text().split()[1], 16)
    assert not ignored & (1 << (signal.SIGPIPE - 1))


def test_no_home_for_the_queue_s_files(run, home):
    (home.path / "Maildir").write_text("a file")
    done = run("qmail-smtpd", stdin=SENT, env=home.environment())
    assert last_reply(done) == b"451 qq trouble creating files in queue (#4.3.0)\r\n"


def test_an_address_that_is_too_long_for_the_queue(run, home):
    stdin = b"MAIL FROM:<s@x>\r\nRCPT TO:<" + b"a" * 890 + b">\r\nDATA\r\n.\r\nQUIT\r\n"
    done = run("qmail-smtpd", stdin=stdin, env=home.environment(RELAYCLIENT="@" + "b" * 150))
    assert last_reply(done) == b"554 envelope address too long for qq (#5.1.3)\r\n"
    assert home.messages == []


def test_many_messages_in_one_session(run, home):
    done = run("qmail-smtpd", stdin=SENT.replace(b"QUIT\r\n", b"") * 20, env=home.environment())
    assert len(re.findall(rb"250 ok \d+ qp \d+\r\n", done.stdout)) == 20
    assert [without_trace(message)[1] for message in home.messages] == [b"hello\n"] * 20


def test_a_conversation_with_smtplib(client, home):
    smtp = client.smtplib()
    assert smtp.ehlo("liar")[0] == 250
    assert smtp.has_extn("8bitmime")
    body = b"Subject: hi\r\n\r\n.a line\r\n..\r\n.\r\n" + b"x" * 1_000_000 + b"\r\n\0\r\n"
    assert smtp.sendmail("s@x", ["a@y", "b@y"], body) == {}
    assert smtp.vrfy("anybody")[0] == 252
    smtp.quit()
    assert client.code() == 0
    addresses, received = without_trace(home.messages[0])
    assert addresses == b"Return-Path: <s@x>\nDelivered-To: a@y\nDelivered-To: b@y\n"
    assert received == body.replace(b"\r\n", b"\n")


def test_a_large_message_in_a_small_memory(background, home):
    with Client(background, home.environment()) as client:
        client.say(MESSAGE)
        assert client.lines(4)[-1] == GO_AHEAD
        before = peak(client.process.pid)
        block = b"y" * 998 + b"\r\n..\r\n"
        for _ in range(500):
            client.say(block * 40)
        client.say(b".\r\n")
        assert client.line().startswith(b"250 ok ")
        assert peak(client.process.pid) - before < 4096
        client.say(b"QUIT\r\n")
        assert client.code() == 0
    assert home.files("new")[0].stat().st_size > 500 * 40 * 1000


def peak(pid: int) -> int:
    """The most memory that a process ever had, in kB."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


def test_replies_to_a_pipelined_group_come_together(client):
    assert client.line() == GREETED
    client.say(b"MAIL FROM:<s@x>\r\nRCPT TO:<a@y>\r\nRCPT TO:<b@y>\r\nDATA\r\n")
    assert client.socket.recv(4096) == OK * 3 + GO_AHEAD
    client.say(b".\r\nMAIL FROM:<s@x>\r\nRSET\r\nNOOP\r\nQUIT\r\n")
    assert re.fullmatch(
        rb"250 ok \d+ qp \d+\r\n250 ok\r\n250 flushed\r\n250 ok\r\n221 me.example\r\n",
        client.rest(),
    )
    assert client.code() == 0


def test_a_line_without_end_is_refused_in_a_small_memory(client):
    client.line()
    before = peak(client.process.pid)
    for _ in range(200):
        client.say(b"x" * 65536)
    client.say(b"\r\nNOOP\r\n")
    assert client.lines(2) == [b"500 line too long (#5.5.2)\r\n", OK]
    assert peak(client.process.pid) - before < 4096
    client.say(b"QUIT\r\n")
    assert client.code() == 0


@pytest.mark.parametrize("said", [b"", b"NOOP\r\n", MESSAGE, MESSAGE + b"half"])
def test_a_client_that_hangs_up(client, home, said):
    client.line()
    client.say(said)
    client.socket.close()
    assert client.code() == 1
    assert home.messages == []


def test_a_client_that_resets_the_connection(background, home):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
        with theirs:
            process = background.start(
                module("qmail-smtpd"), stdin=theirs, stdout=theirs, stderr=subprocess.PIPE,
                env=home.environment(),
            )  # fmt: skip
        client.recv(100)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        assert process.communicate(timeout=PATIENCE) == (None, b"")
        assert process.returncode == 1


@pytest.mark.parametrize(
    ("limit", "said"), [("1", b""), ("0", MESSAGE), ("1 s", MESSAGE + b"half")]
)
def test_a_silent_client(background, home, limit, said):
    home.control(timeoutsmtpd=limit)
    with Client(background, home.environment()) as client:
        client.say(said)
        assert client.rest().endswith(b"451 timeout (#4.4.2)\r\n")
        assert client.code() == 1
    assert home.messages == []


def test_a_client_that_does_not_take_its_replies(background, home):
    home.control(timeoutsmtpd="1")
    with Client(background, home.environment()) as client:
        client.socket.setblocking(False)
        try:
            while True:
                client.socket.send(b"HELP\r\n" * 1000)
        except BlockingIOError:
            pass
        assert client.code() == 1


def test_a_session_that_is_killed_stores_nothing(client, home):
    client.say(MESSAGE + b"half\r\n")
    assert client.lines(4)[-1] == GO_AHEAD
    (queue,) = eventually(lambda: children(client.process.pid))
    client.process.kill()
    client.process.wait(PATIENCE)
    eventually(lambda: state(queue) in ("Z", "gone"))
    assert home.messages == []


def test_a_queue_that_is_told_to_stop(client, home):
    client.say(MESSAGE + b"half\r\n")
    assert client.lines(4)[-1] == GO_AHEAD
    (queue,) = eventually(lambda: children(client.process.pid))
    eventually(lambda: home.maildir.exists() and home.files("cur") == [] and caught(queue))
    os.kill(queue, signal.SIGTERM)
    eventually(lambda: state(queue) == "Z")
    client.say(b"rest\r\n.\r\n")
    assert client.line() == b"451 mail server temporarily rejected message (#4.3.0)\r\n"
    assert home.messages == []
    client.say(b"QUIT\r\n")
    assert client.code() == 0


def caught(pid: int) -> bool:
    """Whether a process catches TERM."""
    found = re.search(r"SigCgt:\s+(\w+)", Path(f"/proc/{pid}/status").read_text())
    return bool(int(found[1], 16) & (1 << (signal.SIGTERM - 1)))


def test_our_own_queue_does_not_keep_the_connection(client):
    client.say(MESSAGE)
    client.lines(4)
    (queue,) = eventually(lambda: children(client.process.pid))
    eventually(lambda: not any("socket:" in link for link in links_of(queue)))
    assert any("socket:" in link for link in links_of(client.process.pid))
    client.say(b".\r\nQUIT\r\n")
    assert client.code() == 0


def links_of(pid: int) -> list[str]:
    return [os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir()]


def test_a_foreign_queue_does_not_keep_the_connection(background, home):
    home.script("bin/qmail-queue", "echo here >ready; exec sleep 600 2>/dev/null\n")
    with Client(background, home.environment()) as client:
        client.say(MESSAGE)
        client.lines(4)
        eventually((home.path / "ready").exists)
        (queue,) = children(client.process.pid)
        client.process.kill()
        assert client.rest() == b""
        assert state(queue) not in ("Z", "gone")
        os.kill(queue, signal.SIGKILL)
        eventually(lambda: state(queue) in ("Z", "gone"))


@pytest.mark.parametrize("number", [0, 1])
def test_descriptors_that_are_not_open(home, number):
    home.control(rcpthosts="")
    make_more_hosts(home, b"NOOP\r\n" * 100)
    command = ["/bin/sh", "-c", f'exec {number}<&- "$@"', "sh", *module("qmail-smtpd")]
    done = subprocess.run(command, capture_output=True, env=home.environment(), check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")


@pytest.mark.needs_root
def test_a_full_disk(background, home):
    home.maildir.mkdir()
    with small_disk(home.maildir, "size=200k"):
        with Client(background, home.environment()) as client:
            client.say(MESSAGE + b"small\r\n.\r\n")
            assert client.lines(5)[-1].startswith(b"250 ok ")
            for size in (150_000, 1_000_000):
                client.say(MESSAGE + b"z" * size + b"\r\n.\r\n")
                said = client.lines(4)[-1]
                assert said == b"451 qq write error or disk full (#4.3.0)\r\n"
            client.say(MESSAGE + b"small\r\n.\r\nQUIT\r\n")
            assert client.lines(4)[-1].startswith(b"250 ok ")
            assert client.code() == 0
        assert [without_trace(message)[1] for message in home.messages] == [b"small\n"] * 2


def test_a_time_limit_beyond_all_measure(run, home):
    home.control(timeoutsmtpd="9" * 30)
    done = run("qmail-smtpd", stdin=b"QUIT\r\n", env=home.environment())
    assert done == (0, GREETED + b"221 me.example\r\n", b"")


PIECES = [
    MESSAGE, b".\r\n", b"\r\n.\r\n", b"RSET\r\n", b"\0", b"\r", b"EHLO ", b"x" * 70_000, b"\n", b"<"
]  # fmt: skip


@pytest.mark.parametrize("seed", range(10))
def test_rubbish_ends_in_one_of_the_two_ways(home, tmp_path, seed):
    chance = random.Random(seed)
    said = b"".join(
        chance.choice([*PIECES, chance.randbytes(chance.randrange(200))]) for _ in range(100)
    )
    done = finish_in_fork("qmail-smtpd", [], said, tmp_path, None, home.environment())
    assert (done.code, done.stderr) == (1, b"")
    assert done.stdout.startswith(GREETED)
    assert done.stdout.count(b" qp ") == len(home.messages)
    assert re.fullmatch(rb"([2345]\d\d[ -][^\r\n]*\r\n)+", done.stdout)


def test_addresses_that_cannot_be_found_out(home, tmp_path, monkeypatch):
    def refuse() -> frozenset[bytes]:
        raise OSError(24, "socket")

    monkeypatch.setattr(interfaces, "addresses", refuse)
    env = home.environment()
    done = finish_in_fork("qmail-smtpd", [], b"QUIT\r\n", tmp_path, None, env)
    assert done == (1, b"421 unable to figure out my IP addresses (#4.3.0)\r\n", b"")
    (home.path / "control/me").rename(home.path / "control/smtpgreeting")
    done = finish_in_fork("qmail-smtpd", [], b"QUIT\r\n", tmp_path, None, env)
    assert done == (0, GREETED + b"221 me.example\r\n", b"")


def test_memory_that_ends(home, tmp_path, monkeypatch):
    def refuse(session: Session, chunk: bytes) -> None:
        raise MemoryError

    monkeypatch.setattr(Session, "received", refuse)
    done = finish_in_fork("qmail-smtpd", [], b"QUIT\r\n", tmp_path, None, home.environment())
    assert done == (1, GREETED + b"421 out of memory (#4.3.0)\r\n", b"")


@pytest.mark.parametrize("place", ["bin", "bin/qmail-queue"])
def test_a_queue_program_that_is_none(run, home, place):
    (home.path / place).parent.mkdir(exist_ok=True)
    (home.path / place).write_text("no program")
    done = run("qmail-smtpd", stdin=SENT, env=home.environment())
    assert last_reply(done) == b"451 unable to exec qq (#4.3.0)\r\n"


def test_morercpthosts_is_not_looked_at_without_rcpthosts(run, home):
    (home.path / "control/morercpthosts.cdb").symlink_to("morercpthosts.cdb")
    stdin = b"MAIL FROM:<s@x>\r\nRCPT TO:<a@y>\r\nQUIT\r\n"
    done = run("qmail-smtpd", stdin=stdin, env=home.environment())
    assert done == (0, GREETED + OK * 2 + b"221 me.example\r\n", b"")
    home.control(rcpthosts="")
    assert run("qmail-smtpd", stdin=stdin, env=home.environment()) == (1, CONTROLS, b"")


def test_nothing_is_imported_for_a_message(home):
    """The user that we run as may not be allowed to read our files."""
    code = (
        "import os, sys\n"
        "from supervise.commands import qmail_smtpd\n"
        "known = set(sys.modules)\n"
        "sys.addaudithook(lambda event, what: event == 'import' and os._exit(9))\n"
        "os._exit(qmail_smtpd.main([]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=SENT, capture_output=True, env=home.environment(),
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(home.messages) == 1
