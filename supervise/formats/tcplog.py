"""The lines that tcpserver logs of its connections."""

from __future__ import annotations

from supervise.rawtyping import NamedTuple

SHOWN = 100  # bytes of a field; one that has them all gets dots already
DOTS = b"..."
# What could break the line, or be taken for the end of a field.
MASKED = bytes(byte if 33 <= byte <= 126 and byte not in b"%:" else ord("?") for byte in range(256))


class Connection(NamedTuple):
    """What an ok or deny line tells; None and empty look alike there."""

    local_host: bytes | None
    local_ip: bytes
    local_port: int
    remote_host: bytes | None
    remote_ip: bytes
    remote_info: bytes | None
    remote_port: int


def status(count: int, limit: int) -> str:
    return f"tcpserver: status: {count}/{limit}"


def began(pid: int, remote_ip: bytes) -> str:
    return f"tcpserver: pid {pid} from {remote_ip.decode('ascii')}"


def ended(pid: int, wait_status: int) -> str:
    """`wait_status` is the raw one: 256 is exit code 1, 15 is SIGTERM."""
    return f"tcpserver: end {pid} status {wait_status}"


def decided(verdict: str, pid: int, connection: Connection) -> str:
    """«tcpserver: ok 7 LHOST:LIP:LPORT RHOST:RIP:INFO:RPORT», the verdict being ok or deny."""
    local_host, local_ip, local_port, remote_host, remote_ip, info, remote_port = connection
    local = f"{field(local_host)}:{place(local_ip)}:{local_port}"
    remote = f"{field(remote_host)}:{place(remote_ip)}:{field(info)}:{remote_port}"
    return f"tcpserver: {verdict} {pid} {local} {remote}"


def connected(pid: int, name: bytes | None, ip: bytes, seconds: int) -> str:
    """«tcpserver: open 7 RHOST:RIP 12»: a connection, and how long it has been there."""
    return f"tcpserver: open {pid} {field(name)}:{place(ip)} {seconds}"


def why(name: str, found: int, most: int) -> str:
    """« MAXCONNIP:6/5», at the end of the deny line of a client that was one too many."""
    return f" {name}:{found}/{most}"


def field(value: bytes | None) -> str:
    value = value or b""
    shown = value[:SHOWN] + DOTS * (len(value) >= SHOWN)
    return shown.translate(MASKED).decode("ascii")


def place(ip: bytes) -> str:
    """An address; one with colons in brackets, so that a line can still be split at the others."""
    return f"[{ip.decode('ascii')}]" if b":" in ip else ip.decode("ascii")
