"""The same script and input through both programs: everything that they leave must be the same."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import logdirs
from tests.support.generators import any_words, numbers
from tests.support.oracle import SIDES, Call, Start, finish, oracle, same
from tests.support.sidebyside import needs

pytestmark = needs("multilog")

# No hex digits but those of every stamp's first bytes: the rest of a stamp differs from run to run.
LETTERS = b"xyz @*\0\r\xff\\[^-"
DIRECTORIES = ["./one", "./two", "./three", "./four/none"]


class Left(NamedTuple):
    """What a run leaves: exit code, standard error, and each file or directory by name."""

    code: int
    stderr: bytes
    files: dict[str, object]


# What ours says when a whole log has to go for a piece of one; a row in README's table.
GONE = re.compile(rb"multilog: warning: removing [^\n]+ to keep what was left unfinished\n")


def run(start: Start, argv: list[str], stdin: bytes, folder: Path) -> Left:
    done = finish(start, Call("multilog", tuple(argv), cwd=folder), stdin)
    return Left(done.code, GONE.sub(b"", done.stderr), left_in(folder))


def left_in(folder: Path) -> dict[str, object]:
    return {
        path.name: logdirs.kept(path)
        if path.is_dir()
        else logdirs.Kept("", path.stat().st_mode, path.read_bytes())
        for path in folder.iterdir()
    }


def without_times(left: object) -> object:
    """With each hex digit replaced, so that stamps are alike even where a file's end cut them."""
    if isinstance(left, bytes):
        return re.sub(rb"[0-9a-f]", b"0", left)
    if isinstance(left, tuple | list):
        return [without_times(each) for each in left]
    if isinstance(left, dict):
        return {name: without_times(each) for name, each in left.items()}
    return left


def compare(argv: list[str], stdin: bytes, before: Path | None = None) -> None:
    """Run both, each in a copy of the same starting directory."""
    with tempfile.TemporaryDirectory() as scratch:
        results = []
        for start in SIDES:
            folder = Path(scratch, start.__name__, "start")
            if before is None:
                folder.mkdir(parents=True)
            else:
                shutil.copytree(before, folder)
            results.append(run(start, argv, stdin, folder))
        assert without_times(results[1]) == without_times(results[0])


def expand(parts: list[tuple[bytes, int]], size: int) -> bytes:
    """A long input from a short description: each line several times; cut anywhere."""
    return b"".join((line + b"\n") * times for line, times in parts)[:size]


TEXT = st.lists(st.sampled_from(list(LETTERS)), max_size=12).map(bytes)
SHORT = st.lists(st.sampled_from(list(LETTERS)), max_size=4).map(bytes)
LONG = st.builds(
    lambda letter, length: bytes([letter]) * length,
    st.sampled_from(list(LETTERS)),
    st.one_of(
        st.integers(0, 300),
        st.sampled_from([199, 200, 201, 486, 487, 511, 512, 513, 973, 974, 975, 999, 1000, 1001]),
        st.integers(950, 5000),
    ),
)
LINES = st.one_of(SHORT, TEXT, LONG, st.builds(lambda text, tail: text + tail, TEXT, LONG))
INPUT = st.builds(
    expand,
    st.lists(st.tuples(LINES, st.integers(1, 400)), max_size=12),
    st.integers(0, 60000),
)
PATTERN = st.lists(st.sampled_from("*xyz @\r\\[^-"), max_size=5).map("".join)
WORD = st.one_of(
    st.builds(lambda sign, pattern: sign + pattern, st.sampled_from("+-"), PATTERN),
    st.sampled_from(["s4096", "s4097", "s5000", "s0", "s9000x", "s99999", "s4294967296"]),
    st.sampled_from(["n2", "n3", "n5", "n0", "n40"]),
    st.sampled_from(["e", "exit", "=status", "=other", "main", "", "t", "tai", "s", "n"]),
    st.builds("{}{}".format, st.sampled_from("ns"), numbers),
)


@st.composite
def scripts(draw: st.DrawFn) -> list[str]:
    """Words in any order, and some directories among them; small files more often than not."""
    words = draw(st.lists(WORD, max_size=8))
    for name in draw(st.lists(st.sampled_from(DIRECTORIES[:3]), max_size=3, unique=True)):
        words.insert(draw(st.integers(0, len(words))), name)
    return draw(st.sampled_from([[], ["t"], ["s4096"], ["t", "s4096", "n5"]])) + words


