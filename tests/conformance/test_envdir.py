"""Our envdir beside Debian's daemontools, which has the original."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import differences, processes
from tests.support.generators import any_words, texts
from tests.support.oracle import oracle, same
from tests.support.sidebyside import BASE, empty, needs, ours, theirs

pytestmark = needs("envdir")

CLOSED_MODES = {"unreadable": 0o300, "unsearchable": 0o600}

LEFT_OUT = [
    "envdir: a file name that begins with `=`",
]


# Not «a file name that begins with =», which README's table has.
names = st.one_of(
    st.sampled_from(["A", "B", "C", "PATH", "I=J", "A=B", ".hidden", "a-b", "A=", "LD_X"]),
    st.text("abXY_= \n", min_size=1, max_size=4),
    any_words,
    st.sampled_from(["n" * 255, "=" + "n" * 200]),
).filter(lambda name: name not in ("", ".", "..") and "/" not in name and name[0] != "=")
contents = texts([b"a", b"b=c", b" ", b"\t", b"\n", b"\r", b"\0", b"=", b"\xff", b" \n", b"\x0b"])
before = st.dictionaries(
    st.sampled_from(["A", "B", "I", "a", "X", "PATH", "n" * 255]),
    st.one_of(st.text("xyz =", max_size=3), any_words),
    max_size=5,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("envdir") / "work"


def variables(finished):
    """The child's environment in no order: the original's is an accident."""
    return finished._replace(stdout=sorted(finished.stdout.split(b"\0")))


def keep_one(files):
    """Files that act on one variable twice do so in the order of the directory, by chance."""
    return {name.partition("=")[0]: (name, content) for name, content in files.items()}.values()


@oracle
@given(st.dictionaries(names, contents, max_size=6), before)
def test_random_directories_give_the_same_environment(folder, files, environment):
    empty(folder)
    (folder / "env").mkdir()
    for name, content in keep_one(files):
        (folder / "env" / name).write_bytes(content)
    env = {"LANG": "C.UTF-8", **environment}
    same("envdir", "env", "/usr/bin/env", "-0", env=env, cwd=folder, plain=variables)


def prepare(folder):
    empty(folder)
    for name in ("env", "nothing", "directory", "loop", "fifo"):
        (folder / name).mkdir()
    (folder / "env" / "A").write_bytes(b"b" * 100000 + b" \n")
    (folder / "env" / ".dot").mkdir()
    (folder / "directory" / "sub").mkdir()
    (folder / "loop" / "X").symlink_to("X")
    os.mkfifo(folder / "fifo" / "PIPE")
    (folder / "file").touch()
    (folder / "script").write_text("echo no interpreter line\n")
    (folder / "script").chmod(0o755)


CHILD = ("/usr/bin/env", "-0")


@pytest.mark.parametrize(
    "argv",
    [
        (), ("env",), ("missing", *CHILD), ("file", *CHILD), ("directory", *CHILD), ("env", *CHILD),
        ("loop", *CHILD), ("fifo", *CHILD), ("nothing", *CHILD), ("-h", *CHILD), ("--", *CHILD),
        ("", *CHILD), ("env/", *CHILD), ("env", "nonexistent"), ("env", "/nonexistent/child"),
        ("env", "./script"), ("env", "env", "-0"), ("env", "./directory"), ("env", "file/x"),
        ("env", "/bin/sh", "-c", "exit 9"), ("env", "/bin/pwd"),
    ],
    ids=str,
)  # fmt: skip
def test_the_same_answer_to_every_call(folder, argv):
    prepare(folder)
    original = theirs(folder, "envdir", *argv)
    done = ours(folder, "envdir", *argv)
    assert variables(done.finished) == variables(original.finished)
    assert done.files == original.files


@pytest.mark.needs_root
@pytest.mark.parametrize("kind", CLOSED_MODES)
def test_what_a_user_may_not_read(folder, kind):
    prepare(folder)
    for path in (folder, *folder.parents[:3]):
        path.chmod(0o755)
    (folder / "env").chmod(CLOSED_MODES[kind])
    os.chown(folder / "env", 65534, 65534)
    call = ("nobody", "/usr/bin/envdir", "env", *CHILD)
    original = processes.finish(["/usr/bin/setuidgid", *call], cwd=folder, env=BASE)
    call = ("nobody", "envdir", "env", *CHILD)
    env = {**BASE, "PATH": processes.our_path()}
    done = processes.finish([processes.script("setuidgid"), *call], cwd=folder, env=env)
    assert original.code == 111
    assert done == original


def test_the_descriptors_of_the_child(folder):
    prepare(folder)
    script = "cd /proc/self/fd; for n in *; do echo $n; done"
    with open("/dev/null", "rb") as passed:
        seen = [
            processes.finish(
                [*command, "env", "/bin/sh", "-c", script],
                cwd=folder, env=BASE, pass_fds=[passed.fileno()],
            )
            for command in (["/usr/bin/envdir"], [processes.script("envdir")])
        ]  # fmt: skip
        assert b"\n%d\n" % passed.fileno() in seen[0].stdout
    assert seen[1] == seen[0]


@pytest.mark.parametrize("row", LEFT_OUT)
def test_what_the_oracle_leaves_out_is_in_the_table(row):
    differences.stand_by(row)
