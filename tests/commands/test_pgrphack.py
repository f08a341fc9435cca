from __future__ import annotations

import os
import subprocess
import sys

from tests.support import processes
from tests.support.forks import in_a_fork
from tests.support.patience import PATIENCE

# Who its process is: itself, its group, its session, and whether it has a terminal.
WHO = """
import os
try:
    os.close(os.open("/dev/tty", os.O_RDWR))
    terminal = True
except OSError:
    terminal = False
print(os.getpid(), os.getpgrp(), os.getsid(0), terminal)
"""


def test_wrong_usage(run):
    assert run("pgrphack") == (100, b"", b"pgrphack: usage: pgrphack child\n")


def test_the_child_has_a_session_of_its_own(run):
    done = run("pgrphack", sys.executable, "-I", "-S", "-c", WHO)
    pid, group, session, terminal = done.stdout.split()
    assert (done.code, done.stderr) == (0, b"")
    assert group == session == pid
    assert terminal == b"False"


def test_the_child_keeps_the_process():
    command = processes.module("pgrphack", "/bin/sh", "-c", "echo $$")
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        stdout, _ = process.communicate(timeout=PATIENCE)
    assert int(stdout) == process.pid


def test_the_leader_of_a_group_stays_one():
    def lead() -> processes.Finished:
        os.setpgid(0, 0)
        session = os.getsid(0)
        command = processes.module("pgrphack", "/bin/sh", "-c", "echo $(ps -o sid= -p $$)")
        process = subprocess.run(command, capture_output=True, timeout=PATIENCE, process_group=0)
        return int(process.stdout) == session, process.returncode

    assert in_a_fork(lead) == (True, 0)


def test_a_child_that_cannot_be_run(run):
    fatal = b"pgrphack: fatal: unable to run /nonexistent/child: file does not exist\n"
    assert run("pgrphack", "/nonexistent/child") == (111, b"", fatal)


def test_a_child_of_ours_is_called(run):
    done = run("pgrphack", "pgrphack", "/bin/echo", "hi", env={"PATH": processes.our_path()})
    assert done == (0, b"hi\n", b"")
