"""Servers for the length of a test: tcpserver, ours or the original, and what it logs."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import cdbx

from tests.support import processes
from tests.support.patience import PATIENCE, eventually
from tests.support.processes import Background

THEIRS = ["/usr/bin/tcpserver"]
OURS = processes.module("tcpserver")
ENV = {"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2])}

# The ports of DNS and ident need root; this moves them.
MOVED = """
import os, sys
from supervise import program
from supervise.drivers import identity, lookups, nameservers
from supervise.unix import signals
nameservers.PORT, identity.PORT = int(sys.argv[1]), int(sys.argv[2])
lookups.PATIENCE = lookups.Settings.patience = {lifetime}
signals.reset()
os._exit(program.run(sys.argv[3], sys.argv[4:]))
"""


def moved(
    dns: int = 0, ident: int = 0, lifetime: float = PATIENCE, name: str = "tcpserver"
) -> list[str]:
    """The command of a program that finds DNS and ident servers at these ports."""
    return [sys.executable, "-c", MOVED.format(lifetime=lifetime), str(dns), str(ident), name]


class Server(NamedTuple):
    process: subprocess.Popen[bytes]
    port: int
    path: Path
    ip: str

    def connect(self, ip: str | None = None, source: str | None = None) -> socket.socket:
        """A client; its address may be chosen."""
        client = socket.create_connection(
            (ip or self.ip, self.port), PATIENCE, (source, 0) if source else None
        )
        return client

    def talk(self, **options: Any) -> bytes:
        """Be a client that says nothing, and read to the end."""
        with self.connect(**options) as client:
            return read_all(client)

    def log(self) -> bytes:
        return self.path.read_bytes()

    def lines(self, number: int) -> list[str]:
        """The log, once there are that many lines; numbers of processes and ports are words."""
        eventually(lambda: self.log().count(b"\n") >= number, f"{number} lines")
        return plain(self.log().decode("latin1"), self.port)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


def read_all(client: socket.socket) -> bytes:
    answer = b""
    while block := client.recv(65536):
        answer += block
    return answer


def plain(log: str, port: int) -> list[str]:
    """A log without what differs from one run to the next."""
    log = log.replace(f":{port} ", ":PORT ")
    log = re.sub(r"(tcpserver: (?:pid|ok|deny|end)) [0-9]+", r"\1 PID", log)
    return [re.sub(r"^(tcpserver: (?:ok|deny) .*:)[0-9]+(?=$| )", r"\1RPORT", line)
            for line in log.splitlines()]  # fmt: skip


def start(
    background: Background,
    folder: Path,
    *argv: str,
    command: list[str] = OURS,
    host: str = "127.0.0.1",
    env: dict[str, str] | None = None,
    **options: Any,
) -> Server:
    """Start a server; argv is its options and, after «--», the program."""
    at = argv.index("--")
    path = folder / f"log{len(background.started)}"
    with path.open("wb") as log:
        process = background.start(
            [*command, "-1", *argv[:at], host, "0", *argv[at + 1 :]],
            stdout=subprocess.PIPE, stderr=log, env={**ENV, **(env or {})}, **options,
        )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, path.read_text()
    at_host = {"0": "127.0.0.1", "": "127.0.0.1"}.get(host, host)
    return Server(process, int(line), path, at_host)


def write_rules(folder: Path, rules: dict[bytes, bytes], name: str = "rules.cdb") -> str:
    """A database of packed rules, under their keys."""
    path = folder / name
    with path.open("w+b") as stream:
        maker = cdbx.CDB.make(stream)
        for key, packed in rules.items():
            maker.add(key, packed)
        maker.commit().close()
    return str(path)


class NameServer(NamedTuple):
    process: subprocess.Popen[bytes]
    port: int

    def questions(self) -> list[list[bytes]]:
        """Ends the server; what it was asked: port, id, name and type."""
        self.process.terminate()
        assert self.process.stdout is not None
        return [line.split() for line in self.process.stdout]


def start_names(
    background: Background, table: dict[str, list[str]], ip: str = "127.0.0.1", port: int = 0
) -> NameServer:
    script = str(Path(__file__).with_name("zoneserver.py"))
    process = background.start(
        [sys.executable, script, ip, str(port), json.dumps(table)], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    return NameServer(process, int(process.stdout.readline()))


IDENT = """
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
listening = socket.create_server((sys.argv[1], int(sys.argv[2])), family=family)
print(listening.getsockname()[1], flush=True)
while True:
    connection, client = listening.accept()
    with connection:
        question = connection.recv(1000)
        print(client[0], question, flush=True)
        connection.sendall(eval(sys.argv[3]))
        if sys.argv[4] == "wait":
            connection.recv(1000)
"""


def start_ident(
    background: Background, answer: bytes, wait: bool = False, ip: str = "127.0.0.1", port: int = 0
) -> NameServer:
    """An ident server that always answers the same, and may then keep the line open."""
    process = background.start(
        [sys.executable, "-c", IDENT, ip, str(port), repr(answer), "wait" if wait else "close"],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    return NameServer(process, int(process.stdout.readline()))


def environment(text: bytes) -> dict[str, str]:
    """What env prints."""
    return dict(line.split("=", 1) for line in text.decode("latin1").splitlines())


def ticks(pid: int) -> int:
    """The processor time that a process has used, in hundredths of a second."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def descriptors(pid: int) -> list[str]:
    return sorted(os.listdir(f"/proc/{pid}/fd"), key=int)
