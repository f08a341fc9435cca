"""What there is to find out about a connection by asking others: names and a user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supervise.formats import address, tcplog
from supervise.unix.sockets import End

if TYPE_CHECKING:
    from supervise.drivers.localnames import LocalNames


class Settings:
    """What is to be found out."""

    local_name: bytes | None = None  # None: look it up
    remote_names = True
    paranoid = False
    identify = True
    patience = 26  # seconds for the identity
    local_names: LocalNames | None = None  # where local_name is None

    def prepare(self) -> None:
        """Import what the children will need, once, and while we may still read our own files."""
        if self.identify:
            from supervise.drivers import identity  # noqa: F401
        if self.remote_names or self.local_name is None:
            from supervise.drivers import localnames, resolver

            resolver.prepare()
            self.local_names = localnames.LocalNames() if self.local_name is None else None


def find_out(settings: Settings, local: End, remote: End) -> tcplog.Connection:
    return tcplog.Connection(
        local_host(settings, local),
        address.text(local.ip),
        local.port,
        remote_host(settings, remote),
        address.text(remote.ip),
        remote_info(settings, local, remote),
        remote.port,
    )


def local_host(settings: Settings, local: End) -> bytes | None:
    if settings.local_names is not None:
        return settings.local_names.name_of(local.ip)
    return settings.local_name


def remote_host(settings: Settings, remote: End) -> bytes | None:
    if not settings.remote_names:
        return None
    from supervise.drivers import resolver

    name = resolver.known_name(remote.ip)
    if name is None or not settings.paranoid or resolver.confirms(name, remote.ip):
        return name
    return None


def remote_info(settings: Settings, local: End, remote: End) -> bytes | None:
    if not settings.identify:
        return None
    from supervise.drivers import identity

    return identity.ask(local, remote, settings.patience)
