"""The how-to's mail service in bad hands: files spoiled under it, and full disks.

After each of these it goes on, as after an attack (test_bad_input), and what was mended counts for
the next client, without a restart.
"""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

import pytest

from tests.support import howto
from tests.support.disks import small_disk
from tests.support.howto import ELSEWHERE, LOCAL, NO_RELAY, HowTo, lines, rejections
from tests.support.patience import PATIENCE, eventually
from tests.support.processes import finish, module

CONTROLS = b"421 unable to read controls (#4.3.0)\r\n"


def rules(server: HowTo) -> list[str]:
    return [str(server.control_rules / name) for name in ("smtp.cdb", "smtp.tmp")]


def refusal(server: HowTo, recipient: str = LOCAL) -> bytes:
    """The reply to a message that is not taken."""
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as client:
        client.sendall(
            b"MAIL FROM:<s@x>\r\nRCPT TO:<%s>\r\nDATA\r\nhalf\r\n.\r\nQUIT\r\n" % recipient.encode()
        )
        heard = b""
        while chunk := client.recv(4096):
            heard += chunk
    return b"".join(line for line in heard.splitlines(True) if line[:1] in b"45")


def test_rules_with_a_bad_line_leave_the_old_ones_in_force(server):
    before = Path(rules(server)[0]).read_bytes()
    done = finish(module("tcprules", *rules(server)), b"127.:allow,RELAYCLIENT=\n:allow\n")
    assert (done.code, done.stdout) == (100, b"")
    assert Path(rules(server)[0]).read_bytes() == before
    assert server.send(ELSEWHERE, "refused") == 553
    howto.is_well(server)


@pytest.mark.parametrize("size", [0, 1, 2047, 2048, 2055])
def test_rules_that_are_cut_short_drop_connections_until_they_are_mended(server, size):
    os.truncate(rules(server)[0], size)
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as client:
        assert client.recv(100) == b""
    server.compile_rules(NO_RELAY)
    dropped = rb" tcpserver: warning: dropping connection, unable to read \S+/smtp\.cdb: "
    howto.is_well(server, dropped)
    assert len(re.findall(dropped, server.log())) == 1


def test_services_that_are_none(server):
    """No run, a log that is a file, and a file for a service: a word about each, once a second
    at most, and the others go on."""
    (server.scan / "norun").mkdir()
    (server.scan / "filelog").mkdir()
    (server.scan / "filelog" / "log").write_text("")
    (server.scan / "filelog" / "run").write_text("#!/bin/sh\nexec sleep 1000\n")
    (server.scan / "filelog" / "run").chmod(0o755)
    (server.scan / "file").write_text("")
    eventually(lambda: b"norun/run: file does not exist" in server.output.read_bytes())
    eventually(lambda: server.svstat("filelog").startswith("up"))
    howto.is_well(server)
    said = server.output.read_text().splitlines()
    assert said.count("svscan: warning: unable to start filelog/log: not a directory") == 1
    assert {line.partition(":")[2] for line in said if "norun" not in line} == {
        " warning: unable to start filelog/log: not a directory"
    }


@pytest.mark.parametrize("name", ["me", "rcpthosts", "badmailfrom", "databytes"])
def test_a_control_file_that_cannot_be_read(server, name):
    place = server.home.path / "control" / name
    there = place.exists()
    if there:
        place.rename(place.with_name("aside"))
    place.mkdir()
    assert refusal(server) == CONTROLS
    place.rmdir()
    if there:
        place.with_name("aside").rename(place)
    howto.is_well(server)
    assert rejections(lines(server.log())) == [b"421"]


def test_a_home_that_is_away_for_a_while(server):
    server.home.path.rename(server.home.path.with_name("aside"))
    assert refusal(server) == CONTROLS
    server.home.path.with_name("aside").rename(server.home.path)
    howto.is_well(server)


def test_a_maildir_that_is_removed_is_made_again(server):
    howto.is_well(server)
    finish(["/bin/rm", "-r", str(server.home.maildir)])
    howto.is_well(server)
    assert len(server.mail()) == 1


@pytest.mark.parametrize("part", ["", "tmp", "new"])
def test_a_maildir_that_cannot_be_written(server, part):
    howto.is_well(server)
    place = server.home.maildir / part
    place.rename(server.home.path / "aside")
    place.write_text("")
    assert refusal(server) == b"451 qq trouble creating files in queue (#4.3.0)\r\n"
    place.unlink()
    (server.home.path / "aside").rename(place)
    howto.is_well(server)
    assert len(server.mail()) == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
@pytest.mark.parametrize("part", ["", "tmp", "new"])
def test_a_maildir_that_may_not_be_written(server, part):
    howto.is_well(server)
    place = server.home.maildir / part
    place.chmod(0o500 if part else 0)
    assert refusal(server) == b"451 qq trouble creating files in queue (#4.3.0)\r\n"
    place.chmod(0o700)
    howto.is_well(server)


@pytest.mark.needs_root
@pytest.mark.parametrize("limit", ["size=64k", "nr_inodes=8"])
def test_a_full_disk(server, limit):
    """Without a block, and without an inode, for one more message."""
    server.home.maildir.mkdir()
    with small_disk(server.home.maildir, limit):
        filler = server.home.maildir / "filler"
        howto.is_well(server)
        if limit.startswith("size"):
            with pytest.raises(OSError, match="space"):
                filler.write_bytes(bytes(65536))
        else:
            filler.touch()
        assert refusal(server).startswith(b"451 qq ")
        filler.unlink()
        howto.is_well(server)
        assert len(server.mail()) == 2
