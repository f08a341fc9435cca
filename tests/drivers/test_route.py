from __future__ import annotations

import pytest

from supervise.drivers import route
from supervise.drivers.route import Place


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    (tmp_path / "scan").mkdir()
    (tmp_path / "sv/one").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "scan")
    return tmp_path


def test_a_directory_of_its_own(here):
    (here / "scan/a").mkdir()
    assert route.places("a") == [Place(".", "a")]


def test_a_name_that_is_not_there():
    assert route.places("a") == [Place(".", "a")]


def test_a_link_and_where_it_leads(here):
    (here / "scan/a").symlink_to("../sv/one")
    assert route.places("a") == [Place(".", "a"), Place("./../sv", "one")]


def test_an_absolute_link(here):
    (here / "scan/a").symlink_to(here / "sv/one")
    _, end = route.places("a")
    assert end.entry == "one"
    assert end.directory.lstrip("/") == str(here / "sv").lstrip("/")


def test_links_on_the_way(here):
    (here / "current").symlink_to("sv")
    (here / "scan/a").symlink_to("../current/one")
    assert route.places("a") == [Place(".", "a"), Place("./..", "current"), Place("./../sv", "one")]


def test_where_the_route_breaks_off(here):
    (here / "scan/a").symlink_to("../sv/two/deeper")
    assert route.places("a") == [Place(".", "a"), Place("./../sv", "two")]


def test_a_file_where_a_directory_should_be(here):
    (here / "sv/file").touch()
    (here / "scan/a").symlink_to("../sv/file/one")
    assert route.places("a")[:1] == [Place(".", "a")]
    assert Place("./../sv/file", "one") in route.places("a")


@pytest.mark.parametrize("target", ["a", "./a", "b"])
def test_a_loop_ends(here, target):
    (here / "scan/a").symlink_to(target)
    (here / "scan/b").symlink_to("a")
    assert set(route.places("a")) <= {Place(".", "a"), Place(".", "b")}


def test_a_link_to_the_root(here):
    (here / "scan/a").symlink_to("/")
    assert route.places("a") == [Place(".", "a")]
