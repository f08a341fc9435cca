"""What others know about a connection: the names of its two ends, and the user at the other one.

All of them are asked at once, and have PATIENCE together; whoever has not answered by then is not
there. The user alone may be waited for longer, or not as long.
"""

from __future__ import annotations

import time

from supervise.formats import address
from supervise.formats.tcplog import Connection
from supervise.unix.sockets import End

TYPE_CHECKING = False
if TYPE_CHECKING:
    from supervise.drivers.localnames import LocalNames

PATIENCE = 5  # seconds


class Settings:
    """What is to be found out."""

    local_name: bytes | None = None  # None: look it up
    remote_names = True
    paranoid = False
    identify = True
    patience = PATIENCE  # for the user
    no_name: bytes | None = None  # what an address has for a name where it has none
    local_names: LocalNames | None = None  # where many connections share them

    @property
    def complete(self) -> bool:
        """Whether nobody has to be asked."""
        return not (self.local_name is None or self.remote_names or self.identify)

    def prepare(self) -> None:
        """Import what the children will need, once, and while we may still read our own files."""
        if self.identify:
            from supervise.drivers import identity  # noqa: F401
        if self.remote_names or self.local_name is None:
            from supervise.drivers import dnsmessage, localnames, resolver  # noqa: F401

            dnsmessage.prepare()
            self.local_names = localnames.LocalNames() if self.local_name is None else None


def deadline() -> float:
    """Until when to wait for what is asked now."""
    return time.monotonic() + PATIENCE


def find_out(settings: Settings, local: End, remote: End) -> Connection:
    if settings.complete:
        return unasked(settings, local, remote)
    from supervise.unix.together import Together

    now = time.monotonic()
    asking = [
        local_host(settings, local, now + PATIENCE),
        remote_host(settings, remote, now + PATIENCE),
        remote_info(settings, local, remote, now + settings.patience),
    ]
    with Together(asking) as asked:
        local_name, remote_name, user = asked
    return Connection(
        local_name,
        address.text(local.ip),
        local.port,
        remote_name,
        address.text(remote.ip),
        user,
        remote.port,
    )


def unasked(settings: Settings, local: End, remote: End) -> Connection:
    """What is known without asking anybody."""
    return Connection(
        settings.local_name,
        address.text(local.ip),
        local.port,
        None,
        address.text(remote.ip),
        None,
        remote.port,
    )


async def local_host(settings: Settings, local: End, until: float) -> bytes | None:
    if settings.local_name is not None:
        return settings.local_name
    if settings.local_names is not None:
        return await settings.local_names.name_of(local.ip, until)
    return await name_of(settings, local, until)


async def remote_host(settings: Settings, remote: End, until: float) -> bytes | None:
    if not settings.remote_names:
        return None
    name = await name_of(settings, remote, until)
    if name and settings.paranoid and not await is_confirmed(name, remote, until):
        return None
    return name


async def name_of(settings: Settings, end: End, until: float) -> bytes | None:
    """The name of an address; None where it cannot be learnt."""
    from supervise.drivers import resolver

    try:
        name = await resolver.name_of(end.ip, until)
    except OSError:
        return None
    return settings.no_name if name is None else name


async def is_confirmed(name: bytes, end: End, until: float) -> bool:
    from supervise.drivers import resolver

    try:
        return await resolver.confirms(name, end.ip, until)
    except OSError:
        return False


async def remote_info(settings: Settings, local: End, remote: End, until: float) -> bytes | None:
    if not settings.identify:
        return None
    from supervise.drivers import identity

    return await identity.ask(local, remote, until)
