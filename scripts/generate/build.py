"""What the build adds to the distribution: files that are generated, for share/ under the prefix.

A further set of files is one more function in `SETS`, from the top of the checkout to the texts by
their paths under the prefix.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from setuptools import Command  # type: ignore[import-untyped, unused-ignore]
from setuptools.command.build import build  # type: ignore[import-untyped, unused-ignore]

ROOT = Path(__file__).parents[2]
SETS = {"scripts.generate.programs": "pages", "scripts.generate.completions": "files"}


class BuildShare(Command):  # type: ignore[misc, unused-ignore]
    """Write the files; those that install data files then take them from here."""

    editable_mode = False

    def initialize_options(self) -> None:
        self.build_temp: str | None = None

    def finalize_options(self) -> None:
        self.set_undefined_options("build", ("build_temp", "build_temp"))

    def run(self) -> None:
        folders: dict[str, list[str]] = {}
        for path, text in generated():
            written = Path(str(self.build_temp), path)
            written.parent.mkdir(parents=True, exist_ok=True)
            written.write_text(text, encoding="utf-8")
            folders.setdefault(os.path.dirname(path), []).append(str(written))
        self.distribution.data_files = [*(self.distribution.data_files or []), *folders.items()]
        if self.editable_mode:  # which leaves data files out
            self.run_command("install_data")

    def get_source_files(self) -> list[str]:
        """What a source distribution needs so that it can be built."""
        files = Path(__file__).parent.glob("*.py")
        return sorted(str(path.relative_to(ROOT)) for path in files)


class Build(build):  # type: ignore[misc, unused-ignore]
    """The build, with this part."""

    sub_commands = [*build.sub_commands, ("build_share", None)]  # noqa: RUF012 (as setuptools has it)


def generated() -> Iterator[tuple[str, str]]:
    """The files of all sets, also while the build has loaded this module alone."""
    sys.path.insert(0, str(ROOT))
    try:
        for module, function in SETS.items():
            yield from getattr(import_module(module), function)(ROOT).items()
    finally:
        sys.path.remove(str(ROOT))
