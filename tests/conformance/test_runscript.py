"""What formats/runscript.py reads from a plain script is what /bin/sh does with it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from supervise.formats import runscript
from tests.support.patience import PATIENCE

# A program that writes down whether descriptors 1 and 2 are one, and its arguments.
PROBE = """#!{python} -ISB
import os, sys
merged = os.path.samestat(os.fstat(1), os.fstat(2))
with open({seen!r}, "wb") as seen:
    seen.write(b"\\0".join([b"12"[merged:][:1], *map(os.fsencode, sys.argv[1:])]))
"""


class Seen(NamedTuple):
    arguments: list[bytes]
    merged: bool


class Shell:
    """Runs scripts in a service directory, and knows what the probe saw."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seen = folder / "seen"
        self.probe = folder / "probe"
        self.probe.write_text(PROBE.format(python=sys.executable, seen=str(self.seen)))
        self.probe.chmod(0o755)
        for name in ("a", "b", "ab"):  # what a pattern would match
            (folder / name).touch()

    def run(self, script: bytes) -> Seen | None:
        """None where the shell did not come to start the probe."""
        self.seen.unlink(missing_ok=True)
        (self.folder / "run").write_bytes(script)
        subprocess.run(
            ["/bin/sh", "./run"],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
            check=False,
        )
        if not self.seen.exists():
            return None
        merged, *arguments = self.seen.read_bytes().split(b"\0")
        return Seen(arguments, merged == b"2")


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    return Shell(tmp_path_factory.mktemp("service"))


PROBE_WORD = b"PROBE"  # replaced by its path
BLANK = st.sampled_from([b" ", b"\t", b" \\\n", b"\\\n ", b"  "])
SKIPPED = st.sampled_from([b"\n", b" \n", b"# it's $a `b` \\\n", b"\t#\n", b"#\x81\xff\n"])
BYTES = st.binary(min_size=1, max_size=3)
PLAIN = st.sampled_from(
    [b"a", b"b", b"-*", b"x=y", b"a#", b"%s", b"^", b"@,.:/+_", b"\x81\x88", b"2"]
)
SINGLE = BYTES.map(lambda inside: b"'" + inside + b"'")
DOUBLE = BYTES.map(lambda inside: b'"' + inside + b'"')
QUOTED = st.sampled_from([b"''", b'""', b"'\"'", b'"\'"', b"' * '", b"'$a'", b"'\n'"])
PIECE = st.one_of(PLAIN, SINGLE, DOUBLE, QUOTED)
WORD = st.lists(PIECE, min_size=1, max_size=3).map(b"".join)
# What changes a word, or makes the script one for a shell.
ODDITIES = [
    *(b"*", b"?", b"[a]", b"$0", b"`a`", b"\\", b"\\a", b"\\\n", b"~", b" ~", b"{a,b}", b"!", b"="),
    *(b"#", b"\r", b"\x7f", b"\x0b", b'"$0"', b'"\\\\"', b'"\\\n"', b'"`a`"', b";", b"&", b">a"),
    *(b" 2>&1", b"(", b"'"),
]
ODD = st.just(b"") | st.sampled_from(ODDITIES) | BYTES
MERGES = st.sampled_from([b"", b"", b"", b" 2>&1", b" 2>&1 ", b" \\\n2>&1", b" >&2", b" # c"])
ENDS = st.sampled_from([b"\n", b"", b"\n\n# end\n", b" \\\n", b"\\", b"\n  ", b"\nexit\n"])
START = st.sampled_from([b"exec", b"exec", b"exec", b" exec", b"\\\nexec"])


@st.composite
def scripts(draw: Callable[[st.SearchStrategy[bytes]], bytes]) -> bytes:
    """Scripts that exec the probe; most of them are plain."""
    skipped = draw(st.lists(SKIPPED, max_size=2).map(b"".join))
    words = draw(st.lists(st.tuples(BLANK, WORD).map(b"".join), max_size=4).map(b"".join))
    command = draw(START) + draw(BLANK) + PROBE_WORD + words + draw(ODD) + draw(MERGES) + draw(ENDS)
    return runscript.FIRST_LINE + skipped + command


def runs_the_probe(script: bytes) -> bool:
    plain = runscript.parse(script)
    return plain is not None and plain.words[0] == PROBE_WORD


plain_scripts = scripts().filter(runs_the_probe)


@settings(
    max_examples=120,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
@given(plain_scripts)
@example(b"#!/bin/sh\nexec PROBE '-* * > *' '-* * < *' '+* * > 5*' '+* * > 4*' ./main\n")
@example(b"#!/bin/sh\nexec PROBE -v -u 504 -g 501 0 smtp recordio qmail-smtpd 2>&1\n")
@example(b"#!/bin/sh\nexec PROBE a \\\n# comment\n")
@example(b"#!/bin/sh\nexec PROBE a 2>&1 \\\n\n")
@example(b"#!/bin/sh\nexec PROBE '' \"\" ''\"\"\n")
@example(b"#!/bin/sh\nexec PROBE exec if then fi\n")
def test_the_shell_sees_the_same_words_and_the_same_descriptors(shell, script):
    plain = runscript.parse(script)
    assert plain is not None
    seen = shell.run(script.replace(PROBE_WORD, os.fsencode(shell.probe), 1))
    assert seen == Seen(plain.words[1:], plain.merge)


@pytest.mark.parametrize(
    "script",
    [
        b"#!/bin/sh\nexec PROBE a \\",
        b"#!/bin/sh\nexec PROBE *\n",
        b"#!/bin/sh\nexec PROBE a\\\nb\n",
        b"#!/bin/sh\nexec PROBE a 2>&1 b\n",
    ],
)
def test_what_is_left_to_the_shell_would_have_run(shell, script):
    """The oracle itself sees more than one answer."""
    assert runscript.parse(script) is None
    assert shell.run(script.replace(PROBE_WORD, os.fsencode(shell.probe), 1)) is not None
