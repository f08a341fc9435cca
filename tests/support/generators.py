"""What the oracles are asked: text in the shape of a grammar, spoilt here and there, and raw."""

from __future__ import annotations

import os
import pwd
import re

from hypothesis import strategies as st

# Around the sizes of buffers: theirs, ours, those of pipes, and limits of the formats.
EDGES = [
    *(size + near for size in (200, 256, 1000, 1024, 4096, 8192, 65536) for near in (-1, 0, 1)),
    2048, 3000, 100000,
]  # fmt: skip
LETTERS = re.compile(r"\[ -(\w+)")
POWERS = [2**bits + near for bits in (8, 15, 16, 31, 32, 63, 64) for near in (-1, 0, 1)]


def repeated(piece: bytes, size: int, end: bytes) -> bytes:
    return (piece * (size // len(piece) + 1))[:size] + end


def spoil(text: bytes, place: int, cut: int, junk: bytes) -> bytes:
    """Some bytes of a text taken out and others put there."""
    place %= len(text) + 1
    return text[:place] + junk + text[place + cut :]


def spoilt(texts: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return st.builds(spoil, texts, st.integers(0, 300), st.integers(0, 3), st.binary(max_size=3))


def short_texts(tokens: list[bytes]) -> st.SearchStrategy[bytes]:
    """Some of these tokens, as they are or spoilt; or anything."""
    short = st.lists(st.sampled_from(tokens), max_size=30).map(b"".join)
    return st.one_of(short, spoilt(short), st.binary(max_size=300))


def texts(tokens: list[bytes]) -> st.SearchStrategy[bytes]:
    """The same, of any size that may matter."""
    piece = st.lists(st.sampled_from(tokens), min_size=1, max_size=30).map(b"".join)
    long = st.builds(repeated, piece, st.sampled_from(EDGES), short_texts(tokens))
    return st.one_of(short_texts(tokens), long)


def without_nul(text: bytes) -> str:
    return os.fsdecode(text.replace(b"\0", b""))


# Words of a command line, in any charset or none.
any_words = st.one_of(
    st.text(st.characters(exclude_characters="\0", max_codepoint=0x2FF), max_size=8),
    st.binary(max_size=12).map(without_nul),
)
numbers = st.one_of(
    st.integers(0, 70000).map(str),
    st.sampled_from(POWERS).map(str),
    st.integers(0, 2**66).map(str),
    st.text("0123456789", max_size=50),
    st.integers(-70000, -1).map(str),
    st.builds("{}{}{}".format, st.sampled_from(["", " ", "0", "+", "0x", "x", "\t", "-", "00"]),
              st.integers(0, 999), st.sampled_from(["", " ", "x", ".5", "\n", "e3", ","])),
    st.text("0159-+= x\t", max_size=5),
    st.binary(max_size=4).map(without_nul),
)  # fmt: skip
known_accounts = st.sampled_from([entry.pw_name for entry in pwd.getpwall()])
account_names = st.one_of(
    known_accounts,
    known_accounts.map(str.upper),
    spoilt(known_accounts.map(os.fsencode)).map(without_nul),
    numbers,
    any_words,
    st.sampled_from(["x" * 300, "root:", "root:x", "root\n", "+", "0", "/etc/passwd"]),
)


def new_letters(ours: bytes, theirs: bytes) -> set[str]:
    """The options that our usage has and theirs has not."""
    before, after = (set("".join(LETTERS.findall(usage.decode()))) for usage in (theirs, ours))
    return after - before


def has_new_option(word: str, valued: str, new: set[str]) -> bool:
    """Whether a cluster of options has one that the original does not know; what comes after a
    letter with a value is the value."""
    for letter in word.removeprefix("-"):
        if letter in new or letter in valued:
            return letter in new
    return False
