from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from supervise import errors, program, registry, search
from supervise.unix import processes
from tests.support.forks import in_a_fork
from tests.support.processes import SCRIPTS, Finished, finish, module, script
from tests.support.scripts import OURS, place, saying

# The option parser.


def parsed(argv: list[str], plain: str = "vRH", valued: str = "cl") -> tuple[list, list[str]]:
    options = program.Options(argv, plain, valued)
    return list(options), options.operands


@pytest.mark.parametrize(
    ("argv", "letters", "operands"),
    [
        ([], [], []),
        (["a", "-v"], [], ["a", "-v"]),  # no permutation
        (["-v", "a"], ["v"], ["a"]),
        (["-vRH"], ["v", "R", "H"], []),
        (["-v", "-v"], ["v", "v"], []),
        (["-", "-v"], [], ["-", "-v"]),  # a lone - is an operand
        (["-v", "-", "a"], ["v"], ["-", "a"]),
        (["--", "-v"], [], ["-v"]),
        (["--help", "-v"], [], ["-v"]),  # whatever begins with -- is swallowed
        (["-v", "--whatever", "a"], ["v"], ["a"]),
        (["", "-v"], [], ["", "-v"]),
        (["-c5"], [("c", "5")], []),
        (["-c", "5", "a"], [("c", "5")], ["a"]),
        (["-vc5"], ["v", ("c", "5")], []),
        (["-vc", "5"], ["v", ("c", "5")], []),
        (["-cv"], [("c", "v")], []),
        (["-c", "-v"], [("c", "-v")], []),  # a value may look like an option
        (["-c", "--", "-v"], [("c", "--"), "v"], []),
        (["-l", "", "a"], [("l", "")], ["a"]),  # or be empty
        (["-l0", "-l1"], [("l", "0"), ("l", "1")], []),
        (["-v-"], None, "illegal option -- -"),
        (["-z"], None, "illegal option -- z"),
        (["-vz"], None, "illegal option -- z"),
        (["-c"], None, "option requires an argument -- c"),
        (["-vc"], None, "option requires an argument -- c"),
        (["-\udce9"], None, "illegal option -- \udce9"),
        (["-é"], None, "illegal option -- \udcc3"),  # its first byte
    ],
)
def test_options(argv, letters, operands):
    if letters is None:
        with pytest.raises(errors.Usage) as wrong:
            parsed(argv)
        assert (wrong.value.text, wrong.value.code) == (operands, 100)
    else:
        pairs = [one if isinstance(one, tuple) else (one, "") for one in letters]
        assert parsed(argv) == (pairs, operands)


def test_options_before_a_wrong_one_have_been_heard():
    options = iter(program.Options(["-vz"], "v"))
    assert next(options) == ("v", "")
    with pytest.raises(errors.Usage):
        next(options)


@pytest.mark.parametrize(
    ("argv", "names", "operands"),
    [
        ([], [], []),
        (["a", "--on"], [], ["a", "--on"]),  # no permutation
        (["--on", "a"], [("on", "")], ["a"]),
        (["--on", "--file", "a", "b"], [("on", ""), ("file", "a")], ["b"]),
        (["--file=a", "--file=b"], [("file", "a"), ("file", "b")], []),
        (["--file=", "a"], [("file", "")], ["a"]),
        (["--file=a=b"], [("file", "a=b")], []),
        (["--file", "--on", "a"], [("file", "--on")], ["a"]),  # a value may look like an option
        (["--on", "-x", "--on"], [("on", "")], ["-x", "--on"]),
        (["--", "--on"], [], ["--on"]),
        (["--on", "--", "--", "a"], [("on", "")], ["--", "a"]),
        (["-", "--on"], [], ["-", "--on"]),
        (["", "--on"], [], ["", "--on"]),
        (["--off"], None, "illegal option -- off"),
        (["--o"], None, "illegal option -- o"),  # nothing is guessed
        (["--on=1"], None, "illegal option -- on"),
        (["--=a"], None, "illegal option -- "),
        (["--\udce9"], None, "illegal option -- \udce9"),
        (["--file"], None, "option requires an argument -- file"),
    ],
)
def test_long_options(argv, names, operands):
    options = program.LongOptions(argv, {"on"}, {"file"})
    if names is None:
        with pytest.raises(errors.Usage) as wrong:
            list(options)
        assert wrong.value.text == operands
    else:
        assert (list(options), options.operands) == (names, operands)


def test_the_arguments_are_left_alone():
    argv = ["-v", "a"]
    parsed(argv)
    assert argv == ["-v", "a"]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_exactly(count):
    with pytest.raises(errors.Usage):
        program.exactly(2, ["x"] * count)
    assert program.exactly(2, ["a", "b"]) == ["a", "b"]


