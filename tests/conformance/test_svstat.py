"""svc, svstat and svok beside the originals, over our supervise and over theirs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from supervise.formats import status, tai64
from supervise.formats.status import DOWN, ONCE, UP, Status
from tests.support import generators, sidebyside, trees
from tests.support import oracle as oracles
from tests.support.oracle import Call, Start, oracle, start_theirs
from tests.support.patience import eventually
from tests.support.processes import Finished, finish, module

pytestmark = sidebyside.needs("supervise", "svc", "svstat", "svok")

OURS = module("supervise")
SUPERVISES = pytest.mark.parametrize(
    "supervise", [["/usr/bin/supervise"], OURS], ids=["their supervise", "our supervise"]
)
CLIENTS = pytest.mark.parametrize(
    ("svc", "svstat", "svok"),
    [
        (["/usr/bin/svc"], ["/usr/bin/svstat"], ["/usr/bin/svok"]),
        (module("svc"), module("svstat"), module("svok")),
    ],
    ids=["their clients", "our clients"],
)


@pytest.fixture
def call(tmp_path: Path):
    """Run a client in the directory of the services."""
    return lambda client, *argv: finish([*client, *argv], cwd=tmp_path, env=sidebyside.BASE)


def words(done: Finished, pid: int | None) -> str:
    """What svstat says after «sv: », without pid and age, which must be plausible."""
    assert (done.code, done.stderr) == (0, b"")
    text = done.stdout.decode()
    assert text.startswith("sv: ")
    assert text.endswith("\n")
    text = text[4:-1].replace(f"(pid {pid})", "(pid N)")
    state, _, rest = text.partition(" seconds")
    before, _, age = state.rpartition(" ")
    assert 0 <= int(age) < 1000
    return f"{before}{rest}"


@SUPERVISES
@CLIENTS
def test_the_states_that_commands_lead_to(tmp_path, background, call, supervise, svc, svstat, svok):
    service = trees.make_service(tmp_path / "sv", "trap '' TERM; echo >deaf; exec sleep 10000")
    background.start([*supervise, "sv"], cwd=tmp_path)
    pid = trees.started(service)
    eventually((service / "deaf").exists)
    assert call(svok, "sv") == (0, b"", b"")

    def after(letters: str, expected: str) -> None:
        assert call(svc, letters, "sv") == (0, b"", b"")
        eventually(lambda: words(call(svstat, "sv"), trees.read(service).pid) == expected, expected)

    after("-c", "up (pid N)")
    after("-p", "up (pid N), paused")
    after("-d", "up (pid N), want down")
    after("-p", "up (pid N), paused, want down")
    (service / "down").touch()
    after("-p", "up (pid N), normally down, paused, want down")
    after("-c", "up (pid N), normally down, want down")
    after("-o", "up (pid N), normally down")
    after("-p", "up (pid N), normally down, paused")
    assert trees.read(service).pid == pid
    after("-k", "down")
    after("-p", "down")
    (service / "down").unlink()
    after("-c", "down, normally up")
    after("-d", "down, normally up")
    assert call(svc, "-x", "sv") == (0, b"", b"")
    assert background.started[0].wait() == 0
    assert call(svstat, "sv") == (0, b"sv: supervise not running\n", b"")
    assert call(svok, "sv") == (100, b"", b"")
    not_running = b"svc: warning: unable to control sv: supervise not running\n"
    assert call(svc, "-u", "sv") == (0, b"", not_running)
    assert trees.read(service)._replace(since=tai64.Tai64n(0, 0)) == Status(
        tai64.Tai64n(0, 0), None, False, DOWN
    )


@pytest.fixture
def crafted(tmp_path: Path):
    """A service directory whose state is what a test writes there."""
    (tmp_path / "sv/supervise").mkdir(parents=True)
    (tmp_path / "sv/supervise/ok").touch()

    def craft(record: bytes, down: bool = False) -> None:
        (tmp_path / "sv/supervise/status").write_bytes(record)
        (tmp_path / "sv/down").unlink(missing_ok=True)
        if down:
            (tmp_path / "sv/down").touch()

    return craft


def alike(call, client: str, *argv: str) -> Finished:
    """What both clients answer; ages may differ by what passes between the two calls."""
    while True:
        first = call([f"/usr/bin/{client}"], *argv)
        ours = call(module(client), *argv)
        theirs = call([f"/usr/bin/{client}"], *argv)
        if first == theirs:
            assert ours == theirs
            return ours


# The future, so that the age is always 0.
SINCE = tai64.Tai64n(tai64.EPOCH + 2**33, 500)

sinces = st.one_of(
    st.just(tai64.pack(SINCE)),
    st.builds(
        lambda seconds, nanoseconds: seconds.to_bytes(8, "big") + nanoseconds.to_bytes(4, "big"),
        st.one_of(st.integers(0, 2**64 - 1), st.integers(tai64.EPOCH, tai64.EPOCH + 2**34)),
        st.integers(0, 2**32 - 1),
    ),
)
pids = st.one_of(
    st.sampled_from([0, 1, 4242, 2**31 - 1, 2**31, 2**32 - 1]), st.integers(0, 2**32 - 1)
)
endings = st.one_of(st.just(b""), st.sampled_from([b"\1\2", b"\3" * 50]), st.binary(max_size=30))
records = st.one_of(
    st.builds(
        lambda since, pid, paused, want, ending: (
            since + pid.to_bytes(4, "little") + bytes([paused]) + want + ending
        ),
        sinces,
        pids,
        st.one_of(st.sampled_from([0, 1]), st.integers(0, 255)),
        st.one_of(st.sampled_from([UP, DOWN, ONCE]), st.binary(min_size=1, max_size=1)),
        endings,
    ),
    st.binary(max_size=17).map(lambda text: b"" if len(text) < 18 else text),
    st.binary(min_size=18, max_size=40),
)


@oracle
@example(b"", False)
@example(bytes(18), False)
@example(status.pack(Status(tai64.Tai64n(tai64.EPOCH, 0), None, False, UP)), False)
@example(status.pack(Status(tai64.Tai64n(2**63, 999), 1, False, UP)), False)
@example(status.pack(Status(SINCE, 7, True, UP)) + b"\1\2", False)
@given(records, st.booleans())
def test_any_record(crafted, tmp_path, record, down):
    """Ages may differ by what passes between the two calls."""
    crafted(record, down)
    call = Call("svstat", ("sv",), cwd=tmp_path)
    while True:
        first, done, last = (
            oracles.finish(start, call, b"") for start in (*oracles.SIDES, start_theirs)
        )
        if first == last:
            break
    assert done == first


def no_directory(path: Path) -> None:
    path.rmdir()


def never_supervised(path: Path) -> None:
    (path / "run").touch()


def down_is_a_loop(path: Path) -> None:
    (path / "down").symlink_to("down")


def state_is_a_file(path: Path) -> None:
    (path / "supervise").touch()


def fifos_are_directories(path: Path) -> None:
    (path / "supervise/ok").mkdir(parents=True)
    (path / "supervise/control").mkdir()


def nobody_reads(path: Path) -> None:
    (path / "supervise").mkdir()
    os.mkfifo(path / "supervise/ok")
    os.mkfifo(path / "supervise/control")


def no_status(path: Path) -> None:
    (path / "supervise").mkdir()
    (path / "supervise/ok").touch()
    (path / "supervise/control").touch()


@pytest.mark.parametrize(
    "spoil",
    [
        no_directory,
        never_supervised,
        down_is_a_loop,
        state_is_a_file,
        fifos_are_directories,
        nobody_reads,
        no_status,
    ],
)
def test_what_keeps_us_from_knowing(tmp_path, call, spoil):
    (tmp_path / "sv").mkdir()
    spoil(tmp_path / "sv")
    for argv in (["sv"], ["sv/"], ["sv", "./sv", "missing"]):
        alike(call, "svstat", *argv)
        alike(call, "svok", *argv)
        alike(call, "svc", "-u", *argv)
        alike(call, "svc", *argv)


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["-u"],
        ["-z", "sv"],
        ["-uz", "sv"],
        ["-", "sv"],
        ["--", "-u"],
        ["--help-me", "-d", "sv"],
        ["-u", "sv", "-d"],
    ],
)
def test_the_arguments_of_svc(tmp_path, call, argv):
    (tmp_path / "sv").mkdir()
    (tmp_path / "-u").mkdir()
    alike(call, "svc", *argv)


def test_no_arguments(call):
    assert alike(call, "svstat") == (0, b"", b"")
    assert alike(call, "svok").code == 100


@pytest.mark.needs_root
@pytest.mark.parametrize("client", ["svstat", "svc"])
def test_a_directory_that_may_not_be_read(tmp_path, client):
    """Both open it to come back to it."""
    closed = tmp_path / "closed"
    closed.mkdir()
    results = []
    for command in ([f"/usr/bin/{client}"], module(client)):
        results.append(
            finish(
                ["/usr/bin/setpriv", "--reuid=65534", "--clear-groups", *command, "x"],
                cwd=closed,
                preexec_fn=lambda: closed.chmod(0o311),
            )
        )
        closed.chmod(0o755)
    assert results[0] == results[1]
    assert results[0].code == 111


@pytest.fixture
def controlled(tmp_path: Path):
    """What a client writes to a control FIFO, and how it ends."""
    (tmp_path / "sv/supervise").mkdir(parents=True)
    os.mkfifo(tmp_path / "sv/supervise/control")
    reader = os.open(tmp_path / "sv/supervise/control", os.O_RDWR | os.O_NONBLOCK)

    def seen(start: Start, *argv: str) -> tuple[Finished, bytes]:
        done = oracles.finish(start, Call("svc", argv, cwd=tmp_path), b"")
        os.write(reader, b"$")
        return done, os.read(reader, 1000)

    yield seen
    os.close(reader)


LETTERS = "udopchaitkx"
clusters = st.one_of(
    st.text(LETTERS, max_size=14).map("-{}".format),
    st.text(LETTERS + "-z", max_size=4).map("-{}".format),
    generators.any_words.map("-{}".format),
)
targets = st.one_of(st.sampled_from(["sv", "./sv", "sv/", "missing", "", "sv/supervise", "."]))


@oracle
@example(["-u", "-d", "-u"], ["sv"])
@example(["-dudx"], ["sv"])
@example(["-udopchaitkx"], ["sv", "sv"])
@given(st.lists(clusters, max_size=4), st.lists(targets, max_size=3))
def test_svc_writes_each_letter_once_in_one_piece(controlled, letters, services):
    original, done = (controlled(start, *letters, *services) for start in oracles.SIDES)
    assert done == original


def test_an_answer_that_cannot_be_written_changes_nothing(crafted, tmp_path):
    crafted(status.pack(Status(SINCE, None, False, UP)))
    for client in (["/usr/bin/svstat"], module("svstat")):
        command = ["/bin/sh", "-c", '"$@" sv >/dev/full', "sh", *client]
        assert finish(command, cwd=tmp_path) == (0, b"", b"")
