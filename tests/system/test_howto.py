"""The classic how-to from end to end: its nine steps, then mail, rejections, and svc in the
middle of traffic.

Twice: in production form, word for word, as root in namespaces of its own (port 25,
/etc/tcpcontrol, the account qmaill), and as any user in a temporary directory.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support import mailclient, nameserver, namespaces, processes
from tests.support.patience import eventually
from tests.support.processes import finish, module

PRODUCTION_RUN = """#!/bin/sh
exec tcpserver -x /etc/tcpcontrol/smtp.cdb -v -u 504 -g 501 0 smtp recordio qmail-smtpd 2>&1
"""
PRODUCTION_LOG_RUN = """#!/bin/sh
exec setuidgid qmaill multilog t '-* * > *' '-* * < *' '+* * > 5*' '+* * > 4*' ./main
"""
USER_RUN = """#!/bin/sh
exec envdir ./env tcpserver -x {rules} -v 0 {port} recordio qmail-smtpd 2>&1
"""
USER_LOG_RUN = """#!/bin/sh
exec multilog t '-* * > *' '-* * < *' '+* * > 5*' '+* * > 4*' ./main
"""
RULES = """192.168.1.:allow,RELAYCLIENT=""
127.:allow,RELAYCLIENT=""
:allow
"""
NO_RELAY = "127.:allow\n::1:allow\n:deny\n"
LOCAL, ELSEWHERE = "somebody@ours.example", "somebody@elsewhere.example"
NORMAL_LINE = re.compile(rb"@[0-9a-f]{24} tcpserver: (status|pid|ok|end|deny)\b.*")
REJECTION = re.compile(rb"@[0-9a-f]{24} \d+ > [45]\d\d .*")


class HowTo:
    """A mail server set up as the how-to says, and what an operator does with it."""

    def __init__(self, place: Path, port: int, production: bool) -> None:
        self.port = port
        self.production = production
        self.service = place / "service" / "smtpd"
        self.scan = place / "scan"
        self.home = Path("/var/qmail") if production else place / "qmail"
        self.control_rules = Path("/etc/tcpcontrol") if production else place / "tcpcontrol"
        self.svscan: subprocess.Popen[bytes] | None = None

    def make(self) -> None:
        """Steps 1 to 8: directories, owners, rules, scripts."""
        for directory in (self.service, self.service / "log", self.scan, self.control_rules):
            directory.mkdir(parents=True)
        self.service.chmod(0o3755)
        (self.service / "log").chmod(0o3755)
        self.make_home()
        self.compile_rules(RULES)
        if self.production:
            Path("/etc/resolv.conf").write_text(nameserver.RESOLV_CONF)
            nameserver.start()
            self.make_accounts()
            main = self.service / "log" / "main"
            main.mkdir()
            shutil.chown(main, "qmaill")
            self.write_scripts(PRODUCTION_RUN, PRODUCTION_LOG_RUN)
        else:
            run = USER_RUN.format(rules=self.control_rules / "smtp.cdb", port=self.port)
            self.write_scripts(run, USER_LOG_RUN)
            (self.service / "env").mkdir()
            (self.service / "env" / "QMAILHOME").write_text(f"{self.home}\n")

    def make_home(self) -> None:
        (self.home / "control").mkdir(parents=True)
        (self.home / "control" / "me").write_text("ours.example\n")
        (self.home / "control" / "rcpthosts").write_text("ours.example\n")
        if self.production:
            shutil.chown(self.home, 504, 501)

    def make_accounts(self) -> None:
        with open("/etc/passwd", "a") as passwd:
            passwd.write("qmaild:x:504:501::/var/qmail:/bin/false\n")
            passwd.write("qmaill:x:505:501::/var/qmail:/bin/false\n")

    def write_scripts(self, run: str, log_run: str) -> None:
        for path, text in ((self.service / "run", run), (self.service / "log/run", log_run)):
            path.write_text(text)
            path.chmod(0o755)

    def compile_rules(self, rules: str) -> None:
        names = [str(self.control_rules / name) for name in ("smtp.cdb", "smtp.tmp")]
        assert finish(module("tcprules", *names), rules.encode()) == (0, b"", b"")

    def start(self) -> None:
        """svscan, and step 9: the link."""
        environment = {"PATH": processes.our_path()}
        argv = module("svscan", str(self.scan))
        self.svscan = subprocess.Popen(argv, env=environment, start_new_session=True)
        os.symlink(self.service, self.scan / "smtpd")
        eventually(lambda: b"tcpserver: status: 0/40\n" in self.log())

    def stop(self) -> None:
        assert self.svscan is not None
        self.svscan.terminate()
        assert self.svscan.wait() == 0

    def svc(self, option: str, *names: str) -> None:
        paths = [str(self.scan / name) for name in names]
        assert finish(module("svc", option, *paths)) == (0, b"", b"")

    def svstat(self, name: str) -> str:
        path = str(self.scan / name)
        return finish(module("svstat", path)).stdout.decode().removeprefix(f"{path}: ")

    def log(self) -> bytes:
        try:
            return (self.service / "log/main/current").read_bytes()
        except FileNotFoundError:
            return b""

    def whole_log(self) -> list[bytes]:
        main = self.service / "log/main"
        names = sorted(name for name in os.listdir(main) if name.startswith("@"))
        return lines(b"".join((main / name).read_bytes() for name in [*names, "current"]))

    def send(self, recipient: str, mark: str, host: str = "127.0.0.1") -> int:
        return mailclient.send(host, self.port, recipient, mark).code

    def mail(self) -> list[bytes]:
        return mailclient.delivered(self.home / "Maildir")


Story = Callable[[HowTo], None]


def at_production(place: Path) -> HowTo:
    return HowTo(place, 25, True)


def as_a_user(place: Path) -> HowTo:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return HowTo(place, port, False)


@pytest.fixture(params=["user", pytest.param("production", marks=pytest.mark.needs_root)])
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Story], None]:
    """Call a story with a server that runs; afterwards the server must stop cleanly."""

    def in_production(story: Story) -> None:
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        namespaces.in_namespaces(scratch, lambda: act(at_production(Path("/var/howto")), story))

    def as_user(story: Story) -> None:
        act(as_a_user(tmp_path), story)

    return in_production if request.param == "production" else as_user


def act(server: HowTo, story: Story) -> None:
    server.make()
    server.start()
    try:
        story(server)
    finally:
        server.stop()
    assert only_what_an_operator_should_read(server.whole_log()) == []


def lines(text: bytes) -> list[bytes]:
    """The lines of a log; the CR at the end of what was an SMTP reply is a byte like any other."""
    return text.split(b"\n")[:-1]


def only_what_an_operator_should_read(log: list[bytes]) -> list[bytes]:
    """The lines that should not be in the log."""
    return [line for line in log if not NORMAL_LINE.fullmatch(line) and not REJECTION.match(line)]


def rejections(log: list[bytes]) -> list[bytes]:
    return [line.split(b" > ")[1].split()[0] for line in log if REJECTION.match(line)]


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
        queue = server.home / "busy"
        queue.write_text("#!/bin/sh\nexit 71\n")
        queue.chmod(0o755)
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
