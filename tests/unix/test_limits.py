from __future__ import annotations

import resource

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
