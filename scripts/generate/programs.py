"""Every program of a checkout: its manual, the section of its page, and its relatives."""

from __future__ import annotations

import ast
import os
import time
from pathlib import Path

from scripts.generate import manual, roff
from scripts.generate.manual import Manual
from supervise import __version__, registry

COMMANDS, SHELL_PROGRAMS = Path("supervise/commands"), Path("scripts/installed")

# Where the originals' pages are; everything else is in section 8.
COMMANDS_FOR_ALL = {
    "addcr", "argv0", "date@", "delcr", "finger@", "fixcrio", "http@", "mconnect", "mconnect-io",
    "rblsmtpd", "recordio", "tcpcat", "tcpclient", "tcprules", "tcprulescheck", "tcpserver", "who@",
}  # fmt: skip

# A page names those with which its program shares a line.
RELATIVES = [
    {"supervise", "svc", "svok", "svscan", "svscanboot", "svstat", "readproctitle", "multilog"},
    {"multilog", "splogger", "tai64n", "tai64nlocal"},
    {"argv0", "envdir", "envuidgid", "fghack", "pgrphack", "setlock", "setuidgid", "softlimit"},
    {"fghack", "pgrphack", "supervise"},
    {"fixcrio", "rblsmtpd", "recordio", "tcpclient", "tcprules", "tcprulescheck", "tcpserver"},
    {"date@", "finger@", "http@", "mconnect", "mconnect-io", "tcpcat", "tcpclient", "who@"},
    {"addcr", "delcr", "fixcrio"},
    {"qmail-queue", "qmail-smtpd", "rblsmtpd", "tcpserver"},
]


def source(name: str) -> Path:
    """The file with the docstring of a program, from the top of the checkout."""
    if name in registry.PROGRAMS:
        return COMMANDS / f"{registry.PROGRAMS[name]}.py"
    return SHELL_PROGRAMS / name


def names() -> list[str]:
    return sorted([*registry.PROGRAMS, *registry.SHELL_PROGRAMS])


def docstring(root: Path, name: str) -> str:
    """The manual of a program as it is written; its module is not imported, since a build has
    nothing that it needs."""
    text = (root / source(name)).read_text(encoding="utf-8")
    if name in registry.SHELL_PROGRAMS:
        return manual.of_script(text)
    return ast.get_docstring(ast.parse(text)) or ""


def read(root: Path, name: str) -> Manual:
    return manual.parse(name, docstring(root, name))


def pages(root: Path) -> dict[str, str]:
    """Every page, by its path under the prefix."""
    return {
        f"share/man/man{section(name)}/{name}.{section(name)}": page(root, name) for name in names()
    }


def page(root: Path, name: str) -> str:
    """The page for man; its date is that of the file which it is made from."""
    changed = os.environ.get("SOURCE_DATE_EPOCH") or (root / source(name)).stat().st_mtime
    date = time.strftime("%Y-%m-%d", time.gmtime(int(changed)))
    see_also = sorted((other, section(other)) for other in relatives(name))
    about = roff.Page(section(name), date, f"supervise-tools {__version__}", see_also)
    return roff.page(read(root, name), about)


def section(name: str) -> int:
    return 1 if name in COMMANDS_FOR_ALL else 8


def relatives(name: str) -> list[str]:
    found = set().union(*(group for group in RELATIVES if name in group))
    return sorted(found & set(names()) - {name})
