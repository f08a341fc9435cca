"""Each module has its own test file, under the same name, so that one knows where to look."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE, TESTS = ROOT / "supervise", ROOT / "tests"
AREAS = ["formats", "machines", "unix", "drivers", "commands"]

# Modules without a test file of their own, and why.
EXCEPTIONS: dict[str, str] = {
    "machines/moment": "a record without behaviour",
    "machines/smtpsettings": "a record without behaviour",
    "machines/scaneffects": "records without behaviour; test_scan compares every one of them",
    "machines/scanentries": "what test_scan looks at throughout",
    "machines/serviceeffects": "records without behaviour; test_service compares every one of them",
    "machines/smtpeffects": "records without behaviour; test_smtp compares every one of them",
}
# Test files without a module, and why.
EXTRA: dict[str, str] = {}

MODULES = sorted(
    f"{area}/{path.stem}"
    for area in AREAS
    for path in (PACKAGE / area).glob("*.py")
    if path.stem != "__init__"
)
MIRRORS = sorted(
    f"{area}/{path.stem.removeprefix('test_')}"
    for area in AREAS
    for path in (TESTS / area).glob("test_*.py")
)


def mirror(module: str) -> Path:
    area, _, name = module.partition("/")
    return TESTS / area / f"test_{name}.py"


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_its_test_file(module):
    if module not in EXCEPTIONS:
        assert mirror(module).exists(), f"write {mirror(module).relative_to(ROOT)}"


@pytest.mark.parametrize("module", MIRRORS)
def test_a_test_file_has_its_module(module):
    assert module in MODULES or module in EXTRA, f"{module}: whose tests are these?"


@pytest.mark.parametrize("module", MODULES)
def test_a_mirror_tests_something(module):
    if mirror(module).exists():
        assert "\ndef test_" in mirror(module).read_text(), "no test in it"


def test_the_exceptions_are_needed():
    assert EXCEPTIONS.keys() <= set(MODULES), "an exception for a module that is gone"
    needless = [module for module in EXCEPTIONS if mirror(module).exists()]
    assert not needless, f"these have a test file by now: {needless}"
    assert EXTRA.keys() <= set(MIRRORS)
    assert all([*EXCEPTIONS.values(), *EXTRA.values()]), "each exception has its reason"


@pytest.mark.parametrize("name", ["errors", "registry", "program", "complaints", "__main__"])
def test_the_modules_above_the_floors_have_theirs(name):
    assert (TESTS / f"test_{name.strip('_')}.py").exists()
