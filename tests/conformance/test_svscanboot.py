"""Our svscanboot beside Debian's, which serves /etc/service: what services are given, and what ps
shows."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support import namespaces, processes, trees
from tests.support.patience import eventually
from tests.support.sidebyside import needs

pytestmark = [needs("svscanboot", "svscan", "readproctitle"), pytest.mark.needs_root]

SERVICES = Path("/etc/service")
LOOK = """\
env >env; umask >umask
streams=$(for number in 0 1 2; do readlink /proc/$$/fd/$number; done); echo "$streams" >streams
ls /proc/$$/fd >descriptors
: >ready; exec sleep 10000"""


def boot(command: list[str]) -> dict[str, Any]:
    """Run one of the two over two services, of which one is broken; then end all of it."""
    trees.make_service(SERVICES / "looking", LOOK, log=trees.LOGGER)
    trees.make_service(SERVICES / "telling", LOOK)
    trees.make_service(SERVICES / "broken", run=None)
    given = {"PATH": "/somewhere:/bin", "HOME": "/", "TERM": "linux"}
    init = subprocess.Popen(command, env=given, stdin=subprocess.PIPE, start_new_session=True)
    try:
        for name in ("looking", "telling"):
            eventually((SERVICES / name / "ready").exists)
        failure = "supervise: fatal: unable to start broken/run: file does not exist"
        eventually(lambda: failure in (reader(init.pid) or ""), "the failure in ps")
        shown = reader(init.pid) or ""
        return {
            "looking": look(SERVICES / "looking"),
            "telling": look(SERVICES / "telling"),
            "shown": shown.rstrip().replace(failure, "").replace("\n", "").rstrip("."),
            "as long as it may be": len(shown.rstrip()) >= 400,
        }
    finally:
        while below := processes.descendants(os.getpid()):
            for pid in below:
                os.kill(pid, signal.SIGKILL)
            eventually(lambda pids=below: all(trees.ended(pid) for pid in pids))
            processes.reap_orphans()
        shutil.rmtree(SERVICES)


def reader(above: int) -> str | None:
    titles = [processes.title(pid) for pid in processes.descendants(above)]
    return next((title for title in titles if title.startswith("readproctitle ")), None)


def look(service: Path) -> dict[str, object]:
    lines = (service / "env").read_text().splitlines()
    streams = (service / "streams").read_text().splitlines()
    return {
        "environment": dict(line.split("=", 1) for line in lines),
        "umask": (service / "umask").read_text(),
        "streams": [stream.partition(":")[0] for stream in streams],
        "both are one": streams[1] == streams[2],
        "descriptors": (service / "descriptors").read_text().split(),
    }


def test_what_a_service_is_given(tmp_path):
    def compare() -> None:
        processes.become_subreaper()
        if SERVICES.is_symlink():  # runit makes it one; here /etc is our own
            SERVICES.unlink()
        SERVICES.mkdir(exist_ok=True)
        original = boot(["/usr/bin/svscanboot"])
        own = boot([processes.script("svscanboot"), str(SERVICES)])
        for name in ("looking", "telling"):
            path = own[name]["environment"].pop("PATH")
            assert path == f"{processes.SCRIPTS}:{original[name]['environment'].pop('PATH')}"
        assert own == original
        assert own["looking"]["streams"] == ["/dev/null", "pipe", "pipe"]
        assert own["telling"]["streams"] == ["/dev/null", "pipe", "pipe"]

    namespaces.in_namespaces(tmp_path, compare)
