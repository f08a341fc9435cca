"""Run a supervise for every service directory in a scan directory, and for its log.

svscan [ options ] [ directory ]

The scan directory is the one it is in unless told otherwise. Every directory there, or link to one,
whose name does not begin with a dot is a service directory; where it has a directory `log`, that is
the service that gets its output.

Starts a service the moment its name appears, and a supervise that has ended at once. TERM, INT and
QUIT stop everything in order: services first (TERM, CONT, and KILL after 7 seconds), then their
loggers once they have read all; a second such signal does not wait.

HUP makes it the version of svscan that is installed by then: the same process, whose services, logs
and pipes go on untouched. The new version shows first, in a process of its own and within 30
seconds, that it comes up; where it does not, a warning says why, and the old one goes on. Once it
is up, each supervise makes way for a new one that adopts the service. Either version looks at the
whole directory again. Options:

    --daemon        go to the background, and return once every supervise answers svc and svstat
    --status        say whether such a svscan runs, as which process, and for how long
    --stop          stop such a svscan in order, and return once it has ended
    --reexec        have such a svscan become the version that is installed, and return once it is
    --pidfile file  keep the number and the lock of such a svscan there, and not in
                    directory/.svscan/pid

In the background it has a session without a terminal, umask 022 and standard input from /dev/null,
and ps shows what is complained of: «readproctitle service errors: ...». Services that are left of
one that was killed are taken over as they run.

Exits 0 when all is stopped, 111 when it cannot enter the directory. With --daemon 0 when all is
started, 111 when that cannot be, also since another one runs; with --status 0 when one runs, 100
when none does; with --stop 0 when none runs any more; with --reexec 0 when the new version is up,
111 when the old one goes on, 100 when none runs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from signal import SIGCONT, SIGHUP, SIGTERM

import setproctitle  # noqa: F401 - loaded here for the whole tree, which shows what it does in ps

from supervise import complaints, errors, program, runner, search
from supervise.drivers import background, handover, outcome, steadfast, successor, supervisor
from supervise.drivers.background import Foreground
from supervise.drivers.child import Orphan
from supervise.drivers.pidfile import PidFile
from supervise.drivers.scanner import Scanner
from supervise.formats.handover import understood
from supervise.machines import succession
from supervise.unix import descriptors, lifetimes, processes
from supervise.unix.waiting import Waiter

USAGE = (
    "svscan: usage: svscan [ --daemon | --status | --stop | --reexec ] [ --pidfile file ]"
    " [ directory ]"
)

# What every log service calls in place: imported once here, its memory is shared by all of them.
LOGGERS = ["multilog", "setuidgid"]
# Seconds for the answer of one that is to be re-executed: a rehearsal and a start.
PATIENCE = 2 * succession.LIMIT
FIRST = 1  # the process that ends everybody with it


def main(argv: list[str]) -> int:
    command = search.command("svscan")  # before we go elsewhere
    if argv and argv[0] in OF_SUCCESSOR:
        return OF_SUCCESSOR[argv[0]](command, memory(argv))
    options = program.LongOptions(argv, set(ACTIONS), {"pidfile"})
    chosen = dict(options)
    pid_path = chosen.pop("pidfile", None)
    if len(chosen) > 1 or (pid_path is not None and not chosen):
        raise errors.Usage
    if pid_path is not None:
        pid_path = os.path.abspath(pid_path)
    if options.operands:
        with errors.unable_to(f"chdir to {options.operands[0]}"):
            os.chdir(options.operands[0])
    descriptors.open_standard()
    if not chosen:
        prepared(command).run_until_stopped()
        return 0
    (action,) = chosen
    pid_file = PidFile(pid_path or f"{os.getcwd()}/.svscan/pid")
    return ACTIONS[action](pid_file, command)


def prepared(
    command: list[str], foreground: Foreground | None = None, pid_file: PidFile | None = None
) -> Scanner:
    """A scanner of the current directory, which that command starts anew."""

    def run_supervise(path: str, orders: int, orphan: Orphan | None) -> int:
        announced = foreground.let_go if foreground is not None else None
        return program.guarded(
            supervisor.PROGRAM,
            "",
            lambda: supervisor.supervise(path, runner.run_script, orders, orphan, announced),
        )

    put_our_programs_first()
    program.preload(LOGGERS)
    return Scanner(run_supervise, command, foreground, pid_file)


def put_our_programs_first() -> None:
    """Let a service that says multilog get ours, whatever else the machine has."""
    folder = search.directory()
    path = os.environb.get(b"PATH", search.DEFAULT_PATH)
    if folder is not None and path.split(b":")[0] != os.fsencode(folder):
        os.environb[b"PATH"] = os.fsencode(folder) + b":" + path


def go_to_background(pid_file: PidFile, command: list[str]) -> int:
    def in_background(foreground: Foreground) -> int:
        def scan() -> int:
            return scan_in_background(pid_file, command, foreground)

        return program.guarded("svscan", "", scan)

    return background.run(in_background)


def scan_in_background(pid_file: PidFile, command: list[str], foreground: Foreground) -> int:
    background.detach(foreground)
    pid_file.take()
    scanner = prepared(command, foreground, pid_file)
    complaints.show_in_ps()
    foreground.tell(background.UP)
    return scan_to_the_end(scanner)


def scan_to_the_end(scanner: Scanner) -> int:
    scanner.run_until_stopped()
    if scanner.pid_file is not None:
        scanner.pid_file.clear()
    return 0


def memory(argv: list[str]) -> int:
    """The descriptor with what an earlier version hands over."""
    if len(argv) != 2 or not argv[1].isdecimal():
        raise errors.Usage
    return int(argv[1])


def rehearse(command: list[str], memory: int) -> int:
    """Come up, say so and leave it at that."""
    state = handover.read(memory)
    go_on(command, state)
    return program.show(os.fsdecode(understood(state)) + "\n")


def resume(command: list[str], memory: int) -> int:
    """Be where an earlier version was, in this very process."""
    try:
        scanner = go_on(command, handover.read(memory))
    except Exception as error:
        if os.getpid() != FIRST:
            raise
        scanner = begin_anew(command, error)
    return scan_to_the_end(scanner)


def go_on(command: list[str], state: bytes) -> Scanner:
    records = handover.take(state)
    scanner = prepared(command, pid_file=handover.pid_file(records))
    scanner.go_on(records)
    return scanner


def begin_anew(command: list[str], error: Exception) -> Scanner:
    """Take over, as from one that was killed, what cannot be gone on with: process 1 may not end,
    nor be followed by another. That nothing of the state is open any more tells the supervises."""
    errors.warn("svscan", f"unable to go on, taking over instead: {steadfast.explain(error)}")
    descriptors.close_all_but(set())
    return prepared(command)


def show_status(pid_file: PidFile, command: list[str]) -> int:
    holder = pid_file.holder()
    if holder is None:
        program.show("svscan: not running\n")
        return errors.PERMANENT  # as svok
    with errors.unable_to(f"look at process {holder.pid}"):
        age = lifetimes.seconds(holder.pid)
    program.show(f"svscan: up (pid {holder.pid}) {int(age)} seconds\n")
    return 0


def stop(pid_file: PidFile, command: list[str]) -> int:
    holder = pid_file.holder()
    if holder is None:
        program.show("svscan: not running\n")
        return 0
    with errors.unable_to(f"stop process {holder.pid}"):
        processes.send(holder.pidfd, SIGTERM)
        processes.send(holder.pidfd, SIGCONT)  # somebody may have stopped it
    waiter = Waiter()
    waiter.add(holder.pidfd)
    waiter.wait(None)
    return 0


def reexecute(pid_file: PidFile, command: list[str]) -> int:
    holder = pid_file.holder()
    if holder is None:
        program.show(f"svscan: no pid in {pid_file.path}; send HUP to one without --daemon\n")
        return errors.PERMANENT
    awaited = outcome.Awaited(pid_file.path + outcome.SUFFIX)
    with errors.unable_to(f"re-execute process {holder.pid}"):
        processes.send(holder.pidfd, SIGHUP)
        processes.send(holder.pidfd, SIGCONT)
    reason = awaited.reason(holder.pidfd, time.monotonic() + PATIENCE)
    if reason:
        raise errors.Failure(f"unable to re-execute process {holder.pid}: {reason}")
    return 0


ACTIONS: dict[str, Callable[[PidFile, list[str]], int]] = {
    "daemon": go_to_background,
    "status": show_status,
    "stop": stop,
    "reexec": reexecute,
}
# What the version before asks for; nobody else can give what it needs.
OF_SUCCESSOR: dict[str, Callable[[list[str], int], int]] = {
    successor.REHEARSE: rehearse,
    successor.RESUME: resume,
}
