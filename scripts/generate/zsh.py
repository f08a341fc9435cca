"""Completions for zsh: one function for all programs."""

from __future__ import annotations

import re
from shlex import quote

from scripts.generate import completions
from scripts.generate.completions import ANYTHING, COMMAND
from scripts.generate.manual import Manual, Option

PATH = "share/zsh/site-functions/_supervise-tools"
ACTIONS = {
    "account": "_users",
    ANYTHING: " ",
    COMMAND: "_supervise_command",
    "directory": "_directories",
    "file": "_files",
    "host": "_hosts",
    "port": "_ports",
    "service": "_supervise_services",
}

TEXT = r"""#compdef {names}
# Completions of supervise-tools for zsh, made from the manuals of the programs.

_supervise_services() {
    local expl result=1
    local -a found=({places})
    _wanted services expl service compadd -f -a found && result=0
    [[ -n $PREFIX ]] && _directories && result=0
    return result
}

_supervise_command() {
    if (( CURRENT == 1 )); then
        _command_names -e  # what can be run by a program: no functions, no words of the shell
    else
        _normal
    fi
}

local -a alone
(( CURRENT == 2 )) && alone=({alone})
case $service in
{cases}esac
"""


def files(manuals: list[Manual]) -> dict[str, str]:
    names = " ".join(manual.name for manual in manuals)
    places = " ".join(f"{quote(place)}/*(N-/)" for place in completions.PLACES)
    alone = [f"(- *){name}[{text}]" for name, text in completions.HELP.items()]
    cases = "".join(case(manual) for manual in manuals)
    parts = {"names": names, "places": places, "alone": quoted(alone), "cases": cases}
    return {PATH: re.sub(r"\{(\w+)\}", lambda found: parts[found[1]], TEXT)}


def case(manual: Manual) -> str:
    options = [of_option(manual, option) for option in manual.options]
    words = quoted([*options, *of_operands(manual)])
    return f"{manual.name})\n    _arguments -s -S -A '-*' $alone{words}\n    ;;\n"


def quoted(words: list[str]) -> str:
    return "".join(f" \\\n        {quote(word)}" for word in words)


def of_option(manual: Manual, option: Option) -> str:
    """The last of an option counts, so each may come again."""
    text = escape(completions.plain(option.text))
    if option.value is None:
        return f"*{option.name}[{text}]"
    action = ACTIONS[completions.kind_of(manual.name, option.value)]
    joint = "=" if completions.is_long(option) else "+"
    return f"*{option.name}{joint}[{text}]:{escape(option.value)}:{action}"


def of_operands(manual: Manual) -> list[str]:
    kinds, repeated = completions.operands(manual)
    found = []
    for place, kind in enumerate(kinds, 1):
        if kind == COMMAND:
            found.append(f"*:::command:{ACTIONS[kind]}")
        elif repeated and place == len(kinds):
            found.append(f"*:{kind}:{ACTIONS[kind]}")
        else:
            found.append(f"{place}:{kind}:{ACTIONS[kind]}")
    return found


def escape(text: str) -> str:
    return "".join(rf"\{letter}" if letter in "\\[]:" else letter for letter in text)
