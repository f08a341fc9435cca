from __future__ import annotations

import os
import random

import cdbx
import pytest

from supervise.drivers.morercpthosts import PATH, MoreHosts
from tests.support.mail import Home


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    home = Home(tmp_path / "home")
    monkeypatch.chdir(home.path)
    return home


@pytest.fixture
def opened():
    lists = []

    def open_list() -> MoreHosts:
        lists.append(MoreHosts())
        lists[-1].open()
        return lists[-1]

    yield open_list
    for each in lists:
        if each.descriptor is not None:
            os.close(each.descriptor)


def make(*names: bytes) -> bytes:
    with open(PATH, "w+b") as file:
        maker = cdbx.CDB.make(file)
        for name in names:
            maker.add(name, b"")
        maker.commit()
    with open(PATH, "rb") as file:
        return file.read()


def test_no_list(opened):
    assert not opened().exist


def test_a_list(opened):
    make(b"a.example", b".b.example")
    hosts = opened()
    assert hosts.exist
    assert hosts.has_any([b"x", b"a.example"])
    assert hosts.has_any((b"x.b.example", b".b.example"))
    assert not hosts.has_any([b"b.example", b""])
    assert not hosts.has_any([])


def test_a_list_that_nobody_opened():
    make(b"a.example")
    assert not MoreHosts().exist


def test_a_list_that_cannot_be_opened(home):
    (home.path / "control").rename(home.path / "away")
    (home.path / "control").write_text("a file")
    with pytest.raises(NotADirectoryError):
        MoreHosts().open()


@pytest.mark.parametrize("damage", [b"", b"short", b"\xff" * 2048])
def test_a_damaged_list_is_trouble_when_it_is_asked(home, opened, damage):
    (home.path / PATH).write_bytes(damage)
    hosts = opened()
    assert hosts.exist
    with pytest.raises(OSError, match="Format Error"):
        hosts.has_any([b"x"])


def test_damage_anywhere_is_an_answer_or_trouble(home, opened):
    whole = make(*[b"host%d.example" % number for number in range(50)])
    chance = random.Random(7)
    for _ in range(300):
        damaged = bytearray(whole[: chance.choice([len(whole), chance.randrange(len(whole))])])
        for _ in range(chance.randrange(1, 20)):
            if damaged:
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        (home.path / PATH).write_bytes(damaged)
        hosts = MoreHosts()
        hosts.open()
        try:
            assert hosts.has_any([b"host7.example", b"host8.example"]) in (True, False)
        except OSError:
            pass
        finally:
            os.close(hosts.descriptor)
