"""The classic how-to's mail server: its nine steps, and what an operator does with it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

from tests.support import mailclient, nameserver, processes
from tests.support.mail import Home, without_trace
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
# recordio cuts what a client is told at 256 bytes, and a cut «250» begins with a 5.
TOLD = re.compile(rb"@[0-9a-f]{24} \d+ > [45].*")


class HowTo:
    """A mail server set up as the how-to says, and what an operator does with it."""

    def __init__(self, place: Path, port: int, production: bool) -> None:
        self.port = port
        self.production = production
        self.service = place / "service" / "smtpd"
        self.scan = place / "scan"
        home = Path("/var/qmail") if production else place / "qmail"
        self.home = Home(home, me="ours.example\n", rcpthosts="ours.example\n")
        self.control_rules = Path("/etc/tcpcontrol") if production else place / "tcpcontrol"
        self.output = place / "output"  # of svscan, and of what has no log
        self.svscan: subprocess.Popen[bytes] | None = None

    def make(self) -> None:
        """Steps 1 to 8: directories, owners, rules, scripts."""
        for directory in (self.service, self.service / "log", self.scan, self.control_rules):
            directory.mkdir(parents=True)
        self.service.chmod(0o3755)
        (self.service / "log").chmod(0o3755)
        self.compile_rules(RULES)
        if self.production:
            Path("/etc/resolv.conf").write_text(nameserver.RESOLV_CONF)
            nameserver.start()
            self.make_accounts()
            shutil.chown(self.home.path, 504, 501)
            main = self.service / "log" / "main"
            main.mkdir()
            shutil.chown(main, "qmaill")
            self.write_scripts(PRODUCTION_RUN, PRODUCTION_LOG_RUN)
        else:
            run = USER_RUN.format(rules=self.control_rules / "smtp.cdb", port=self.port)
            self.write_scripts(run, USER_LOG_RUN)
            (self.service / "env").mkdir()
            (self.service / "env" / "QMAILHOME").write_text(f"{self.home.path}\n")

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
        with self.output.open("wb") as output:
            self.svscan = subprocess.Popen(
                argv, stderr=output, env=environment, start_new_session=True
            )
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
        return read(self.service / "log/main/current")

    def whole_log(self) -> list[bytes]:
        """The lines of all its files, but what is given another name this very moment."""
        main = self.service / "log/main"
        names = sorted(name for name in os.listdir(main) if name.startswith("@"))
        return lines(b"".join(read(main / name) for name in [*names, "current"]))

    def send(self, recipient: str, mark: str, host: str = "127.0.0.1") -> int:
        return mailclient.send(host, self.port, recipient, mark).code

    def mail(self) -> list[bytes]:
        """What readers find in the Maildir."""
        return [path.read_bytes() for path in self.home.files("new")]


def at_production() -> HowTo:
    """To be called in namespaces of our own."""
    return HowTo(Path("/var/howto"), 25, True)


def as_a_user(place: Path) -> HowTo:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return HowTo(place, port, False)


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def lines(text: bytes) -> list[bytes]:
    """The lines of a log; the CR at the end of what was an SMTP reply is a byte like any other."""
    return text.split(b"\n")[:-1]


def only_what_an_operator_should_read(log: list[bytes]) -> list[bytes]:
    """The lines that should not be in the log."""
    return [line for line in log if not NORMAL_LINE.fullmatch(line) and not REJECTION.match(line)]


def rejections(log: list[bytes]) -> list[bytes]:
    return [line.split(b" > ")[1].split()[0] for line in log if REJECTION.match(line)]


def is_well(server: HowTo, *allowed: bytes) -> None:
    """What has to be true after every attack; the log may have more lines that match these."""
    outcome = mailclient.send("127.0.0.1", server.port, LOCAL, "well")
    assert outcome.code == 250
    gone = rb" ok (\d+) [^\n]*:%d\n(?s:.*) end \1 (?s:.*)status: 0/40\n\Z" % outcome.port
    eventually(lambda: re.search(gone, server.log()), "everybody left")
    assert server.home.files("tmp") == []
    bodies = [without_trace(message)[1] for message in server.mail()]
    assert all(re.search(rb"^end of \S+\n\Z", body, re.M) for body in bodies)
    noise = [
        line
        for line in only_what_an_operator_should_read(server.whole_log())
        if not TOLD.match(line) and not any(re.search(text, line) for text in allowed)
    ]
    assert noise == []
