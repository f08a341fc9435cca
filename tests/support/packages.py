"""A copy of our package, to be upgraded while programs of it run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import supervise

SVSCAN = "commands/svscan.py"


class Package:
    """The copy; programs that have `environment` are of it."""

    def __init__(self, root: Path) -> None:
        self.package = root / "supervise"
        self.source = Path(supervise.__file__).parent
        shutil.copytree(self.source, self.package)
        # What is compiled is told from another version by the second and the size only.
        without = {"PYTHONDONTWRITEBYTECODE": "1"}
        self.environment = {**os.environ, **without, "PYTHONPATH": str(root)}

    def append(self, text: str, module: str = SVSCAN) -> None:
        """A version that is the one of this project and these lines."""
        self.replace((self.source / module).read_text() + text, module)

    def replace(self, text: str, module: str = SVSCAN) -> None:
        """As an installer does it."""
        new = self.package / f"{module}.new"
        new.write_text(text)
        new.rename(self.package / module)


def when_resumed(statement: str) -> str:
    """What a version does when it is the one, and not when it rehearses."""
    return f"""
import os, sys
if "--resume" in sys.argv:
    {statement}
"""
