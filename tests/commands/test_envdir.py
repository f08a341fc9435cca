from __future__ import annotations

import pytest

from tests.support import processes

USAGE = b"envdir: usage: envdir dir child\n"
# A LANG that is no «C» keeps the interpreter from putting an LC_CTYPE of its own.
BASE = {"LANG": "C.UTF-8"}


def env(**more):
    return {**BASE, **more}


def environment(done):
    assert (done.code, done.stderr) == (0, b"")
    return dict(entry.partition(b"=")[::2] for entry in done.stdout.split(b"\0")[:-1])


@pytest.mark.parametrize("argv", [[], ["dir"]])
def test_wrong_usage(run, argv):
    assert run("envdir", *argv) == (111, b"", USAGE)


def test_the_child_gets_what_the_files_say(run, tmp_path):
    (tmp_path / "NEW").write_bytes(b" one \ntwo")
    (tmp_path / "OLD").write_bytes(b"changed\n")
    (tmp_path / "GONE").touch()
    (tmp_path / "EMPTY").write_bytes(b"\n")
    (tmp_path / "LINES").write_bytes(b"a\0b")
    (tmp_path / "I=J").write_bytes(b"k")
    (tmp_path / "LINK").symlink_to("nowhere")
    (tmp_path / ".dot").write_bytes(b"no")
    before = env(OLD="1", GONE="1", LINK="1", KEPT="\udcff", I="0")
    done = run("envdir", str(tmp_path), "/usr/bin/env", "-0", env=before)
    assert environment(done) == {
        b"LANG": b"C.UTF-8", b"KEPT": b"\xff", b"NEW": b" one", b"OLD": b"changed", b"EMPTY": b"",
        b"LINES": b"a\nb", b"I": b"J=k",
    }  # fmt: skip


def test_the_child_is_searched_in_the_path_that_was(run, tmp_path):
    (tmp_path / "PATH").write_bytes(b"/nowhere")
    done = run("envdir", str(tmp_path), "env", "-0", env=env(PATH="/usr/bin"))
    assert environment(done) == {b"LANG": b"C.UTF-8", b"PATH": b"/nowhere"}


def test_the_child_runs_where_it_was_called(run, tmp_path):
    (tmp_path / "env").mkdir()
    done = run("envdir", "env", "/bin/pwd", cwd=tmp_path, env=env())
    assert done == (0, str(tmp_path).encode() + b"\n", b"")


def test_what_cannot_be_read(run, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "bad" / "sub").mkdir(parents=True)
    (tmp_path / "loop").mkdir()
    (tmp_path / "loop" / "X").symlink_to("X")
    for directory, text in {
        "missing": b"switch to directory missing: file does not exist",
        "file": b"switch to directory file: not a directory",
        "bad": b"read bad/sub: is a directory",
        "loop": b"read loop/X: symbolic link loop",
    }.items():
        done = run("envdir", directory, "/usr/bin/env", cwd=tmp_path)
        assert done == (111, b"", b"envdir: fatal: unable to " + text + b"\n")


def test_a_variable_without_a_name(run, tmp_path):
    (tmp_path / "=X").write_bytes(b"y")
    done = run("envdir", ".", "/usr/bin/env", cwd=tmp_path)
    assert done == (111, b"", b"envdir: fatal: unable to set ./=X: a variable needs a name\n")


def test_a_child_that_cannot_be_run(run, tmp_path):
    done = run("envdir", str(tmp_path), "/nonexistent/child")
    fatal = b"envdir: fatal: unable to run /nonexistent/child: file does not exist\n"
    assert done == (111, b"", fatal)


def test_a_child_of_ours_is_called_in_the_new_environment(run, tmp_path):
    for name in ("A", "B"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text("set")
    (tmp_path / "B" / "A").touch()
    chain = [str(tmp_path / "A"), "envdir", str(tmp_path / "B"), "/usr/bin/env", "-0"]
    done = run("envdir", *chain, env=env(PATH=processes.our_path()))
    assert set(environment(done)) == {b"LANG", b"PATH", b"B"}


def test_a_working_directory_that_we_may_not_read_is_no_trouble(run, tmp_path):
    (tmp_path / "env").mkdir()
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed").chmod(0o311)
    done = run("envdir", str(tmp_path / "env"), "/bin/true", cwd=tmp_path / "closed")
    assert done == (0, b"", b"")
