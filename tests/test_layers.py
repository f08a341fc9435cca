"""Imports go down only: one table of who may import whom."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "supervise"
GROUND = {"errors", "rawtyping", "registry"}
MAY_IMPORT: dict[str, set[str]] = {
    "": set(),
    "errors": set(),
    "rawtyping": set(),
    "registry": set(),
    "formats": {"rawtyping", "formats"},
    "machines": {"rawtyping", "formats", "machines"},
    "unix": {"errors", "rawtyping", "unix"},
    "drivers": {*GROUND, "formats", "machines", "unix", "drivers"},
    "search": {*GROUND, "unix"},
    "program": {*GROUND, "unix", "search"},
    "runner": {*GROUND, "formats", "unix", "search", "program"},
    "complaints": {"errors", "unix", "search", "program"},
    "commands": {
        *GROUND,
        "formats",
        "machines",
        "unix",
        "drivers",
        "search",
        "program",
        "runner",
        "complaints",
    },
    "__main__": {*GROUND, "unix", "program"},
}
PURE = {"formats", "machines"}
IMPURE_MODULES = {
    "asyncio", "ctypes", "fcntl", "multiprocessing", "os", "pathlib", "random", "resource",
    "select",
    "selectors", "shutil", "signal", "socket", "subprocess", "sys", "tempfile", "threading", "time",
}  # fmt: skip
FORKS = {"unix/processes.py"}  # the only place that calls os.fork


def area(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py").replace("__init__", "") if first.endswith(".py") else first


def imports(tree: ast.AST) -> set[str]:
    """Full names of everything imported, `from supervise import x` as supervise.x."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_only(path: Path) -> None:
    names = imports(ast.parse(path.read_text()))
    ours = {name.split(".")[1] for name in names if name.startswith("supervise.")}
    assert ours - {"__version__"} <= MAY_IMPORT[area(path)]
    if area(path) in PURE:
        assert not {name.split(".")[0] for name in names} & IMPURE_MODULES


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_one_place_forks(path: Path) -> None:
    nodes = ast.walk(ast.parse(path.read_text()))
    calls = {ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)}
    forking = {"os.fork", "os.forkpty", "os.system", "os.popen"}
    assert not calls & forking or str(path.relative_to(PACKAGE)) in FORKS


def test_the_table_refuses_what_it_should() -> None:
    assert imports(ast.parse("from supervise.drivers import clock\nimport os.path")) == {
        "supervise.drivers.clock",
        "os.path",
    }
    assert "drivers" not in MAY_IMPORT["formats"]
