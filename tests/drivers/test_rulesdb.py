from __future__ import annotations

import os

import pytest

from supervise import errors
from supervise.drivers import rulesdb
from supervise.drivers.rulesdb import BLOCK

EMPTY = (2048).to_bytes(4, "little") + bytes(4)


def test_the_empty_database():
    assert rulesdb.build([]) == EMPTY * 256


def test_records_stand_in_order_and_twice_where_given_twice():
    content = rulesdb.build([(b"k", b"1"), (b"", b""), (b"k", b"2")])
    one, nothing = (1).to_bytes(4, "little"), bytes(4)
    records = one + one + b"k1" + nothing + nothing + one + one + b"k2"
    assert content[2048:].startswith(records)
    assert len(content) == 2048 + len(records) + 3 * 2 * 8


@pytest.mark.parametrize(
    "text", [b"", b"a", b"a\n", b"\n\n", b"a\nb", b"x" * BLOCK + b"\ny\n" + b"z" * BLOCK]
)
def test_lines_with_and_without_the_last_newline(text, tmp_path):
    (tmp_path / "input").write_bytes(text)
    with open(tmp_path / "input", "rb") as file:
        assert (
            list(rulesdb.lines(file.fileno())) == text.removesuffix(b"\n").split(b"\n")[: len(text)]
        )


def test_the_file_is_replaced_whole(tmp_path):
    path, temporary = tmp_path / "cdb", tmp_path / "tmp"
    path.write_bytes(b"old")
    seen = []

    def records():
        seen.append((path.read_bytes(), temporary.exists()))
        yield b"k", b"v"

    rulesdb.replace(str(path), str(temporary), records())
    assert seen == [(b"old", True)]
    assert path.read_bytes() == rulesdb.build([(b"k", b"v")])
    assert os.listdir(tmp_path) == ["cdb"]


def test_the_new_file_is_on_disk_before_it_is_in_place(tmp_path, monkeypatch):
    calls = []
    for name in ("fsync", "rename"):
        monkeypatch.setattr(os, name, lambda *_, name=name: calls.append(name))
    rulesdb.replace(str(tmp_path / "cdb"), str(tmp_path / "tmp"), [])
    assert calls == ["fsync", "rename"]


def test_trouble_with_the_rules_leaves_the_database_alone(tmp_path):
    path, temporary = tmp_path / "cdb", tmp_path / "tmp"
    path.write_bytes(b"old")

    def records():
        yield b"k", b"v"
        raise errors.Mistake("this line")

    with pytest.raises(errors.Mistake):
        rulesdb.replace(str(path), str(temporary), records())
    assert (path.read_bytes(), temporary.read_bytes()) == (b"old", b"")