def test_at_least():
    with pytest.raises(errors.Usage) as wrong:
        program.at_least(2, ["a"], code=111)
    assert wrong.value.code == 111
    assert program.at_least(2, ["a", "b", "c"]) == ["a", "b", "c"]


# What ends a program is one line.


def failing(error: BaseException) -> Callable[[], int]:
    def call() -> int:
        raise error

    return call


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (errors.Failure("unable to x"), 111, "svc: fatal: unable to x\n"),
        (errors.Mistake("bad y"), 100, "svc: fatal: bad y\n"),
        (errors.Usage(), 100, "svc: usage: svc\n"),
        (errors.Usage(code=111), 111, "svc: usage: svc\n"),
        (errors.Usage("illegal option -- z"), 100, "svc: illegal option -- z\nsvc: usage: svc\n"),
        (MemoryError(), 111, "svc: fatal: out of memory\n"),
    ],
)
def test_what_ends_a_program_is_told_in_its_name(error, code, text, capfd):
    assert program.guarded("svc", "svc: usage: svc", failing(error)) == code
    assert capfd.readouterr() == ("", text)


def test_what_nobody_foresaw_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        program.guarded("svc", "svc: usage: svc", failing(ZeroDivisionError()))


def test_a_program_s_own_code_is_its_exit_code(capfd):
    assert program.guarded("svc", "", lambda: 7) == 7
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", sorted(registry.PROGRAMS))
def test_the_manual(name, capfd):
    assert program.run(name, ["--help"]) == 0
    out, err = capfd.readouterr()
    command = registry.load(name)
    assert err == ""
    assert out.startswith(f"{name}: {command.__doc__.strip().splitlines()[0]}\n")
    assert out.endswith(f"\n\n{command.USAGE}\n")


def test_the_version(run):
    assert run("svok", "--version") == (0, b"svok (supervise-tools) 0.1.0\n", b"")


def test_help_is_one_only_as_the_only_argument(run, tmp_path):
    assert run("svc", "--help", str(tmp_path / "nowhere")).stderr.startswith(b"svc: warning: ")


def test_help_that_cannot_be_written_is_one_line():
    with open("/dev/full", "wb") as full:
        command = module("svok", "--help")
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    line = b"svok: fatal: unable to write to standard output: out of disk space\n"
    assert (done.returncode, done.stderr) == (111, line)


# The search for the next program.


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SUPERVISE_EXEC", raising=False)
    monkeypatch.setattr(search, "known", {})
    return tmp_path


def load(
    argv: list[str], path: str | None, environment: dict[bytes, bytes] | None = None
) -> Finished:
    """Become a program in a fork, as a loader does at its end."""
    outputs = [Path("out"), Path("err")]

    def child() -> int:
        for number, output in enumerate(outputs, start=1):
            os.dup2(os.open(output, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o666), number)
        os.environ.pop("PATH")
        if path is not None:
            os.environ["PATH"] = path
        return program.guarded("loader", "", lambda: program.become_or_fail(argv, environment))

    _, status = os.waitpid(processes.fork(child), 0)
    return Finished(os.waitstatus_to_exitcode(status), *(one.read_bytes() for one in outputs))


def refusal(name: str, reason: str) -> Finished:
    return Finished(111, b"", f"loader: fatal: unable to run {name}: {reason}\n".encode())


def test_a_name_with_a_slash_is_not_searched(folder):
    place(folder / "bin" / "x", saying("found"))
    assert load(["bin/x", "a"], path="/nonexistent").stdout == b"found bin/x a\n"
    assert load(["./x"], path=str(folder / "bin")) == refusal("./x", "file does not exist")


def test_the_first_in_path_wins(folder):
    place(folder / "one" / "x", saying("one"))
    place(folder / "two" / "x", saying("two"))
    done = load(["x", "a b"], path=f"{folder}/zero:{folder}/one:{folder}/two")
    assert done == (0, f"one {folder}/one/x a b\n".encode(), b"")


def test_argv_0_is_the_name_as_typed(folder):
    assert load(["sh", "-c", "cat /proc/$$/cmdline"], path="/bin").stdout.startswith(b"sh\0-c\0")


@pytest.mark.parametrize("path", ["", ":/nonexistent", "/nonexistent:", "/a::/b"])
def test_an_empty_component_is_the_current_directory(folder, path):
    place(folder / "x", saying("here"))
    assert load(["x"], path).stdout == b"here ./x\n"


