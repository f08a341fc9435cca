from __future__ import annotations

import os

from scripts.trials import logfiles


def test_the_order_of_a_reader(tmp_path):
    names = [
        "@400000000000000200000000.s",
        "@400000000000000100000000.u",
        "current",
        "state",
        "lock",
    ]
    for name in names:
        (tmp_path / name).touch()
    found = [path.name for path in logfiles.in_order(tmp_path)]
    assert found == ["@400000000000000100000000.u", "@400000000000000200000000.s", "current"]


def test_a_log_that_was_just_given_its_label_comes_once(tmp_path):
    (tmp_path / "previous").touch()
    os.link(tmp_path / "previous", tmp_path / "@400000000000000100000000.s")
    assert len(logfiles.in_order(tmp_path)) == 1
