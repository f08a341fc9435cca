"""What one svscan hands over to the next that is the same process: its state put into words, and
made from them again."""

from __future__ import annotations

import os

from supervise import errors
from supervise.drivers import pidfile
from supervise.drivers.abandoned import AdoptedSupervise
from supervise.drivers.child import Orphan
from supervise.drivers.orphans import Orphans, Owner
from supervise.drivers.pidfile import Holder, PidFile
from supervise.drivers.scandir import ScanDirectory
from supervise.drivers.superviseprocess import SuperviseProcess
from supervise.drivers.supervises import Supervises
from supervise.errors import unable_to
from supervise.formats import handover
from supervise.formats.handover import Record
from supervise.machines.scan import Scan
from supervise.machines.scaneffects import Identity
from supervise.machines.scanentries import Entry, Slot
from supervise.unix import descriptors, title

NANOSECONDS = 10**9
BLOCK = 65536


def collect(
    scan: Scan, supervises: Supervises, directory: ScanDirectory, pid_file: PidFile | None
) -> list[Record]:
    """The state of a svscan that is not about to stop."""
    return [
        handover.Limit(*supervises.open_files),
        handover.Title(title.shown(), title.name()),
        *([] if pid_file is None else [of_pid_file(pid_file)]),
        *(handover.Name(*led_to, os.fsencode(name)) for name, led_to in directory.names.items()),
        *of_services(scan, supervises.pipes),
        *(of_supervise(owner, supervise) for owner, supervise in supervises.running.items()),
        *of_orphans(supervises.orphans),
        *(
            handover.Held(*identity, role, *held)
            for (identity, role), held in supervises.held.items()
        ),
    ]


def of_pid_file(pid_file: PidFile) -> Record:
    return handover.PidFile(pid_file.descriptor, os.fsencode(pid_file.path))


def of_services(scan: Scan, pipes: dict[Identity, list[int]]) -> list[Record]:
    records: list[Record] = []
    for identity, entry in scan.entries.items():
        reading, writing, *_ = [*pipes.get(identity, []), None, None]
        owed = entry.owed_at is not None
        state = (entry.active, entry.draining, entry.piped, entry.joined, owed)
        records.append(handover.Service(*identity, *state, reading, writing))
        for role, slot in entry.slots.items():
            not_before = round(slot.not_before * NANOSECONDS)
            times = (not_before, slot.troubles)
            records.append(handover.Slot(*identity, role, slot.orphaned, *times))
    return records


def of_supervise(owner: Owner, supervise: SuperviseProcess | AdoptedSupervise) -> Record:
    identity, role = owner
    name = os.fsencode(supervise.name)
    if isinstance(supervise, AdoptedSupervise):
        open_files = (supervise.pidfd, supervise.claim, supervise.control)
        return handover.Adopted(*identity, role, supervise.pid, *open_files, name)
    return handover.Child(*identity, role, supervise.child_pid, supervise.orders, name)


def of_orphans(orphans: Orphans) -> list[Record]:
    records: list[Record] = []
    for (identity, role), left in orphans.left.items():
        pid, pidfd, expected, status, *_ = left
        records.append(handover.Orphan(*identity, role, pid, pidfd, expected, status))
    for pid, (identity, role) in orphans.owners.items():
        records.append(handover.Stray(pid, *identity, role))
    return records


def read(descriptor: int) -> bytes:
    """The whole state that a descriptor of ours leads to, which is closed."""
    state = b""
    with unable_to("read state"):
        while block := os.pread(descriptor, BLOCK, len(state)):
            state += block
    descriptors.close(descriptor)
    return state


def take(state: bytes) -> list[Record]:
    """Understand a state, and keep its descriptors from all that is exec'ed."""
    records = handover.unpack(state)
    if records is None:
        raise errors.Failure("unable to read state: protocol error")
    with unable_to("take over descriptors"):
        for descriptor in handover.descriptors(records):
            os.set_inheritable(descriptor, False)
    return records


def pid_file(records: list[Record]) -> PidFile | None:
    for record in records:
        if isinstance(record, handover.PidFile):
            return pidfile.PidFile.taken_before(os.fsdecode(record.path), record.descriptor)
    return None


def restore(
    records: list[Record], scan: Scan, supervises: Supervises, directory: ScanDirectory
) -> None:
    """Make all of them what they were."""
    for record in records:
        match record:
            case handover.Limit(soft, hard):
                supervises.open_files = (soft, hard)
            case handover.Title(shown, name):
                title.show(shown)
                title.set_name(name)
            case handover.Name(device, inode, name):
                directory.names[os.fsdecode(name)] = Identity(device, inode)
            case handover.Service() | handover.Slot():
                restore_service(record, scan, supervises.pipes)
            case handover.Child() | handover.Adopted():
                restore_supervise(record, scan, supervises)
            case handover.Held(device, inode, role, ok, control):
                supervises.held[Identity(device, inode), role] = (ok, control)
            case handover.Orphan() | handover.Stray():
                restore_orphan(record, supervises.orphans)


def restore_service(
    record: handover.Service | handover.Slot, scan: Scan, pipes: dict[Identity, list[int]]
) -> None:
    identity = Identity(record.device, record.inode)
    if isinstance(record, handover.Slot):
        not_before = record.not_before / NANOSECONDS
        slot = Slot(False, record.orphaned, not_before, record.troubles)
        scan.entries[identity].slots[record.role] = slot
        return
    state = (record.active, record.draining, record.piped, record.joined)
    scan.entries[identity] = Entry({}, *state, 0.0 if record.owed else None)
    ends = [end for end in (record.reading, record.writing) if end is not None]
    if ends:
        pipes[identity] = ends


def restore_supervise(
    record: handover.Child | handover.Adopted, scan: Scan, supervises: Supervises
) -> None:
    owner = identity, role = Identity(record.device, record.inode), record.role
    name = os.fsdecode(record.name)
    if isinstance(record, handover.Adopted):
        holder = Holder(record.pid, record.pidfd)
        adopted = AdoptedSupervise(name, holder, record.claim, record.control)
        supervises.running[owner] = adopted
        supervises.adopted[record.pidfd] = owner
    else:
        child = SuperviseProcess.started_before(name, record.pid, record.orders)
        supervises.running[owner] = child
        supervises.owners[record.pid] = owner
    scan.entries[identity].slots[role].running = True


def restore_orphan(record: handover.Orphan | handover.Stray, orphans: Orphans) -> None:
    owner = Identity(record.device, record.inode), record.role
    if isinstance(record, handover.Stray):
        orphans.owners[record.pid] = owner
    else:
        left = Orphan(record.pid, record.pidfd, record.expected, record.status)
        orphans.left[owner] = left
