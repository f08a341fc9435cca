"""Completions for fish: a file for each program, and the functions that all of them use."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.generate import completions
from scripts.generate.completions import ANYTHING, COMMAND, FILE
from scripts.generate.manual import Manual, Option

FOLDER, FUNCTIONS = "share/fish/vendor_completions.d", "share/fish/vendor_functions.d"
OFFERS = {
    "account": "(__fish_complete_users)",
    "directory": "(__fish_complete_directories (commandline -ct))",
    "host": "(__fish_print_hostnames)",
    "port": r"(getent services | string replace -rf '^(\S+)\s+\d+/tcp.*' '$1')",
    "service": "(__supervise_services)",
}

OPERAND = r"""
function __supervise_operand -d 'Tell the number of the operand at the cursor'
    # It is 0 for the value of an option. The arguments are the letters of those that take one, and
    # those that are words, with = where they take one.
    set -l words (commandline -opc) ''
    set -l at 2
    while test $at -lt (count $words); and string match -rq -- '^-.' $words[$at]
        set -l word $words[$at]
        set at (math $at + 1)
        if string match -q -- '--*' $word
            contains -- $word $argv; or contains -- (string replace -r '=.*' '' -- $word)= $argv
            or break
            contains -- $word= $argv; and set at (math $at + 1)
            # A value is the next word where the first letter that takes one is the last of all.
        else if test -n "$argv[1]"; and string match -rq -- "^-[^$argv[1]]*[$argv[1]]\$" $word
            set at (math $at + 1)
        end
    end
    math (count $words) - $at + 1
end
""".lstrip()
COMMAND_LINE = """\
function __supervise_command -d 'What may come in the command that is the operand of that number'
    set -l words (commandline -opc)
    set -l skip (math (count $words) - (__supervise_operand $argv[2..]) + $argv[1])
    set -e words[1..$skip]
    complete -C (string join ' ' -- (string escape -- $words) (commandline -ct))
end
"""
SERVICES = """\
function __supervise_services -d 'The directories of services'
    for path in {places}
        string trim -r -c / $path
    end
    set -l word (commandline -ct)
    test -n "$word"; and __fish_complete_directories $word
end
"""


def files(manuals: list[Manual]) -> dict[str, str]:
    places = " ".join(f"{quote(place)}/*/" for place in completions.PLACES)
    functions = {
        "__supervise_operand": OPERAND,
        "__supervise_command": COMMAND_LINE,
        "__supervise_services": SERVICES.replace("{places}", places),
    }
    return {
        **{f"{FOLDER}/{manual.name}.fish": text(manual) for manual in manuals},
        **{f"{FUNCTIONS}/{name}.fish": function for name, function in functions.items()},
    }


def text(manual: Manual) -> str:
    return "".join(f"complete -c {manual.name} {line}\n" for line in lines(manual))


def lines(manual: Manual) -> Iterator[str]:
    yield "-f"
    alone = quote("test (count (commandline -opc)) = 1")
    for name, text in completions.HELP.items():
        yield f"-n {alone} -l {name[2:]} -d {quote(text)}"
    known = " ".join([quote(completions.valued_letters(manual)), *words(manual)])
    operand = f"(__supervise_operand {known})"
    for option in manual.options:
        yield f"-n {quote(f'test {operand} -le 1')} {of_option(manual, option)}"
    kinds, repeated = completions.operands(manual)
    for place, kind in enumerate(kinds, 1):
        test = "-ge" if kind == COMMAND or (repeated and place == len(kinds)) else "-eq"
        if kind != ANYTHING:
            condition = quote(f"test {operand} {test} {place}")
            yield f"-n {condition} {offer(kind, known, place)}"


def words(manual: Manual) -> list[str]:
    """The options that are words, as __supervise_operand wants them."""
    return [
        option.name + "=" * bool(option.value)
        for option in manual.options
        if completions.is_long(option)
    ]


def of_option(manual: Manual, option: Option) -> str:
    name = f"-l {option.name[2:]}" if completions.is_long(option) else f"-s {option.name[1:]}"
    told = f"{name} -d {quote(completions.plain(option.text))}"
    if option.value is None:
        return told
    kind = completions.kind_of(manual.name, option.value)
    return f"{told} -r {offer(kind, '', 0)}" if kind in (*OFFERS, FILE) else f"{told} -x"


def offer(kind: str, known: str, place: int) -> str:
    if kind == FILE:
        return "-F"
    if kind == COMMAND:
        return f"-x -a {quote(f'(__supervise_command {place} {known})')}"
    return f"-x -a {quote(OFFERS[kind])}"


def quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
