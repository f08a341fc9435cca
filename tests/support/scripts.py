"""Scripts as installers write them for our programs, and foreign ones of the same name."""

from __future__ import annotations

import sys
from pathlib import Path

OURS = f"""#!{sys.prefix}/bin/python3
# -*- coding: utf-8 -*-
import re
import sys
from supervise.__main__ import main
"""
IN_SHELL = OURS.replace(
    f"#!{sys.prefix}/bin/python3\n",
    f"#!/bin/sh\n'''exec' \"{sys.prefix}/bin/python3\" \"$0\" \"$@\"\n' '''\n",
)


def place(path: Path, text: str, mode: int = 0o755) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def saying(word: str) -> str:
    return f'#!/bin/sh\necho {word} "$0" "$@"\n'
