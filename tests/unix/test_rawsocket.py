from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

from supervise.unix import rawsocket

CHECKOUT = Path(__file__).parents[2]


def test_it_has_what_socket_has_as_plain_numbers():
    for name in ("AF_INET", "AF_INET6", "SOCK_STREAM", "SOL_SOCKET", "SO_ERROR", "TCP_NODELAY"):
        value = getattr(rawsocket, name)
        assert type(value) is int
        assert value == getattr(socket, name)


def test_its_sockets_are_what_those_of_socket_are_made_of():
    assert issubclass(socket.socket, rawsocket.socket)


def test_no_enum_is_loaded_for_it():
    probe = "import sys, supervise.unix.rawsocket; sys.exit('enum' in sys.modules)"
    subprocess.run([sys.executable, "-S", "-c", probe], check=True, cwd=CHECKOUT)
