"""Scan directories with services in them, and an svscan of ours over them."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from subprocess import Popen

from supervise.drivers import servicedir
from supervise.formats import status
from supervise.formats.status import Status
from supervise.unix import locks
from tests.support import processes
from tests.support.patience import eventually
from tests.support.processes import Background

SLEEP = "exec sleep 10000"
LOGGER = "exec cat >>lines"
# Numbered lines for ever, each with the number of its process; at TERM one that says so.
COUNTING = """\
trap 'echo $$ last; exit 0' TERM
number=0
while :; do number=$((number+1)); echo $$ $number; done"""

# Stopping takes no longer than this, whatever a service does with TERM.
IMPATIENT = "from supervise.machines import scan; scan.KILL_AFTER = 0.2"

# Restarts that are not what a test looks at.
QUICK = """\
from supervise.machines import scan, scanentries, service
scan.RESTART_PAUSE = service.RESTART_PAUSE = 0.05"""

# HUP looks at the directory again, and what was changed for the test stays.
NO_SUCCESSOR = (
    "from supervise.drivers.succession import Succession; Succession.ask = lambda self: 0"
)

WITH_CHANGES = """\
import sys
from supervise import program
from supervise.unix import signals
{changes}
signals.reset()
sys.exit(program.run(sys.argv[1], sys.argv[2:]))"""


def make_service(
    path: Path,
    run: str | None = SLEEP,
    log: str | None = None,
    down: bool = False,
    first_line: str = "#!/bin/sh\n",
) -> Path:
    """A service directory. It is made aside and then renamed, so that it comes whole."""
    aside = path.parent / f".{path.name}.new"
    aside.mkdir(parents=True)
    if run is not None:
        write_script(aside / "run", run, first_line)
    if log is not None:
        make_service(aside / "log", log)
    if down:
        (aside / "down").touch()
    aside.rename(path)
    return path


def write_script(path: Path, text: str, first_line: str = "#!/bin/sh\n") -> None:
    """Replace a script whole: one that runs cannot be written to."""
    path.with_name("script.new").write_text(f"{first_line}{text}\n")
    path.with_name("script.new").chmod(0o755)
    path.with_name("script.new").rename(path)


def read(path: Path) -> Status:
    """What the supervise of a service directory has published."""
    return status.unpack((path / "supervise/status").read_bytes())


def is_supervised(path: Path) -> bool:
    try:
        os.close(os.open(path / servicedir.OK, os.O_WRONLY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


def running(path: Path) -> int | None:
    """The pid of a service's process, while a supervise is there and the process is."""
    if not is_supervised(path):
        return None
    try:
        pid = read(path).pid
    except FileNotFoundError:
        return None  # it cannot be published for now
    return pid if pid is not None and processes.state(pid) not in ("Z", "gone") else None


def started(path: Path, other_than: int | None = None) -> int:
    """Wait until a service runs, in a process other than that one; its pid."""

    def found() -> int | None:
        pid = running(path)
        return pid if pid != other_than else None

    pid = eventually(found, f"{path} up")
    assert pid is not None
    return pid


def stopped(path: Path) -> Status:
    """Wait until a service is down under its supervise."""
    eventually(lambda: is_supervised(path) and read(path).pid is None, f"{path} down")
    return read(path)


def control(path: Path, letters: bytes) -> None:
    """What svc does."""
    descriptor = os.open(path / servicedir.CONTROL, os.O_WRONLY | os.O_NONBLOCK)
    os.write(descriptor, letters)
    os.close(descriptor)


def is_taken_over(directory: Path) -> bool:
    """Whether an svscan has claimed its supervise, which is not its child."""
    with (directory / "supervise/child").open("rb") as child:
        try:
            locks.exclusive(child.fileno(), wait=False)
        except BlockingIOError:
            return True
    return False


def ended(pid: int) -> bool:
    return processes.state(pid) in ("Z", "gone")


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    """Signal a process; KILL also waits for its end."""
    os.kill(pid, number)
    if number == signal.SIGKILL:
        eventually(lambda: ended(pid), f"{pid} killed")


def lines(path: Path) -> list[str]:
    """The lines of a file, none where it is not there yet."""
    return path.read_text().splitlines() if path.exists() else []


def missing(log: Path) -> list[str]:
    """What COUNTING services have said and their log does not have in its place."""
    expected: dict[str, int] = {}
    wrong = []
    for line in log.read_text().splitlines():
        process, _, number = line.partition(" ")
        expected[process] = expected.get(process, 0) + 1
        if number not in (str(expected[process]), "last"):
            wrong.append(line)
    return wrong


class Tree:
    """A scan directory, and an svscan over it once it is started."""

    def __init__(self, folder: Path, background: Background) -> None:
        self.scan = folder / "scan"
        self.scan.mkdir()
        self.elsewhere = folder / "elsewhere"
        self.elsewhere.mkdir()
        self.output = folder / "output"
        self.output.touch()
        self.background = background
        self.svscan: Popen[bytes]

    def add(self, name: str, run: str | None = SLEEP, **more: object) -> Path:
        """Put a service into the scan directory."""
        return make_service(self.scan / name, run, **more)  # type: ignore[arg-type]

    def start(self, changes: str = "", **options: object) -> Popen[bytes]:
        """Start svscan, with statements to be executed before, and wait until it scans."""
        argv = [sys.executable, "-c", WITH_CHANGES.format(changes=changes), "svscan"]
        with self.output.open("ab") as output:
            self.svscan = self.background.start(
                [*argv, str(self.scan)], stdout=output, stderr=output, **options
            )
        return self.svscan

    def said(self) -> list[str]:
        """The lines that svscan, the supervises and services without a log have written."""
        return os.fsdecode(self.output.read_bytes()).splitlines()

    def hears(self, line: str, times: int = 1) -> None:
        eventually(lambda: self.said().count(line) >= times, f"«{line}», said: {self.said()}")

    def supervise(self, title: str) -> int | None:
        """The pid of svscan's child of that title."""
        children = processes.children(self.svscan.pid)
        return next((pid for pid in children if processes.title(pid) == title), None)

    def supervises(self) -> list[str]:
        return sorted(processes.title(pid) for pid in processes.children(self.svscan.pid))

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Tell svscan to stop; its exit code."""
        self.svscan.send_signal(number)
        return self.svscan.wait()


def wakeups(pid: int) -> int:
    """How often a process has gone to sleep by itself."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("voluntary"))


def descriptors(pid: int) -> dict[int, str]:
    """What each open descriptor of a process leads to."""
    found = {}
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found[int(entry.name)] = os.readlink(entry)
        except FileNotFoundError:
            pass  # closed meanwhile, as that of our own listing is
    return found


def pipes(pid: int) -> list[str]:
    return [path for path in descriptors(pid).values() if path.startswith("pipe:")]
