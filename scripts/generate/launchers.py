"""The script of each program, written by the build.

They are not entry points, since the scripts that older versions of pip write for those load `re`
before anything of ours, which takes half as long again as the start of the interpreter.
"""

from __future__ import annotations

import sys
from pathlib import Path

# It provides distutils where Python itself no longer does.
import setuptools  # type: ignore[import-untyped, unused-ignore] # noqa: F401

from distutils.command.build_scripts import (  # type: ignore[import-not-found, unused-ignore] # isort: skip
    build_scripts,
)

ROOT = Path(__file__).parents[2]
# pip writes the place of its interpreter into the first line.
SCRIPT = """\
#!python
from supervise.__main__ import main
main()
"""


class BuildScripts(build_scripts):  # type: ignore[misc, unused-ignore]
    """The build's command for scripts, which also writes one for every program in the registry."""

    def run(self) -> None:
        super().run()
        for name in programs():
            path = Path(self.build_dir, name)
            path.write_text(SCRIPT)
            path.chmod(0o755)


def programs() -> list[str]:
    """The names in the registry, also while the build has loaded this file alone."""
    sys.path.insert(0, str(ROOT))
    try:
        from supervise import registry
    finally:
        sys.path.remove(str(ROOT))
    return list(registry.PROGRAMS)
