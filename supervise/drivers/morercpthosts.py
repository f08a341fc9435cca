"""The second list of hosts that mail is accepted for: control/morercpthosts.cdb."""

from __future__ import annotations

from collections.abc import Iterable

import cdbx  # type: ignore[import-untyped]

from supervise.unix import files

PATH = "control/morercpthosts.cdb"


class MoreHosts:
    """Opened with the other control files, but read only when somebody asks."""

    def __init__(self) -> None:
        self.descriptor: int | None = None
        self.database: cdbx.CDB | None = None

    def open(self) -> None:
        try:
            self.descriptor = files.open_read(PATH)
        except FileNotFoundError:
            pass  # there is no second list

    @property
    def exist(self) -> bool:
        return self.descriptor is not None

    def has_any(self, names: Iterable[bytes]) -> bool:
        """Whether one of these lower-case names is listed; OSError where the file is damaged."""
        if self.database is None:
            # Not mapped: a file that is cut short under a mapping kills with SIGBUS.
            self.database = cdbx.CDB(self.descriptor, mmap=False)
        return any(name in self.database for name in names)
