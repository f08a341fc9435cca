from __future__ import annotations

import os

import pytest

from supervise.drivers.limitfiles import Limits
from supervise.errors import Failure
from supervise.formats.connlimits import PerAddress


def test_values():
    limits = Limits(b"7x", b"3:no\\n")
    assert (limits.total, limits.per_address) == (7, PerAddress(3, b"no\n"))
    assert (limits.changeable(), limits.highest()) == (False, 7)


def test_no_limit_for_an_address():
    assert Limits(b"junk").per_address is None
    assert Limits(b"junk").total == 0


def test_there_is_a_limit_to_limits():
    limits = Limits(b"18446744073709551615")
    assert (limits.total, limits.highest()) == (65536, 65536)


def test_files_are_read_again(tmp_path):
    total, each = tmp_path / "total", tmp_path / "each"
    total.write_text("7\n")
    each.write_text("3:no: never\\r\\n\n")
    limits = Limits(os.fsencode(total), os.fsencode(each))
    assert (limits.total, limits.per_address) == (7, PerAddress(3, b"no: never\r\n"))
    assert (limits.changeable(), limits.highest()) == (True, 65536)
    total.write_text("8")
    each.write_text("4")
    assert limits.total == 7
    limits.read()
    assert (limits.total, limits.per_address) == (8, PerAddress(4))


def test_one_file_beside_a_value(tmp_path):
    (tmp_path / "each").write_text("3")
    limits = Limits(b"5", os.fsencode(tmp_path / "each"))
    assert (limits.changeable(), limits.highest()) == (True, 5)


@pytest.mark.parametrize(
    ("name", "why"),
    [("missing", "file does not exist"), (".", "is a directory"), ("words", "no number"),
     ("empty", "no number")],
)  # fmt: skip
def test_of_a_bad_file_nothing_is_taken(tmp_path, name, why):
    (tmp_path / "total").write_text("7")
    (tmp_path / "each").write_text("3")
    (tmp_path / "words").write_text("as many as you like")
    (tmp_path / "empty").touch()
    limits = Limits(os.fsencode(tmp_path / "total"), os.fsencode(tmp_path / "each"))
    (tmp_path / "total").write_text("8")
    limits.words = limits.words[0], os.fsencode(f"{tmp_path}/{name}")
    with pytest.raises(Failure) as caught:
        limits.read()
    assert caught.value.text == f"unable to read {tmp_path}/{name}: {why}"
    assert (limits.total, limits.per_address) == (7, PerAddress(3))