@st.composite
def patterns_of(draw: st.DrawFn, line: bytes) -> str:
    """A pattern that may well match a line: pieces of it left out for stars, or changed."""
    places = sorted(draw(st.lists(st.integers(0, len(line)), max_size=6)))
    pieces = [line[a:b] for a, b in zip([0, *places], [*places, len(line)], strict=True)]
    stars = [draw(st.sampled_from([piece, piece, b"*", b"**", b"*" + piece])) for piece in pieces]
    return b"".join(stars).replace(b"\0", b"").decode("utf-8", "surrogateescape")


LINE = st.one_of(TEXT, st.binary(max_size=12), LONG).map(lambda line: line.replace(b"\n", b""))


@oracle
@given(st.data())
def test_what_patterns_select(data: st.DataObject) -> None:
    lines = data.draw(st.lists(LINE, max_size=8), "lines")
    likely = st.sampled_from([*lines, b""]).flatmap(patterns_of)
    pattern = st.one_of(likely, likely, PATTERN, any_words)
    choice = st.builds("{}{}".format, st.sampled_from("+-"), pattern)
    words = data.draw(st.lists(st.one_of(choice, choice, st.just("e")), max_size=8), "words")
    end = data.draw(st.sampled_from([b"", b"\n"]), "end")
    same("multilog", *words, "e", stdin=b"\n".join(lines) + end)


@oracle
@given(scripts(), INPUT)
def test_any_script_and_input(script: list[str], stdin: bytes) -> None:
    compare(script, stdin)


@oracle
@given(INPUT, st.integers(4096, 6000), st.integers(0, 6000), st.booleans())
def test_where_files_end(stdin: bytes, size: int, there: int, stamped: bool) -> None:
    """Also when a clean `current` of any size is gone on with."""
    with tempfile.TemporaryDirectory() as scratch:
        one = Path(scratch, "one")
        one.mkdir()
        (one / "current").write_bytes(b"x" * there)
        (one / "current").chmod(0o744)
        compare(["t"] * stamped + [f"s{size}", "n9", "./one"], stdin, Path(scratch))


LEFTOVERS = ("current", "previous", "processed", "state", "newstate")
MODES = st.sampled_from([0o644, 0o744, 0o600, 0o444, 0o700, 0o755, 0o544])
FILES = st.fixed_dictionaries(
    {},
    optional={name: st.tuples(MODES, st.sampled_from([b"", b"was here\n"])) for name in LEFTOVERS},
)
OLD = st.lists(st.sampled_from("suz"), max_size=5)


@oracle
@given(
    FILES, OLD, st.sampled_from(["n2", "n3", "n9"]), st.booleans(), st.sampled_from([b"", b"x\n"])
)
def test_what_was_left_behind(
    files: dict[str, tuple[int, bytes]], old: list[str], number: str, linked: bool, stdin: bytes
) -> None:
    """A start in a directory with any leftovers of earlier runs."""
    with tempfile.TemporaryDirectory() as scratch:
        one = Path(scratch, "one")
        one.mkdir()
        for name, (mode, content) in files.items():
            (one / name).write_bytes(content)
            (one / name).chmod(mode)
        for place, code in enumerate(old):
            (one / f"@4000000037c219bf2ef02e{place:02}.{code}").write_bytes(b"old\n")
        if linked and "previous" in files:  # killed between the link and the removal
            (one / "@4000000037c219bf2ef02f00.s").hardlink_to(one / "previous")
        compare([number, "./one"], stdin, Path(scratch))


PROCESSORS = [
    "!cat",
    "!tac",
    "!cat; cat <&4 >&5; echo x >&5",
    "!",
    "!rm processed; cat >&5",
    "!rm processed newstate; cat",
    "!umask",
]


@oracle
@given(INPUT, st.sampled_from(PROCESSORS))
def test_processors(stdin: bytes, processor: str) -> None:
    compare(["s4096", processor, "./one"], stdin)


@pytest.mark.parametrize(
    "argv",
    [
        ["./missing/parent"],
        ["/dev/null"],
        ["./one", "./one"],
        ["=missing/file"],
        ["=./"],
        ["=/dev/full/x"],
        ["./one", "./one/current"],
        ["=one", "./one"],
        ["."],
        ["./"],
    ],
    ids=" ".join,
)
def test_what_cannot_begin(argv: list[str]) -> None:
    compare(argv, b"line\n")