def test_without_a_path_it_is_bin_and_usr_bin(folder):
    assert load(["true"], path=None) == (0, b"", b"")
    place(folder / "x", saying("here"))
    assert load(["x"], path=None) == refusal("x", "file does not exist")


def test_absence_and_refusal_go_on(folder):
    place(folder / "refused" / "x", saying("no"), mode=0o644)
    (folder / "directory" / "x").mkdir(parents=True)
    place(folder / "last" / "x", saying("last"))
    (folder / "dangling").mkdir()
    (folder / "dangling" / "x").symlink_to("nowhere")
    path = f"{folder}/none:{folder}/refused:{folder}/directory:{folder}/dangling:{folder}/last"
    assert load(["x"], path).stdout.startswith(b"last ")


def test_a_script_whose_interpreter_is_missing_is_passed_by(folder):
    place(folder / "one" / "x", "#!/nonexistent/interpreter\n")
    place(folder / "two" / "x", saying("two"))
    assert load(["x"], f"{folder}/one:{folder}/two").stdout.startswith(b"two ")


def test_the_last_refusal_is_reported_rather_than_absence(folder):
    place(folder / "refused" / "x", saying("no"), mode=0o644)
    assert load(["x"], f"{folder}/refused:{folder}/none") == refusal("x", "access denied")
    assert load(["x"], f"{folder}/none:{folder}") == refusal("x", "file does not exist")


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        ("file", "not a directory"),
        ("text", "exec format error"),
        ("empty", "exec format error"),
        ("loop", "symbolic link loop"),
        ("n" * 300, "file name too long"),
    ],
)
def test_whatever_else_is_wrong_stops_the_search(folder, before, reason):
    place(folder / "file", "")
    place(folder / "text" / "x", "echo no interpreter line\n")
    place(folder / "empty" / "x", "")
    (folder / "loop").mkdir()
    (folder / "loop" / "x").symlink_to("x")
    place(folder / "good" / "x", saying("never"))
    assert load(["x"], f"{folder}/{before}:{folder}/good") == refusal("x", reason)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/bin", "access denied"),
        ("/nonexistent", "file does not exist"),
        ("/bin:/nonexistent", "access denied"),
        ("/etc/passwd", "not a directory"),
    ],
)
def test_an_empty_name_is_searched_like_any_other(folder, path, reason):
    assert load([""], path=path) == refusal("", reason)


def test_the_old_path_is_searched_and_the_new_environment_given(folder):
    place(folder / "old" / "x", saying("old"))
    place(folder / "new" / "x", saying("new"))
    new = {b"PATH": os.fsencode(folder / "new"), b"A": b"\xff"}
    assert load(["x"], str(folder / "old"), new).stdout.startswith(b"old ")
    assert load(["env"], "/usr/bin", new).stdout.splitlines() == [
        b"PATH=" + new[b"PATH"],
        b"A=\xff",
    ]


# Programs of ours are called in place.


def test_a_foreign_program_of_our_name_is_run_where_it_comes_first(folder):
    place(folder / "svok", saying("foreign"))
    assert (
        load(["svok", "a"], f"{folder}:{SCRIPTS}").stdout == f"foreign {folder}/svok a\n".encode()
    )


def test_ours_is_called_and_speaks_in_its_own_name(folder):
    done = load(["svok"], str(SCRIPTS))
    assert done == (100, b"", b"svok: usage: svok dir\n")


def test_trouble_inside_a_program_in_place_is_no_trouble_of_the_search(folder):
    """The next candidate must not be run in its stead."""
    place(folder / "svok", saying("run in its stead"))

    def raising(argv: list[str]) -> int:
        raise FileNotFoundError(2, "inside")

    def child() -> str:
        registry.load("svok").main = raising
        os.environ["PATH"] = f"{SCRIPTS}:{folder}"
        try:
            program.become_or_fail(["svok"])
        except FileNotFoundError as error:
            return error.strerror
        return "hidden"

    assert in_a_fork(child) == "inside"


def test_a_program_in_place_has_the_new_environment(folder):
    def child() -> list[dict[bytes, bytes]]:
        seen = []
        registry.load("svok").main = lambda argv: seen.append(dict(os.environb)) or 0
        os.environ["PATH"] = str(SCRIPTS)
        program.become(["svok"], {b"A": b"\xff"})
        program.become([script("svok")], os.environb)
        return seen

    assert in_a_fork(child) == [{b"A": b"\xff"}] * 2


