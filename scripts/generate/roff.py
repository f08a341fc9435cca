"""A manual as a page for man: roff with the macros of man(7)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from scripts.generate.manual import Block, Example, Manual, Option, Table, Text

SPECIAL = {"\\": r"\e", "-": r"\-", "^": r"\(ha", "~": r"\(ti", "`": r"\(ga", '"': r"\(dq"}
# What stands out in a text: `literal`, an option, a variable.
MARKED = re.compile(r"`(?P<literal>[^`]+)`|(?<![\w-])(?P<option>--?\w[\w-]*)|(?P<variable>\$\w+)")
INDENT = 4
HELP = "Called with --help alone it prints this manual, with --version alone its version."


class Page(NamedTuple):
    """What a page says that is not in the manual."""

    section: int
    date: str
    source: str
    see_also: list[tuple[str, int]]


def page(manual: Manual, about: Page) -> str:
    return "".join(f"{line}\n" for line in lines(manual, about))


def lines(manual: Manual, about: Page) -> Iterator[str]:
    # The date is read by machines, which know no escapes.
    yield f'.TH "{escape(manual.name)}" {about.section} {about.date} "{escape(about.source)}"'
    yield from [".nh", ".ad l"]
    yield ".SH NAME"
    yield f"{escape(manual.name)} \\- {inline(uncapitalised(manual.sentence))}"
    yield ".SH SYNOPSIS"
    yield " ".join(synopsis(manual))
    yield ".SH DESCRIPTION"
    yield from paragraphs(manual.description)
    if manual.options:
        yield ".SH OPTIONS"
        yield from table([option_row(option) for option in manual.options])
    yield from [".PP", inline(HELP)]
    yield ".SH EXIT STATUS"
    yield from paragraphs(manual.exits)
    if about.see_also:
        yield ".SH SEE ALSO"
        names = [f"{bold(name)}({section})" for name, section in about.see_also]
        yield from [f"{name}," for name in names[:-1]] + names[-1:]


def paragraphs(content: list[Block]) -> Iterator[str]:
    for place, block in enumerate(content):
        if place and not isinstance(block, Table):
            yield ".PP"
        yield from paragraph(block)


def paragraph(block: Block) -> Iterator[str]:
    match block:
        case Text(text):
            yield from guarded(inline("\n".join(text)).split("\n"))
        case Table(rows):
            yield from table([(bold(row.term), inline(row.text)) for row in rows])
        case Example(text):
            yield from [f".RS {INDENT}", ".nf"]
            yield from guarded([escape(line) for line in text])
            yield from [".fi", ".RE"]


def table(rows: list[tuple[str, str]]) -> Iterator[str]:
    width = max(len(plain(term)) for term, _ in rows) + 2
    for term, text in rows:
        yield f".TP {width}"
        yield from guarded([term, text])


def option_row(option: Option) -> tuple[str, str]:
    if option.value is None:
        return bold(option.name), inline(option.text)
    value = re.compile(rf"(?<!\w){re.escape(option.value)}(?!\w)")
    text = value.sub(lambda found: italic(found[0]), inline(option.text))
    return f"{bold(option.name)} {italic(option.value)}", text


def synopsis(manual: Manual) -> Iterator[str]:
    """The parts of the synopsis, with each option in the place of all; what is in brackets stays on
    one line."""
    yield bold(manual.name)
    rest = manual.synopsis.removeprefix(manual.name)
    if "[ options ]" in rest:
        rest = rest.replace("[ options ]", "")
        yield from options(manual)
    part: list[str] = []
    for word in rest.split():
        part.append(escape(word) if word in ("[", "]", "|", "...") else italic(word))
        if part.count("[") == part.count("]"):
            yield r"\ ".join(part)
            part = []
    yield from part


def options(manual: Manual) -> Iterator[str]:
    """Those without a value in one word, as they may be given."""
    letters = [option.name[1:] for option in manual.options if is_plain(option)]
    if letters:
        yield rf"[\ {bold('-' + ''.join(letters))}\ ]"
    for option in manual.options:
        if not is_plain(option):
            value = rf"\ {italic(option.value)}" if option.value else ""
            yield rf"[\ {bold(option.name)}{value}\ ]"


def is_plain(option: Option) -> bool:
    return option.value is None and not option.name.startswith("--")


def uncapitalised(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:].removesuffix(".")


def inline(text: str) -> str:
    """Text with what stands out in bold."""
    parts = []
    end = 0
    for found in MARKED.finditer(text):
        parts += [escape(text[end : found.start()]), bold(found["literal"] or found[0])]
        end = found.end()
    return "".join([*parts, escape(text[end:])])


def bold(text: str) -> str:
    return rf"\fB{escape(text)}\fR"


def italic(text: str) -> str:
    return rf"\fI{escape(text)}\fR"


def escape(text: str) -> str:
    return "".join(
        SPECIAL.get(letter, letter) if letter.isascii() else rf"\[u{ord(letter):04X}]"
        for letter in text
    )


def guarded(content: list[str]) -> list[str]:
    """Lines of text, of which none is taken for a request."""
    return [rf"\&{line}" if line.startswith((".", "'")) else line for line in content]


def plain(text: str) -> str:
    """What is left to see of escaped text, as far as its width counts."""
    text = re.sub(r"\\f[BIR]", "", text)
    return re.sub(r"\\(?:\(..|\[\w+\]|.)", "x", text)
