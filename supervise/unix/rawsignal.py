"""The module `signal` without its enums: numbers are plain numbers here.

CPython's own `signal` is this module, wrapped into three enums whose import takes a third of what
an interpreter takes to start. So whatever a chain loader loads uses this one.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from signal import *  # noqa: F403 -- the whole of it, under our name
else:
    from _signal import *  # noqa: F403
