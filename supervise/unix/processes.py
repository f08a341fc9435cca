"""Processes: fork, title, pidfd, reap."""

from __future__ import annotations

import os
import sys

from supervise import errors
from supervise.unix import rawsignal as signal
from supervise.unix import signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

CORE_DUMPED = 0x80  # in a raw wait status


def fork(child: Callable[[], int]) -> int:
    """Fork; the child runs the function and exits with what it returns. Returns the child's pid.

    The only place that forks: a child cannot climb back into its parent's frames. Signals are
    blocked across the fork, since until the child has reset them they would be written into the
    parent's wakeup pipe.
    """
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        pid = os.fork()
        if pid == 0:
            leave(child, blocked)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    return pid


def leave(child: Callable[[], int], blocked: Iterable[int]) -> None:
    """Run the function as a whole process: it never returns."""
    code = errors.TEMPORARY
    errors.waits = True
    try:
        signals.reset()
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        code = child()
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError, AttributeError):
                pass  # closed, or its reader is gone: nobody to tell
        os._exit(code)


def set_title(argv: list[str]) -> None:
    """Show these words in ps, where the library for it is loaded already.

    Its import costs 20 ms, so only the long-lived roots of a tree (svscan, supervise) pay for it;
    all that is called in place below them inherits it.
    """
    library = sys.modules.get("setproctitle")
    if library is not None:
        # The library takes text only; a name that is none is shown by its bytes.
        library.setproctitle(os.fsencode(" ".join(argv)).decode("utf-8", "backslashreplace"))


def send(pidfd: int, number: int) -> None:
    """Signal the process behind a pidfd; one that has ended is no trouble."""
    try:
        signal.pidfd_send_signal(pidfd, number)
    except ProcessLookupError:
        pass


def end(pid: int) -> None:
    """Tell a child that is not yet reaped to end, even if it was stopped; one that has become a
    user whom we may not signal goes on."""
    try:
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGCONT)
    except PermissionError:
        pass


def reap() -> list[tuple[int, int]]:
    """Collect every ended child: (pid, raw wait status) pairs."""
    ended: list[tuple[int, int]] = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended.append((pid, status))


def endings() -> Iterator[tuple[int, int]]:
    """Every ended child: (pid, raw wait status). It is collected when the caller has dealt with it
    and asks for the next: where the caller is killed meanwhile, whoever inherits the child still
    learns how it ended."""
    while True:
        try:
            ending = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if ending is None:
            return
        yield ending.si_pid, raw_status(ending.si_code, ending.si_status)
        os.waitpid(ending.si_pid, 0)


def raw_status(code: int, status: int) -> int:
    """What waitpid would have said for what waitid says."""
    if code == os.CLD_EXITED:
        return status << 8
    return status | CORE_DUMPED if code == os.CLD_DUMPED else status


def is_child(pid: int) -> bool:
    """Whether that is a child of ours that we have not collected."""
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def open_or_kill(pid: int) -> int:
    """A pidfd for our own child; where there is none to be had the child is ended, collected,
    and OSError raised."""
    try:
        return os.pidfd_open(pid)
    except OSError:
        os.kill(pid, signal.SIGKILL)  # ours and not yet reaped, so the number is still its own
        os.waitpid(pid, 0)
        raise


def group_exists(group: int) -> bool:
    """Whether anybody is left in a process group whom we may signal."""
    return send_to_group(group, 0)


def send_to_group(group: int, number: int) -> bool:
    """Signal a process group; whether there was anybody whom we may signal."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def die_of(number: int) -> None:
    """End as a program ends that does nothing about a signal."""
    signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    os.kill(os.getpid(), number)