def test_what_comes_later_is_loaded_before_privileges_are_dropped(folder):
    def child() -> list[bool]:
        os.environ["PATH"] = str(SCRIPTS)
        names = ["supervise.commands.recordio", "supervise.commands.svstat"]
        for name in names:
            sys.modules.pop(name, None)
        program.preload(["recordio", "-x", script("svstat"), "cat", "none"])
        return [name in sys.modules for name in names]

    assert in_a_fork(child) == [True, True]


def test_what_an_odd_exec_needs_is_loaded_then_too(folder):
    def child() -> list[bool]:
        loaded = []
        for words in (["cat"], ["cat", ""]):
            sys.modules.pop("supervise.unix.linux", None)
            vars(sys.modules["supervise.unix"]).pop("linux", None)
            program.preload(words)
            loaded.append("supervise.unix.linux" in sys.modules)
        return loaded

    assert in_a_fork(child) == [False, True]


def test_what_a_program_prepares_is_loaded_then_too(folder):
    def child() -> list[str]:
        os.environ["PATH"] = str(SCRIPTS)
        prepared: list[str] = []
        registry.load("rblsmtpd").prepare = lambda: prepared.append("rblsmtpd")
        program.preload(["rblsmtpd", "svok", "cat"])
        return prepared

    assert in_a_fork(child) == ["rblsmtpd"]


# In place a program finds what it would find after an exec: both ways, one probe.

PROBE = """
import json, os, sys
from pathlib import Path

USAGE = "probe: usage: probe"

def main(argv):
    numbers = [n for n in range(64) if os.path.exists(f"/proc/self/fd/{n}")]
    status = Path("/proc/self/status").read_text().splitlines()
    seen = {
        "argv": argv,
        "descriptors": numbers,
        "signals": [line for line in status if line.startswith(("SigIgn", "SigCgt", "SigBlk"))],
        "umask": os.umask(0),
        "cwd": os.getcwd(),
        "environment": {name: word for name, word in os.environ.items() if name != "LC_CTYPE"},
        "here": hasattr(sys.modules["__main__"], "LOADER"),
    }
    os.write(1, json.dumps(seen).encode())
    return 3
"""
ADMITTING = """
import supervise.commands
from supervise import registry
supervise.commands.__path__.append({folder!r})
registry.PROGRAMS["probe"] = "probe"
"""
LOADER = """
import os, signal, sys
from supervise import program
from supervise.unix import channels, linux, signals
LOADER = True
os.set_inheritable(os.open("/dev/null", os.O_RDONLY), True)
private = [os.open("/dev/null", os.O_RDONLY), *os.pipe(), *channels.pair(), linux.inotify_init()]
os.set_inheritable(os.dup2(private[0], 40), True)
signals.wake_on(signal.SIGTERM, signal.SIGCHLD, signal.SIGUSR2)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
signal.signal(signal.SIGPIPE, lambda *_: None)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
os.umask(0o027)
print("said before", end=" ")
environment = {b"A": b"1", **{n: w for n, w in os.environb.items() if n == b"SUPERVISE_EXEC"}}
code = program.become(["probe", "a", ""], environment)
program.flush()
os._exit(code)
"""


@pytest.fixture
def probed(folder) -> Callable[..., dict[str, object]]:
    admitting = ADMITTING.format(folder=str(folder / "modules"))
    (folder / "modules").mkdir()
    (folder / "modules" / "probe.py").write_text(PROBE)
    place(folder / "bin" / "probe", f"{OURS}{admitting}\nmain()\n")

    def call(**environment: str) -> dict[str, object]:
        path = {"PATH": str(folder / "bin"), "PYTHONPATH": os.pathsep.join(sys.path)}
        done = finish([sys.executable, "-c", admitting + LOADER], env={**path, **environment})
        assert done.stderr == b""
        assert done.code == 3
        assert done.stdout.startswith(b"said before {")
        return json.loads(done.stdout.removeprefix(b"said before "))

    return call


def test_in_place_is_as_after_an_exec(probed):
    in_place, execed = probed(), probed(SUPERVISE_EXEC="1")
    assert (in_place.pop("here"), execed.pop("here")) == (True, False)
    assert execed["environment"].pop("SUPERVISE_EXEC") == "1"
    assert in_place == execed
    assert in_place["argv"] == ["a", ""]
    assert in_place["descriptors"] == [0, 1, 2, 3, 40]
    assert in_place["environment"] == {"A": "1"}
    assert in_place["umask"] == 0o027
    ignored, caught, blocked = (
        int(next(line for line in in_place["signals"] if name in line).split()[1], 16)
        for name in ("SigIgn", "SigCgt", "SigBlk")
    )
    assert (ignored, caught) == (1 << signal.SIGHUP - 1, 0)
    assert blocked == 1 << signal.SIGUSR1 - 1
