"""scripts/run as a newcomer types it, at a terminal."""

from __future__ import annotations

import os
import re
import shutil
import signal
import smtplib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tests.support.disks import small_disk
from tests.support.patience import PATIENCE, eventually
from tests.support.processes import children, finish

CHECKOUT = Path(__file__).parents[2]
RUN = str(CHECKOUT / "scripts" / "run")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def at_terminal(argv: list[str], **options: Any) -> pexpect.spawn:
    """Run a command as somebody does who sits there: Ctrl-C counts, whatever becomes of ours."""

    def attend() -> None:
        for number in (signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, signal.SIG_DFL)

    return pexpect.spawn(argv[0], argv[1:], timeout=PATIENCE, preexec_fn=attend, **options)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[pexpect.spawn]:
    """scripts/run on a free port, at a terminal of its own."""
    port = free_port()
    environment = {"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path), "HOME": str(tmp_path)}
    session = at_terminal([RUN, str(port)], env=environment, encoding="utf-8")
    session.port = port
    yield session
    session.close(force=True)


def send(port: int) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.sendmail("me@localhost", ["you@localhost"], "Subject: hello\r\n\r\nhello\r\n")
    except ConnectionRefusedError:
        return False
    return True


def connect(port: int) -> socket.socket | None:
    try:
        return socket.create_connection(("127.0.0.1", port))
    except ConnectionRefusedError:
        return None


def test_mail_is_accepted_and_ctrl_c_stops_everything(terminal):
    terminal.expect(r"Read the log: (\S+) \(mail is in (\S+)\)")
    log, new = Path(terminal.match[1]), Path(terminal.match[2])
    terminal.expect("Ctrl-C")
    eventually(lambda: send(terminal.port))
    (message,) = [path.read_bytes() for path in new.iterdir()]
    assert message.endswith(b"Subject: hello\n\nhello\n")
    terminal.sendcontrol("c")
    terminal.expect(pexpect.EOF)
    assert terminal.wait() == 0
    assert b"tcpserver: status: 1/40\n" in log.read_bytes()
    assert log.stat().st_mode & 0o100, "multilog closed its log cleanly"
    assert children() == []


def test_ctrl_c_ends_a_session_that_is_open(terminal):
    terminal.expect("Ctrl-C")
    client = eventually(lambda: connect(terminal.port))
    assert client.recv(100).startswith(b"220 ")
    terminal.sendcontrol("c")
    terminal.expect(pexpect.EOF)
    assert terminal.wait() == 0
    assert client.recv(100) == b""
    client.close()
    assert children() == []


def test_an_impatient_user(terminal):
    """A second Ctrl-C, or more, does not wait for anything, and leaves nobody behind."""
    terminal.expect("Ctrl-C")
    client = eventually(lambda: connect(terminal.port))
    for _ in range(5):
        terminal.sendcontrol("c")
    terminal.expect(pexpect.EOF)
    assert terminal.wait() == 0
    client.close()
    eventually(lambda: children() == [])


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signals_stop_everything(terminal, number):
    terminal.expect("Ctrl-C")
    eventually(lambda: send(terminal.port))
    os.kill(terminal.pid, number)
    terminal.expect(pexpect.EOF)
    assert terminal.wait() == 0
    assert children() == []


def test_ctrl_backslash_is_ctrl_c(terminal):
    terminal.expect("Ctrl-C")
    eventually(lambda: send(terminal.port))
    terminal.sendcontrol("\\")
    terminal.expect(pexpect.EOF)
    assert terminal.wait() == 0
    assert children() == []


def test_a_terminal_that_is_closed_stops_everything(terminal):
    terminal.expect(r"Read the log: (\S+) ")
    log = Path(terminal.match[1])
    eventually(lambda: send(terminal.port))
    terminal.ptyproc.fileobj.close()
    terminal.closed = True
    assert terminal.wait() == 0
    assert log.stat().st_mode & 0o100, "multilog closed its log cleanly"
    assert children() == []


def copy_of_checkout(place: Path) -> Path:
    """What scripts/run needs of a checkout; its .venv is ours."""
    for name in ("scripts", "services"):
        shutil.copytree(CHECKOUT / name, place / name)
    shutil.copy2(CHECKOUT / "setup.cfg", place)
    (place / ".venv").symlink_to(CHECKOUT / ".venv")
    return place


@pytest.mark.parametrize("through", ["absolute", "relative", "in scripts", "link", "CDPATH"])
def test_from_wherever_it_is_called_and_with_spaces_everywhere(tmp_path, through):
    place = copy_of_checkout(tmp_path / "my check out")
    (tmp_path / "my tmp").mkdir()
    (tmp_path / "run it").symlink_to(place / "scripts" / "run")
    (tmp_path / "trap" / "scripts").mkdir(parents=True)
    command, cwd = {
        "absolute": (str(place / "scripts" / "run"), tmp_path),
        "relative": ("../my check out/scripts/run", tmp_path / "my tmp"),
        "in scripts": ("./run", place / "scripts"),
        "link": ("./run it", tmp_path),
        "CDPATH": ("scripts/run", place),
    }[through]
    environment = {"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path / "my tmp")}
    environment["CDPATH"] = str(tmp_path / "trap")
    port = free_port()
    session = at_terminal(["/bin/sh", command, str(port)], cwd=str(cwd), env=environment)
    session.expect("Ctrl-C")
    eventually(lambda: send(port))
    session.sendcontrol("c")
    session.expect(pexpect.EOF)
    assert session.wait() == 0
    (message,) = (tmp_path / "my tmp").glob("supervise.*/smtpd/qmail/Maildir/new/*")
    assert message.read_bytes().endswith(b"\nhello\n")
    session.close()


def test_nowhere_to_write(tmp_path):
    place = str(tmp_path / "none")
    done = finish([RUN, str(free_port())], env={"PATH": os.environ["PATH"], "TMPDIR": place})
    assert (done.code, done.stdout) == (111, b"")
    line = f"scripts/run: fatal: unable to make a directory in {place}\n"
    assert done.stderr.decode().endswith(line)


@pytest.mark.needs_root
def test_a_full_disk(tmp_path):
    with small_disk(tmp_path, "size=16k"):
        environment = {"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path)}
        done = finish([RUN, str(free_port())], env=environment)
        assert (done.code, done.stdout) == (111, b"")
        line = f"scripts/run: fatal: unable to copy services to {tmp_path}\n"
        assert done.stderr.decode().endswith(line)
        assert list(tmp_path.iterdir()) == []


def test_a_second_start_on_the_same_port_says_so(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = finish([RUN, str(taken.getsockname()[1])], cwd=tmp_path)
    expected = rb"scripts/run: fatal: unable to listen on port \d+: address already used\n"
    assert done.code == 111
    assert re.fullmatch(expected, done.stderr)


@pytest.mark.parametrize("argv", [["smtp"], ["25", "26"], ["-h"]])
def test_wrong_arguments(argv):
    assert finish([RUN, *argv]) == (100, b"", b"scripts/run: usage: scripts/run [ port ]\n")


@pytest.mark.parametrize("port", ["99999", "0"])
def test_a_port_that_does_not_exist(port):
    done = finish([RUN, port])
    line = b"scripts/run: fatal: unable to listen on port %s: no such port\n" % port.encode()
    assert done == (111, b"", line)


FAKE_PYTHON = """#!/bin/sh
if [ "$2" = venv ]; then
    echo >>made
    mkdir -p .venv/bin
    printf '#!/bin/sh\\n# %s\\n' "$PWD/.venv/bin/python3" >.venv/bin/pip
    cp .venv/bin/pip .venv/bin/svscan
    cp .venv/bin/pip .venv/bin/python
    chmod 755 .venv/bin/*
fi
"""


def test_a_checkout_that_was_moved_or_copied_gets_a_venv_of_its_own(tmp_path):
    place, other = tmp_path / "first place", tmp_path / "second"
    (place / "scripts" / "installed").mkdir(parents=True)
    for name in ("supervise/registry.py", "scripts/generate/launchers.py"):
        (place / name).parent.mkdir()
        shutil.copy2(CHECKOUT / name, place / name)
    shutil.copy2(CHECKOUT / "scripts" / "install", place / "scripts")
    shutil.copy2(CHECKOUT / "setup.cfg", place)
    (tmp_path / "python3").write_text(FAKE_PYTHON)
    (tmp_path / "python3").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}

    def install(checkout: Path) -> int:
        """How many times its .venv was made so far."""
        done = finish([str(checkout / "scripts" / "install")], env=environment)
        assert done == (0, b"", b"")
        return len((checkout / "made").read_text())

    assert [install(place), install(place)] == [1, 1]
    shutil.copytree(place, other)
    assert [install(other), install(other)] == [2, 2]
    place.rename(tmp_path / "moved")
    assert [install(tmp_path / "moved"), install(other)] == [2, 2]
