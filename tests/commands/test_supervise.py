from __future__ import annotations

import os
import signal
import sys

import pytest

from tests.support import processes, trees
from tests.support.patience import eventually

LEAVE = f"{processes.script('svc')} -x ."
USAGE = b"supervise: usage: supervise dir\n"


@pytest.mark.parametrize("argv", [[], ["a", "b"]])
def test_wrong_usage(run, argv):
    assert run("supervise", *argv) == (100, b"", USAGE)


def test_a_directory_that_is_not_there(run):
    done = run("supervise", "missing")
    failure = b"supervise: fatal: unable to chdir to missing: file does not exist\n"
    assert done == (111, b"", failure)


def test_it_leaves_when_told_and_the_service_has_ended(run, tmp_path):
    trees.make_service(tmp_path / "sv", f"{LEAVE}; echo hi")
    assert run("supervise", "sv", cwd=tmp_path) == (0, b"hi\n", b"")


def test_a_service_that_becomes_another_is_one_service(run, tmp_path):
    service = trees.make_service(tmp_path / "sv", "echo first $$; exec ./second")
    trees.write_script(service / "second", f"echo second $$; {LEAVE}")
    done = run("supervise", "sv", cwd=tmp_path)
    first, second = done.stdout.split(b"\n", 1)
    assert (done.code, second) == (0, first.replace(b"first", b"second") + b"\n")


def test_a_service_that_is_named_by_an_absolute_path(run, tmp_path):
    service = trees.make_service(tmp_path / "sv", f"{LEAVE}; pwd")
    assert run("supervise", str(service)) == (0, f"{service}\n".encode(), b"")


def view(run, tmp_path, script: str) -> list[bytes]:
    """What a service says whose run script is that."""
    trees.make_service(tmp_path / "sv", script)
    done = run("supervise", "sv", cwd=tmp_path, env={"PATH": processes.our_path(), "PWD": "/stale"})
    assert (done.code, done.stderr) == (0, b"")
    return done.stdout.splitlines()


def test_a_plain_exec_of_a_program_of_ours_is_called_in_place(run, tmp_path):
    """The working directory is named as a shell would have named it."""
    (tmp_path / "env").mkdir()
    trees.write_script(
        tmp_path / "show",
        f"import os; print(os.environ['PWD'], os.getcwd()); os.system('{LEAVE}')",
        first_line=f"#!{sys.executable}\n",
    )
    (line,) = view(run, tmp_path, "exec envdir ../env ../show")
    assert line.split() == [os.fsencode(tmp_path / "sv")] * 2


def test_another_program_sees_the_environment_as_it_was(run, tmp_path):
    script = f"import os; print(os.environ['PWD']); os.system('{LEAVE}')"
    service = trees.make_service(tmp_path / "sv", script, first_line=f"#!{sys.executable}\n")
    env = {"PATH": processes.our_path(), "PWD": "/stale"}
    assert run("supervise", str(service), env=env) == (0, b"/stale\n", b"")


def test_standard_error_goes_where_the_script_says(run, tmp_path):
    (tmp_path / "env").mkdir()
    script = f"exec envdir ../env /bin/sh -c '{LEAVE}; echo here >/proc/self/fd/2' 2>&1"
    assert view(run, tmp_path, script) == [b"here"]


def test_real_execs_can_be_forced(tmp_path, background):
    for forced in (False, True):
        service = trees.make_service(tmp_path / f"sv{forced}", "exec multilog ./main")
        environment = {"PATH": processes.our_path(), **({"SUPERVISE_EXEC": "1"} if forced else {})}
        background.start(processes.module("supervise", str(service)), env=environment, stdin=-1)
        pid = trees.started(service)
        eventually((service / "main/lock").exists)
        assert (" -m supervise supervise" in processes.title(pid)) is not forced


SPOILT = {
    "missing": (lambda path: None, "file does not exist"),
    "directory": (lambda path: path.mkdir(), "access denied"),
    "not executable": (lambda path: path.write_text("#!/bin/sh\n"), "access denied"),
    "no first line": (
        lambda path: trees.write_script(path, "", first_line=""),
        "exec format error",
    ),
    "no interpreter": (lambda path: trees.write_script(path, "", "#!/no\n"), "file does not exist"),
}


def test_what_cannot_be_started_is_told_and_tried_again(tmp_path, background):
    for name, (spoil, _) in SPOILT.items():
        service = trees.make_service(tmp_path / name / "sv", run=None)
        spoil(service / "run")
        with (tmp_path / name / "errors").open("wb") as errors:
            command = processes.module("supervise", "sv")
            background.start(command, cwd=tmp_path / name, stderr=errors)
    for name, (_, reason) in SPOILT.items():
        line = f"supervise: fatal: unable to start sv/run: {reason}\n"
        said = tmp_path / name / "errors"
        eventually(lambda said=said, line=line: said.read_text().startswith(line * 2))
        assert set(said.read_text().splitlines(keepends=True)) == {line}
    for name in SPOILT:
        service = tmp_path / name / "sv"
        if (service / "run").is_dir():
            (service / "run").rmdir()
        trees.write_script(service / "run", trees.SLEEP)
        assert trees.started(service)


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT], ids=lambda n: n.name
)
def test_signals_stop_the_service_and_leave(tmp_path, background, number):
    service = trees.make_service(tmp_path / "sv")
    supervise = background.start(processes.module("supervise", "sv"), cwd=tmp_path)
    pid = trees.started(service)
    trees.control(service, b"p")
    eventually(lambda: processes.state(pid) == "T")
    supervise.send_signal(number)
    assert supervise.wait() == 0
    assert trees.ended(pid)
    record = trees.read(service)
    assert (record.pid, record.paused, record.want) == (None, False, b"d")


def test_a_session_of_its_own(tmp_path, background):
    service = trees.make_service(tmp_path / "sv")
    background.start(processes.module("supervise", "sv"), cwd=tmp_path)
    pid = trees.started(service)
    eventually(lambda: os.getsid(pid) == pid)


def test_closed_standard_descriptors_are_not_taken_by_our_files(tmp_path, background):
    service = trees.make_service(tmp_path / "sv", run=None)
    program = 'exec 0<&- 1<&- 2<&-; exec "$@"'
    command = ["/bin/sh", "-c", program, "sh", sys.executable, "-m", "supervise", "supervise"]
    supervise = background.start([*command, str(service)])
    eventually(lambda: trees.is_supervised(service))
    first = trees.descriptors(supervise.pid)
    assert [first[number] for number in (0, 1, 2)] == ["/dev/null"] * 3
    assert (service / "supervise/lock").read_bytes() == b""
