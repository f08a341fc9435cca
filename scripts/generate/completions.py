"""What may come where on the command line of a program, for the shells to offer."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from scripts.generate import programs
from scripts.generate.manual import Manual, Option

# Where services are looked for; what is typed may lead anywhere.
PLACES = ["/service", "/etc/service"]

ACCOUNT, COMMAND, DIRECTORY, FILE, HOST, PORT, SERVICE = (
    "account", "command", "directory", "file", "host", "port", "service",
)  # fmt: skip
ANYTHING = "anything"

# What the words of a synopsis stand for, and those of an option's value. Nothing is offered for a
# word that is not here.
KINDS = {
    "account": ACCOUNT,
    "action": DIRECTORY,
    "child": COMMAND,
    "dir": DIRECTORY,
    "directory": DIRECTORY,
    "file": FILE,
    "host": HOST,
    "port": PORT,
    "program": COMMAND,
    "realname": COMMAND,
    "rules.cdb": FILE,
    "rules.tmp": FILE,
    "services": SERVICE,
    "smtpd": COMMAND,
    "supervise dir": SERVICE,
    "svok dir": SERVICE,
    "user": ACCOUNT,
}
REPEATED = {"services", "words"}
HELP = {"--help": "print the manual", "--version": "print the version"}


class Operands(NamedTuple):
    """The kinds of a program's operands; the last may come again and again. A command is the last,
    and all that follows it is its own."""

    kinds: list[str]
    repeated: bool


def operands(manual: Manual) -> Operands:
    kinds: list[str] = []
    for word in manual.operands:
        if word == "..." or word in REPEATED:
            kinds += [kind_of(manual.name, word)] if word in REPEATED else []
            return Operands(kinds, True)
        if word not in ("[", "]", "|") and "<" not in word:
            kinds.append(kind_of(manual.name, word))
            if kinds[-1] == COMMAND:
                break
    return Operands(kinds, False)


def kind_of(name: str, word: str | None) -> str:
    return KINDS.get(f"{name} {word}") or KINDS.get(word or "", ANYTHING)


def plain(text: str) -> str:
    """What is told of an option, on one line without marks."""
    return text.replace("`", "")


def valued_letters(manual: Manual) -> str:
    """The options of one letter that take a value."""
    return "".join(
        option.name[1:] for option in manual.options if option.value and not is_long(option)
    )


def is_long(option: Option) -> bool:
    return option.name.startswith("--")


def files(root: Path) -> dict[str, str]:
    """The completions for every shell, by their paths under the prefix."""
    return of(programs.read(root, name) for name in programs.names())


def of(manuals: Iterable[Manual]) -> dict[str, str]:
    from scripts.generate import bash, fish, zsh

    known = list(manuals)
    return {**bash.files(known), **zsh.files(known), **fish.files(known)}
