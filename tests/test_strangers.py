"""Whoever adds a parser says what strangers may do to it: the tables of tests/support/strangers."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.support.incremental import NO_STREAMS, STREAMS
from tests.support.strangers import NO_PARSERS, PARSERS

PACKAGE = Path(__file__).parents[1] / "supervise"
FORMATS = PACKAGE / "formats"
MODULES = sorted(path.stem for path in FORMATS.glob("*.py") if path.stem != "__init__")
TAKING = {"add", "arrived", "feed", "received", "take"}  # methods that take a piece of a stream


def named(module: str) -> set[str]:
    return {row.partition(".")[2] for row in PARSERS if row.partition(".")[0] == module}


def taking_classes(path: Path) -> set[str]:
    """The classes of a module that have a method which takes a piece of something."""
    return {
        f"{path.stem}.{node.name}"
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef)
        for method in node.body
        if isinstance(method, ast.FunctionDef) and method.name in TAKING and method.args.args[1:]
    }


@pytest.mark.parametrize("module", MODULES)
def test_a_module_of_formats_has_its_row(module):
    assert bool(named(module)) != (module in NO_PARSERS), "one row at least, or a reason for none"


def test_rows_are_for_modules_that_are_there():
    assert {row.partition(".")[0] for row in PARSERS} | NO_PARSERS.keys() == set(MODULES)


def test_a_class_that_takes_pieces_has_its_row():
    paths = [*PACKAGE.glob("formats/*.py"), *PACKAGE.glob("machines/*.py")]
    found = set().union(*map(taking_classes, paths))
    assert found - STREAMS.keys() == NO_STREAMS.keys()
    assert STREAMS.keys() - found == {"proxyheader.missing"}, "a function, asked again and again"
