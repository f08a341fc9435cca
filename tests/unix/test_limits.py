from __future__ import annotations

import errno
import resource

import pytest

from supervise.unix import limits
from tests.support.forks import in_a_fork


def test_open_files_are_raised_to_the_most_and_put_back():
    def raise_and_restore() -> list[tuple[int, int]]:
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, most))
        before = limits.raise_open_files()
        raised = resource.getrlimit(resource.RLIMIT_NOFILE)
        limits.set_open_files(before)
        return [before, raised, resource.getrlimit(resource.RLIMIT_NOFILE)]

    before, raised, after = in_a_fork(raise_and_restore)
    assert before == after == (100, before[1])
    assert raised == (before[1], before[1])


def test_no_limit_is_the_largest_number():
    def limit_core() -> list[tuple[int, int]]:
        resource.setrlimit(resource.RLIMIT_CORE, (0, -1))
        limits.put(resource.RLIMIT_CORE, (2**64 - 1, 2**64 - 1))
        return [limits.get(resource.RLIMIT_CORE), resource.getrlimit(resource.RLIMIT_CORE)]

    if resource.getrlimit(resource.RLIMIT_CORE)[1] != -1:
        pytest.skip("needs a hard limit that is none")
    assert in_a_fork(limit_core) == [(2**64 - 1, 2**64 - 1), (-1, -1)]


@pytest.mark.parametrize("soft", [0, 5, 2**63 - 1, 2**63, 2**64 - 2])
def test_what_is_put_is_what_is_got(soft):
    def limit_core() -> tuple[int, int]:
        _, hard = limits.get(resource.RLIMIT_CORE)
        limits.put(resource.RLIMIT_CORE, (min(soft, hard), hard))
        return limits.get(resource.RLIMIT_CORE)

    _, hard = limits.get(resource.RLIMIT_CORE)
    assert in_a_fork(limit_core) == (min(soft, hard), hard)


def test_a_soft_limit_above_the_hard_one_is_refused():
    with pytest.raises(OSError, match="exceeds") as refused:
        limits.put(resource.RLIMIT_CORE, (5, 4))
    assert refused.value.errno == errno.EINVAL


def test_a_refusal_is_told_from_a_mistake(monkeypatch):
    def refuse(*limit: object) -> None:
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "setrlimit", refuse)
    with pytest.raises(PermissionError):
        limits.put(resource.RLIMIT_CORE, (0, 0))
