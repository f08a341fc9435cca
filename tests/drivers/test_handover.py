"""What is collected comes back, over real supervises and pipes."""

from __future__ import annotations

import os
import signal
from dataclasses import fields
from pathlib import Path

import pytest

from supervise.drivers import handover
from supervise.drivers.abandoned import AdoptedSupervise
from supervise.drivers.child import Orphan
from supervise.drivers.pidfile import Holder, PidFile
from supervise.drivers.scandir import ScanDirectory
from supervise.drivers.supervises import Supervises
from supervise.errors import Failure
from supervise.formats import handover as words
from supervise.formats.handover import Limit, Record
from supervise.machines.scan import Scan
from supervise.machines.scaneffects import Identity
from supervise.machines.scanentries import Entry, Slot
from supervise.unix import channels, descriptors, pipes, processes, title
from tests.support.forks import in_a_fork
from tests.support.patience import eventually

A, B, C = Identity(1, 11), Identity(1, 12), Identity(1, 13)
NOBODY = Orphan(0, None, False, None)


class Svscan:
    """What an svscan consists of."""

    def __init__(self) -> None:
        self.scan = Scan()
        self.supervises = Supervises(self.run, lambda owner: None, None)
        self.directory = ScanDirectory("svscan")

    def run(self, path: str, orders: int, orphan: object) -> int:
        return len(channels.receive(orders)[0])

    def collect(self, pid_file: PidFile | None = None) -> list[Record]:
        return handover.collect(self.scan, self.supervises, self.directory, pid_file)

    def restore(self, records: list[Record]) -> None:
        handover.restore(records, self.scan, self.supervises, self.directory)


def with_everything() -> Svscan:
    svscan = Svscan()
    svscan.scan.entries = {
        A: Entry(
            {"main": Slot(True), "log": Slot(True, not_before=1.5, troubles=2)},
            piped=True,
            joined=True,
        ),
        B: Entry({"main": Slot(orphaned=True), "log": Slot(True)}, False, True, piped=True),
        C: Entry(owed_at=0.0),
    }
    svscan.directory.names = {"a": A, "other\udcff": A, "c": C}
    supervises = svscan.supervises
    supervises.open_files = (100, 200)
    supervises.pipes = {A: list(pipes.make()), B: [pipes.make()[0]]}
    supervises.start((A, "main"), "a")
    holder = Holder(supervises.running[A, "main"].child_pid, os.pidfd_open(os.getpid()))
    for owner in ((A, "log"), (B, "log")):
        adopted = AdoptedSupervise("a/log", holder, *pipes.make())
        supervises.running[owner] = adopted
        holder = Holder(holder.pid, os.pidfd_open(os.getpid()))
        supervises.adopted[adopted.pidfd] = owner
    supervises.orphans.left = {(B, "main"): Orphan(4711, holder.pidfd, True, None)}
    supervises.orphans.left[C, "main"] = NOBODY
    supervises.orphans.owners = {4711: (B, "main")}
    supervises.held = {(A, "main"): pipes.make()}
    return svscan


def state(svscan: Svscan) -> object:
    """Everything that matters, to be compared."""
    supervises = svscan.supervises
    running = {
        owner: {**vars(each), "main": None, "_popen": None, "_config": None, "_identity": None}
        for owner, each in supervises.running.items()
    }
    return (
        svscan.scan.entries,
        svscan.directory.names,
        supervises.open_files,
        supervises.pipes,
        running,
        supervises.owners,
        supervises.adopted,
        supervises.orphans.left,
        supervises.orphans.owners,
        supervises.held,
    )


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    return tmp_path


def test_an_svscan_comes_back():
    def there_and_back() -> bool:
        old, new = with_everything(), Svscan()
        records = words.unpack(words.pack(old.collect()))
        assert records is not None
        new.restore(records)
        child = new.supervises.running[A, "main"]
        child.order(b"dx")
        (end,) = eventually(new.supervises.reap)
        assert end == ((A, "main"), 2 << 8, False), "it can be told, and collected"
        return True

    assert in_a_fork(there_and_back)


def test_nothing_of_it_is_missing():
    def compare() -> bool:
        old, new = with_everything(), Svscan()
        new.restore(old.collect())
        assert repr(state(new)).replace(" initial", " started") == repr(state(old))
        assert new.collect() == old.collect()
        os.kill(old.supervises.running[A, "main"].child_pid, signal.SIGKILL)
        return True

    assert in_a_fork(compare)


def test_what_a_machine_is_told_to_remember_is_handed_over():
    """But for what only one knows that is about to stop and has no successor, and for what each
    successor decides."""
    handed = {"running", "orphaned", "not_before", "troubles"}
    assert {field.name for field in fields(Slot)} == handed | {"told", "late_at", "renew_at"}
    assert {field.name for field in fields(Entry)} <= {
        "slots",
        "owed_at",  # as `owed`: at once
        *(field.name for field in fields(words.Service)),
    }
    assert set(vars(Scan())) == {"entries", "stopping"}


def test_the_title_and_the_name_stay():
    def change() -> tuple[bytes, bytes]:
        title.show(b"svscan /service")
        title.set_name(b"svscan")
        records = Svscan().collect()
        title.show(b"something else")
        Svscan().restore(records)
        return title.shown(), title.name()

    assert in_a_fork(change) == (b"svscan /service", b"svscan")


def remembered(text: bytes) -> int:
    memory = os.memfd_create("state")
    os.write(memory, text)
    return memory


def test_a_state_is_read_whole_whoever_has_read_it_before():
    text = 100_000 * b"line\n"
    memory = remembered(text)
    os.read(memory, 1000)
    copy = os.dup(memory)
    assert handover.read(memory) == text
    assert not descriptors.is_open(memory)
    assert handover.read(copy) == text
    with pytest.raises(Failure, match="unable to read state: file descriptor not open"):
        handover.read(memory)


def test_what_is_taken_is_not_inherited():
    def take() -> tuple[bool, bool]:
        os.set_inheritable(left := pipes.make()[0], True)
        os.set_inheritable(taken := pipes.make()[0], True)
        records: list[Record] = [Limit(1, 2), words.PidFile(taken, b"pid")]
        assert handover.take(words.pack(records)) == records
        return descriptors.survives_exec(taken), descriptors.survives_exec(left)

    assert in_a_fork(take) == (False, True)


def test_what_is_no_state_or_is_not_there_is_refused():
    with pytest.raises(Failure, match=r"^unable to read state: protocol error$"):
        handover.take(b"svscan handover 2\n")
    lost = words.pack([Limit(1, 2), words.PidFile(9999, b"pid")])
    with pytest.raises(
        Failure, match=r"^unable to take over descriptors: file descriptor not open"
    ):
        handover.take(lost)


def test_the_lock_of_a_pid_file_is_kept(here):
    pid_file = PidFile(str(here / "dir/pid"))

    def taken() -> bool:
        pid_file.take()
        records = Svscan().collect(pid_file)
        restored = handover.pid_file(records)
        assert restored is not None
        assert (restored.path, restored.descriptor) == (pid_file.path, pid_file.descriptor)
        pid = os.getpid()

        def ask() -> int:
            holder = pid_file.holder()
            return int(holder is None or holder.pid != pid)

        assert os.waitpid(processes.fork(ask), 0)[1] == 0
        return handover.pid_file(Svscan().collect()) is None

    assert in_a_fork(taken)
