"""A home directory for qmail's programs, and what they left in its Maildir."""

from __future__ import annotations

import os
import re
from pathlib import Path

DATE = rb"\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d -0000"


class Home:
    """A directory with control files."""

    def __init__(self, path: Path, **controls: str | bytes) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        (path / "control").mkdir(exist_ok=True)
        self.control(**{"me": "me.example\n", **controls})

    def control(self, **controls: str | bytes) -> None:
        for name, content in controls.items():
            text = content.encode() if isinstance(content, str) else content
            (self.path / "control" / name).write_bytes(text)

    def script(self, name: str, text: str) -> str:
        """A queue program; returns its name from here."""
        path = self.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)
        return name

    def environment(self, **more: str) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "QMAILHOME": str(self.path), **more}

    @property
    def maildir(self) -> Path:
        return self.path / "Maildir"

    def files(self, part: str) -> list[Path]:
        folder = self.maildir / part
        return sorted(folder.iterdir()) if folder.exists() else []

    @property
    def messages(self) -> list[bytes]:
        """What is in new/, while tmp/ has to be empty."""
        assert self.files("tmp") == []
        return [path.read_bytes() for path in self.files("new")]


def without_trace(message: bytes) -> tuple[bytes, bytes]:
    """The addresses' lines, and what the client sent; the lines between have to be right."""
    found = re.fullmatch(
        rb"(Return-Path: <[^\n]*>\n(?:Delivered-To: [^\n]*\n)*)"
        rb"Received: \(qmail \d+ invoked (?:from network|by uid \d+)\); " + DATE + rb"\n"
        rb"Received: from [^\n]*\n  by [^\n]* with SMTP; " + DATE + rb"\n(.*)",
        message,
        re.DOTALL,
    )
    assert found, message[:1000]
    return found[1], found[2]
