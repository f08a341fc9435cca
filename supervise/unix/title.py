"""What ps shows of this process. Whoever imports this pays 20 ms for the library."""

from __future__ import annotations

import setproctitle


def show(title: bytes) -> None:
    """Show this line. The library takes text only, so a byte that is part of none is «?», as which
    ps would show it."""
    text = title.decode("utf-8", "surrogateescape").encode("utf-8", "replace").decode()
    setproctitle.setproctitle(text)
