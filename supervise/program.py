"""Run a program; become the next one, in place where it is one of ours.

A chain (setuidgid → envdir → multilog) costs an interpreter per link when each link is exec'ed.
So `become` looks the next word up exactly as exec would, and where the file it finds is this
installation's own script it calls the program instead, after doing what exec would have done to
the process. A trampoline that unwinds the caller first was not chosen: while the caller's frame
lives, nothing of it is collected, so no file object can close a descriptor number that the next
program has meanwhile taken.
"""

from __future__ import annotations

import errno
import os
import sys

from supervise import errors, registry, search
from supervise.errors import Usage
from supervise.unix import descriptors, files, processes, signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Environment = Mapping[bytes, bytes]


def run(name: str, argv: list[str]) -> int:
    """Call a program with its arguments; say in one line what ended it, and return its exit
    code."""
    command = registry.load(name)
    if argv == ["--help"]:
        return guarded(name, command.USAGE, lambda: show(manual(name, command)))
    if argv == ["--version"]:
        return guarded(name, command.USAGE, lambda: show(version(name)))
    return guarded(name, command.USAGE, lambda: command.main(argv))


def guarded(name: str, usage: str, call: Callable[[], int]) -> int:
    """Call what is a program; whatever ends it is one line of that program's, and an exit code."""
    try:
        return call()
    except Usage as wrong:
        if wrong.text:
            errors.diagnose(f"{name}: {wrong.text}")
        errors.diagnose(usage)
        return wrong.code
    except errors.Failure as failure:
        errors.diagnose(f"{name}: fatal: {failure.text}")
        return failure.code
    except MemoryError:
        errors.diagnose(f"{name}: fatal: out of memory")
        return errors.TEMPORARY


def manual(name: str, command: registry.Command) -> str:
    return f"{name}: {(command.__doc__ or '').strip()}\n\n{command.USAGE}\n"


def version(name: str) -> str:
    from supervise import __version__

    return f"{name} (supervise-tools) {__version__}\n"


def show(text: str) -> int:
    with errors.unable_to("write to standard output"):
        files.write_all(1, text.encode())
    return 0


def exactly(count: int, argv: list[str]) -> list[str]:
    """The operands, when there are that many; a usage error otherwise."""
    if len(argv) != count:
        raise Usage
    return argv


def at_least(count: int, argv: list[str], code: int = errors.PERMANENT) -> list[str]:
    """The operands, when there are that many or more; a usage error with that code otherwise."""
    if len(argv) < count:
        raise Usage(code=code)
    return argv


class Options:
    """The originals' option parser: iterate for (letter, value) pairs, then read `operands`.

    Letters cluster (-vRH); an option with a value takes the rest of its word, or the next
    word. A lone «-» is an
    operand; any word that begins with «--» ends the options and is swallowed.
    """

    def __init__(self, argv: list[str], plain: str, valued: str = "") -> None:
        self.operands = list(argv)
        self.plain = plain
        self.valued = valued

    def __iter__(self) -> Iterator[tuple[str, str]]:
        while self.operands and self.operands[0].startswith("-") and self.operands[0] != "-":
            word = self.operands.pop(0)[1:]
            if word.startswith("-"):
                return
            while word:
                letter, word = word[0], word[1:]
                if letter in self.valued:
                    yield letter, word or self.next_word(letter)
                    word = ""
                elif letter in self.plain:
                    yield letter, ""
                else:
                    raise Usage(f"illegal option -- {first_byte(letter)}")

    def next_word(self, letter: str) -> str:
        if not self.operands:
            raise Usage(f"option requires an argument -- {letter}")
        return self.operands.pop(0)


def first_byte(letter: str) -> str:
    """All that the originals know of a letter."""
    return os.fsdecode(os.fsencode(letter)[:1])


