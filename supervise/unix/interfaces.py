"""The IPv4 addresses of this machine's interfaces: SIOCGIFCONF, netdevice(7)."""

from __future__ import annotations

import array
import fcntl
import socket
from struct import Struct, calcsize

SIOCGIFCONF, SIOCGIFFLAGS = 0x8912, 0x8913
IFF_UP = 1
NAME_SIZE = 16
REQUEST_SIZE = NAME_SIZE + calcsize("P") * 3  # struct ifreq: a name and a union
CONFIGURATION = Struct("iP")  # struct ifconf: length in bytes, address of the requests
FLAGS = Struct("16sH")
ADDRESS = slice(NAME_SIZE + 4, NAME_SIZE + 8)  # in a request: family and port come before it
FIRST_ROOM = 32  # requests; doubled while the kernel fills it


def addresses() -> frozenset[bytes]:
    """The addresses, four bytes each, of the interfaces that are up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        descriptor = channel.fileno()
        return frozenset(
            request[ADDRESS] for request in requests(descriptor) if is_up(descriptor, request)
        )


def requests(descriptor: int) -> list[bytes]:
    """One struct ifreq for every address."""
    room = FIRST_ROOM * REQUEST_SIZE
    while True:
        buffer = array.array("B", bytes(room))
        question = CONFIGURATION.pack(room, buffer.buffer_info()[0])
        used = CONFIGURATION.unpack(fcntl.ioctl(descriptor, SIOCGIFCONF, question))[0]
        if used < room:
            break
        room *= 2
    listed = buffer.tobytes()[:used]
    return [listed[at : at + REQUEST_SIZE] for at in range(0, used, REQUEST_SIZE)]


def is_up(descriptor: int, request: bytes) -> bool:
    answer: bytes = fcntl.ioctl(descriptor, SIOCGIFFLAGS, request)
    return bool(FLAGS.unpack_from(answer)[1] & IFF_UP)
