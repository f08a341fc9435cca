from __future__ import annotations

import pytest

from scripts.trials import injection
from scripts.trials.injection import Fault

TRACE = """\
openat(AT_FDCWD</tmp>, "supervise/lock", O_WRONLY|O_CREAT, 0600) = 5</tmp/supervise/lock>
getpid()                                = 7
flock(5</tmp/supervise/lock>, LOCK_EX|LOCK_NB) = 0
--- SIGCHLD {si_signo=SIGCHLD, si_code=SI_TKILL, si_pid=7, si_uid=0} ---
write(4<pipe:[100]>, "\\21", 1)           = 1
write(9</tmp/supervise/status.new>, "@", 1) = 1
write(9</tmp/supervise/status.new>, "@", 1) = 1
exit_group(0)                           = ?
"""


def test_each_call_that_can_fail_fails_in_each_way_that_it_can():
    found = injection.faults(TRACE)
    assert found[:5] == [
        Fault("openat", 1, error) for error in ("ENOSPC", "EIO", "EINTR", "EMFILE", "ENOMEM")
    ]
    assert [fault for fault in found if fault.call == "flock"] == [
        Fault("flock", 1, "EINTR"),
        Fault("flock", 1, "ENOMEM"),
    ]
    assert {fault.nth for fault in found if fault.error == "ENOSPC"} == {1, 2, 3}
    assert injection.positions(found) == 5


def test_there_is_no_disk_behind_a_pipe():
    writes = [fault for fault in injection.faults(TRACE) if fault.call == "write"]
    assert [fault for fault in writes if fault.nth == 1] == [Fault("write", 1, "EINTR")]
    assert Fault("write", 2, "EIO") in writes


def test_what_strace_is_told():
    assert Fault("write", 2, "EIO").inject == "inject=write:error=EIO:when=2"


def test_a_fault_by_its_name():
    assert injection.fault(str(Fault("openat", 7, "EIO"))) == Fault("openat", 7, "EIO")


@pytest.mark.parametrize("text", ["", "openat", "openat#7", "openat#x=EIO", "getpid#1=EIO"])
def test_a_name_of_none(text):
    with pytest.raises(ValueError, match=r".*"):
        injection.fault(text)


@pytest.mark.parametrize(
    ("line", "applied"),
    [
        ("write(9</tmp/x>, 1)  = -1 EIO (Input/output error) (INJECTED)\n", True),
        ("write(9<pipe:[1]>, 1)  = -1 EIO (Input/output error) (INJECTED)\n", False),
        ("write(9</tmp/x>, 1)  = 1\n", False),
    ],
)
def test_whether_it_was_reached_and_could_be(line, applied):
    assert injection.applied(Fault("write", 2, "EIO"), TRACE + line) == applied
