from __future__ import annotations

import re
import socket
import subprocess
from pathlib import Path

import pytest

from supervise.unix import interfaces

LOOPBACK = bytes([127, 0, 0, 1])
IP = "/usr/sbin/ip" if Path("/usr/sbin/ip").exists() else "/sbin/ip"


def test_the_loopback_address_is_listed():
    assert LOOPBACK in interfaces.addresses()


@pytest.mark.skipif(not Path(IP).exists(), reason="needs ip")
def test_the_addresses_are_those_of_ip():
    said = subprocess.run([IP, "-4", "-o", "addr", "show", "up"], capture_output=True, check=True)
    listed = {
        socket.inet_aton(word.decode()) for word in re.findall(rb"inet ([\d.]+)", said.stdout)
    }
    assert interfaces.addresses() == listed


def test_more_addresses_than_there_is_room_for(monkeypatch):
    all_of_them = interfaces.addresses()
    monkeypatch.setattr(interfaces, "FIRST_ROOM", 1)
    assert interfaces.addresses() == all_of_them


def test_every_descriptor_is_closed():
    before = len(list(Path("/proc/self/fd").iterdir()))
    interfaces.addresses()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
