"""The module `socket` without its enums and its class: a `socket` here is the kernel's, which is no
context manager, and what is accepted is taken elsewhere. Loaded for the same reason as rawsignal.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from socket import *  # noqa: F403 -- the whole of it, under our name
else:
    from _socket import *  # noqa: F403
