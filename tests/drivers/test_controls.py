from __future__ import annotations

import os

import pytest

from supervise.drivers import controls
from tests.support.mail import Home


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    home = Home(tmp_path / "home")
    monkeypatch.chdir(home.path)
    return home


def test_the_home_directory_is_entered_and_exported_by_its_absolute_name(home, monkeypatch):
    monkeypatch.chdir(home.path.parent)
    monkeypatch.setenv("QMAILHOME", "home")
    controls.enter_home()
    assert os.getcwd() == os.environ["QMAILHOME"] == str(home.path)


def test_a_file_that_is_not_there():
    assert controls.read("none") is None
    assert controls.line("none") is None
    assert controls.number("none", 7) == 7
    assert controls.names("none") is None


def test_what_is_in_a_file(home):
    home.control(line=" text \nmore\n", number="12x", words="many", names="A\n#\nb\n", empty="")
    assert controls.line("line") == b" text"
    assert controls.number("number", 7) == 12
    assert controls.number("words", 7) == 7
    assert controls.names("names") == {b"a", b"b"}
    assert controls.line("empty") == b""
    assert controls.names("empty") == frozenset()


def test_trouble_is_not_absence(home):
    (home.path / "control/folder").mkdir()
    with pytest.raises(IsADirectoryError):
        controls.read("folder")
    (home.path / "control/me").rename(home.path / "me")
    (home.path / "control/folder").rmdir()
    (home.path / "control").rmdir()
    (home.path / "control").write_text("a file")
    with pytest.raises(NotADirectoryError):
        controls.line("me")