class LongOptions:
    """Options that are words: iterate for (name, value) pairs, then read `operands`.

    An option with a value takes what follows its «=», or the next word. A lone «--» ends the
    options; any word that does not begin with «--» is an operand, «-x» too.
    """

    def __init__(self, argv: list[str], plain: set[str], valued: set[str]) -> None:
        self.operands = list(argv)
        self.plain = plain
        self.valued = valued

    def __iter__(self) -> Iterator[tuple[str, str]]:
        while self.operands and self.operands[0].startswith("--"):
            name, equals, value = self.operands.pop(0)[2:].partition("=")
            if name in self.valued:
                yield name, value if equals else self.next_word(name)
            elif name in self.plain and not equals:
                yield name, ""
            elif name or equals:
                raise Usage(f"illegal option -- {name}")
            else:
                return

    def next_word(self, name: str) -> str:
        if not self.operands:
            raise Usage(f"option requires an argument -- {name}")
        return self.operands.pop(0)


def become(argv: list[str], environment: Environment | None = None) -> int:
    """Go on as the program named by argv[0], with that environment, or this one.

    The name is searched in the PATH of the environment before the change. Returns the exit code of
    a program called in place; one that is exec'ed never returns. Raises OSError where there is
    none that can be run.
    """
    execute_unless_ours(argv, environment)
    return take_over(argv, environment)


def become_or_fail(
    argv: list[str], environment: Environment | None = None, called: str | None = None
) -> int:
    """As `become`, with the line that every loader says when the program cannot be run. One that
    is exec'ed is told that it is called `called`, and argv[0] otherwise."""
    with errors.unable_to(f"run {argv[0]}"):
        execute_unless_ours(argv, environment, called)
    return take_over(argv, environment)


def execute_unless_ours(
    argv: list[str], environment: Environment | None, called: str | None = None
) -> None:
    """Exec the program that argv[0] names; return where it is ours, to be called instead.

    Raises OSError by the originals' rules of search, which are not those of execvp: whatever is
    not absence or refusal (ENOTDIR, ENOEXEC, ELOOP…) stops it at once, and the last refusal is
    what is reported.
    """
    told = argv if called is None else [called, *argv[1:]]
    trouble: OSError = FileNotFoundError(errno.ENOENT, argv[0])
    for path in search.candidates(argv[0]):
        if search.in_place(argv[0], path):
            return
        try:
            execute(path, told, environment)
        except FileNotFoundError:
            pass
        except (PermissionError, IsADirectoryError) as refusal:
            trouble = refusal
    raise trouble


def preload(words: list[str]) -> None:
    """Import now whatever a later `become` of these words may call, while we may still read our
    own files; a program that imports more as it goes on has a `prepare` for that."""
    if not (all(words) and all(os.environb)):
        from supervise.unix import linux  # noqa: F401 - `execute` wants it for these
    for word in words:
        if search.may_be_in_place(word):
            command = registry.load(os.path.basename(word))
            getattr(command, "prepare", nothing)()


def nothing() -> None:
    """What most programs have to prepare."""


def take_over(argv: list[str], environment: Environment | None) -> int:
    """Go on as a program of ours, in this process."""
    if environment is not None:
        change_environment(environment)
    forget()
    processes.set_title(argv)
    return run(os.path.basename(argv[0]), argv[1:])


def change_environment(wanted: Environment) -> None:
    """Make this process's variables these; one without a name, which Python cannot touch, stays."""
    for name in set(os.environb) - set(wanted):
        if name:
            del os.environb[name]
    os.environb.update({name: value for name, value in wanted.items() if name})


def forget() -> None:
    """Do to this process what exec would have done."""
    flush()
    signals.reset()
    descriptors.close_on_exec_now()


def execute(path: bytes, argv: list[str], environment: Environment | None = None) -> None:
    """Exec a program that may be foreign, with the signals that Python changed put back."""
    flush()
    signals.reset()
    variables = os.environb if environment is None else environment
    if argv[0] and all(variables):
        os.execve(path, argv, variables)
    # Python refuses to pass on an empty word or a variable without a name; the kernel does not.
    from supervise.unix import linux

    linux.execve(path, [os.fsencode(word) for word in argv], variables)


def flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
