"""Fixtures of all tests: programs called both ways, background processes, nobody left."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.support import certificates, cgroups, forkserver, processes, sidebyside
from tests.support.certificates import Certificate
from tests.support.processes import Background, Finished

# No wall-clock limits: the machine's load could fail them.
settings.register_profile("suite", deadline=None, print_blob=True)
settings.load_profile("suite")

MISSING = {
    sidebyside.NEEDS: "{} conformance tests skipped: no daemontools/ucspi-tcp originals",
    cgroups.NEEDS: "{} tests with control groups skipped: no cgroup2 to make some in",
}


def pytest_configure(config: pytest.Config) -> None:
    processes.become_subreaper()
    hear_what_was_ignored()


def hear_what_was_ignored() -> None:
    """nohup and the shell's & ignore signals, and so would every program that a test starts."""
    for number in (signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("needs_root") and os.geteuid() != 0:
            item.add_marker(pytest.mark.skip(reason="needs root"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much was not tested for want of something."""
    skipped = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    for needs, line in MISSING.items():
        number = sum(needs in reason for reason in skipped)
        if number:
            terminalreporter.write_line(line.format(number))


@pytest.fixture(autouse=True)
def nobody_left() -> Iterator[None]:
    """A test that leaves a process behind fails."""
    yield
    forkserver.end()
    assert processes.end_leftovers() == [], "processes left behind"


@pytest.fixture
def background(nobody_left: None) -> Iterator[Background]:
    """Start processes that end with the test."""
    started = Background()
    yield started
    started.end()


@pytest.fixture(params=["fork", "module"])
def run(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Finished]:
    """Call a program in a fork of the test, and again as `python -m supervise NAME`."""
    streams = tmp_path_factory.mktemp("streams")

    def call(
        name: str,
        *argv: str,
        stdin: bytes = b"",
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
        **options: Any,
    ) -> Finished:
        if request.param == "fork":
            return processes.finish_in_fork(name, list(argv), stdin, streams, cwd, env)
        return processes.finish(processes.module(name, *argv), stdin, cwd=cwd, env=env, **options)

    return call


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A server's, for server.example."""
    return certificates.make(tmp_path_factory.mktemp("certificates"))
