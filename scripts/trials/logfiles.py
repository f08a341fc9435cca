"""A log directory as a reader sees it: that of multilog, svlogd and s6-log is one and the same."""

from __future__ import annotations

from pathlib import Path

LABEL = len("@400000006b02eba3062a5e34 ")


def in_order(directory: Path) -> list[Path]:
    """Its files from the oldest line to the newest; a file that has two names comes once."""
    labelled = sorted(path for path in directory.iterdir() if path.name.startswith("@"))
    files, seen = [], set[int]()
    for path in [*labelled, directory / "previous", directory / "current"]:
        if path.exists() and path.stat().st_ino not in seen:
            seen.add(path.stat().st_ino)
            files.append(path)
    return files
