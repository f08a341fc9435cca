"""Every docstring is written so that it can be a page for man, and the page shows all of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts.generate import programs
from scripts.generate.manual import Manual
from supervise import program, registry
from tests.support import rendering
from tests.support.forks import in_a_fork

ROOT = Path(__file__).parents[1]
PARSERS = [name for name in vars(program) if name.endswith("Options")]
every = pytest.mark.parametrize("name", programs.names())
with_options = pytest.mark.parametrize(
    "name",
    [
        name
        for name in registry.PROGRAMS
        if re.search(r"\bprogram\.\w*Options\(", (ROOT / programs.source(name)).read_text())
    ],
)


def manual_of(name: str) -> Manual:
    return programs.read(ROOT, name)


@pytest.fixture(params=["man", "mandoc"])
def tool(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def page(name: str, tmp_path: Path) -> Path:
    path = tmp_path / f"{name}.{programs.section(name)}"
    path.write_text(programs.page(ROOT, name))
    return path


@every
def test_a_docstring_is_written_as_the_head_of_the_generator_says(name):
    manual = manual_of(name)
    assert re.fullmatch(r"[A-Z].*[^.]\.", manual.sentence), "begin with one sentence"
    assert manual.exits, "write a paragraph that begins with «Exits»"
    assert bool(manual.options) == ("[ options ]" in manual.synopsis)


@with_options
def test_the_options_that_are_told_of_are_those_that_are_known(name):
    """To tell of them: a table after «Options:», with one option in each row."""

    class Known(Exception):
        pass

    def known(self, argv, plain, valued=""):
        raise Known(sorted(plain), sorted(valued))

    def ask():
        for parser in PARSERS:
            getattr(program, parser).__init__ = known
        try:
            registry.load(name).main([])
        except Known as options:
            return options.args
        raise AssertionError("does not ask for its options")

    told = manual_of(name).options
    plain, valued = in_a_fork(ask)
    assert sorted(option.name.strip("-") for option in told if not option.value) == plain
    assert sorted(option.name.strip("-") for option in told if option.value) == valued


@every
def test_nobody_complains_about_a_page(page, tool):
    assert rendering.complaints(tool, page) == ""


@every
def test_a_page_shows_every_word_of_the_docstring(name, page, tool):
    manual = manual_of(name)
    words = " ".join(rendering.shown(tool, page))
    sentence = manual.sentence[0].lower() + manual.sentence[1:].rstrip(".")
    assert f"NAME {name} - {sentence} SYNOPSIS {name} " in f"{words} "
    for paragraph in programs.docstring(ROOT, name).split("\n\n")[2:]:
        text = " ".join(paragraph.removesuffix("Options:").replace("`", "").split())
        assert text in words


@every
def test_those_that_are_named_after_it_have_pages(name):
    assert set(programs.relatives(name)) <= set(programs.names()) - {name}
