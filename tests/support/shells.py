"""What a shell offers to somebody who has typed the beginning of a line."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pytest

from scripts.generate import completions, programs
from scripts.generate.manual import Manual
from tests.support import processes
from tests.support.patience import PATIENCE, eventually

ROOT = Path(__file__).parents[2]
Offers = Callable[[str], list[str]]

# Each puts all that it would offer into the line when Ctrl-X is typed; `show` answers in a file.
BASH = """
bind '"\\C-x": insert-completions'
. {file}
"""
BARE = ["--norc", "--noprofile", "-i"]
BASH_COMPLETION = Path("/usr/share/bash-completion/bash_completion")
ZSH = """
fpath=({prefix}/share/zsh/site-functions $fpath)
autoload -Uz compinit
compinit -u -C -d {dump}
zle -C all-matches complete-word _generic
bindkey -e
bindkey '^X' all-matches
zstyle ':completion:all-matches:*' insert yes
zstyle ':completion:all-matches::::' completer _all_matches _complete
"""
SHOW = """
show() {{ printf '%s\\n' "$@" >{place}/writing && mv {place}/writing {place}/answer; }}
"""


def write_completions(prefix: Path, *more: Manual) -> None:
    """Those of all programs, and of others that are made up."""
    manuals = [programs.read(ROOT, name) for name in programs.names()]
    for path, text in completions.of([*manuals, *more]).items():
        file = prefix / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def found(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"needs {name}")
    return path


def environment(place: Path) -> dict[str, str]:
    return {
        "PATH": f"{place}/bin:{processes.our_path()}",
        "HOME": str(place),
        "ZDOTDIR": str(place),
        "TERM": "dumb",
        "LC_ALL": "C.UTF-8",
        "XDG_DATA_DIRS": f"{place}/prefix/share:/usr/share",
    }


@contextmanager
def bash(place: Path) -> Iterator[Offers]:
    file = place / "prefix/share/bash-completion/completions/_supervise-tools"
    yield from at_terminal([found("bash"), *BARE], place, BASH.format(file=file))


@contextmanager
def bash_completion(place: Path) -> Iterator[Offers]:
    """Bash with the package of that name, which loads ours by itself."""
    if not BASH_COMPLETION.exists():
        pytest.skip("needs bash-completion")
    yield from at_terminal([found("bash"), *BARE], place, BASH.format(file=BASH_COMPLETION))


@contextmanager
def fish(place: Path) -> Iterator[Offers]:
    def offers(line: str) -> list[str]:
        done = subprocess.run(
            [found("fish"), "-c", f"complete -C '{line}'"], env=environment(place), cwd=place,
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        return [line.partition("\t")[0] for line in done.stdout.splitlines()]

    yield offers


@contextmanager
def zsh(place: Path) -> Iterator[Offers]:
    dump = place.parent / "zcompdump"  # names of functions, which are the same in every test
    text = ZSH.format(prefix=place / "prefix", dump=dump)
    yield from at_terminal([found("zsh"), "-f", "-i"], place, text)


def at_terminal(argv: list[str], place: Path, text: str) -> Iterator[Offers]:
    (place / "begin").write_text(text + SHOW.format(place=place))
    session = pexpect.spawn(
        argv[0], argv[1:], env=environment(place), cwd=str(place), timeout=PATIENCE,
        encoding="utf-8", dimensions=(24, 1000),
    )  # fmt: skip
    answer = place / "answer"

    def shown() -> list[str]:
        """The words that `show` was given; what the terminal shows meanwhile is let go."""
        try:
            session.read_nonblocking(65536, timeout=0)
        except pexpect.TIMEOUT:
            pass
        return answer.read_text().splitlines() if answer.exists() else []

    def offers(line: str) -> list[str]:
        answer.unlink(missing_ok=True)
        session.send(f"{line}\x18\x01show \r")
        return added(line, eventually(shown, line))

    try:
        session.sendline(f". {place}/begin; show begun")
        eventually(shown, "the shell has begun")
        yield offers
    finally:
        session.close(force=True)


def added(line: str, words: list[str]) -> list[str]:
    """What stands in the place of the last word, if it is not that word itself."""
    begun = line.split()
    last = "" if line.endswith(" ") else begun.pop()
    rest = words[len(begun) :]
    return [] if rest == [last] else rest


SHELLS = {"bash": bash, "bash-completion": bash_completion, "fish": fish, "zsh": zsh}


def accounts(beginning: str) -> list[str]:
    lines = Path("/etc/passwd").read_text().splitlines()
    return sorted(line.partition(":")[0] for line in lines if line.startswith(beginning))


def make_services(place: Path) -> None:
    """Three places: two of them are known to have services, and one must be typed."""
    for path in ("known/b/supervise", "known/.c", "other/d e", "typed/f/log", "typed/g"):
        os.makedirs(place / path)
    (place / "known/file").touch()
    (place / "elsewhere").mkdir()
    (place / "known/a").symlink_to(place / "elsewhere")
