"""Adding a program takes five steps; whichever was forgotten is named here."""

from __future__ import annotations

import ast
import os
import re
from configparser import ConfigParser
from pathlib import Path

import pytest

from supervise import registry
from tests.support.processes import script

ROOT = Path(__file__).parents[1]
COMMANDS = ROOT / "supervise" / "commands"
ROW = re.compile(r"^\| `([^`]+)` \| (.*) \|$", re.MULTILINE)
programs = pytest.mark.parametrize("name", sorted(registry.PROGRAMS))
shell_programs = pytest.mark.parametrize("name", registry.SHELL_PROGRAMS)


def module_path(name: str) -> Path:
    return COMMANDS / f"{registry.PROGRAMS[name]}.py"


def shell_sentence(name: str) -> str:
    """Of the comment at the head of a script, on one line."""
    first, *lines = (ROOT / "scripts" / "installed" / name).read_text().splitlines()
    assert first == "#!/bin/sh"
    return " ".join(line.removeprefix("# ") for line in lines[: lines.index("#")])


def copied_scripts() -> list[str]:
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    return setup["options"]["scripts"].split()


def readme_rows() -> dict[str, str]:
    """The table of programs: from its heading to the next one."""
    text = (ROOT / "README.md").read_text()
    return dict(ROW.findall(text.partition("\n## Programs\n")[2].partition("\n## ")[0]))


def first_sentence(name: str) -> str:
    """Of the docstring, on one line."""
    words = " ".join((registry.load(name).__doc__ or "").partition("\n\n")[0].split())
    return re.split(r"(?<=\.)\s+(?=[A-Z])", words)[0]


def test_the_table_is_in_order():
    assert list(registry.PROGRAMS) == sorted(registry.PROGRAMS)


@programs
def test_a_program_has_a_module(name):
    assert registry.PROGRAMS[name] == name.replace("-", "_"), "the module is called as the program"
    assert module_path(name).exists(), f"write {module_path(name).relative_to(ROOT)}"


@programs
def test_the_module_has_what_a_command_has(name):
    command = registry.load(name)
    assert command.__doc__, f"{name}: write its docstring, which is its manual"
    assert first_sentence(name).endswith("."), f"{name}: begin the docstring with a sentence"
    assert isinstance(getattr(command, "USAGE", None), str), f"{name}: write its USAGE line"
    assert name in command.USAGE, f"{name}: its USAGE line is the whole line that is printed"
    assert callable(getattr(command, "main", None)), f"{name}: write main(argv) -> int"


@programs
def test_main_takes_the_arguments_and_returns_the_exit_code(name):
    tree = ast.parse(module_path(name).read_text())
    (main,) = (
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "main"
    )
    assert ast.unparse(main.args) == "argv: list[str]"
    assert main.returns is not None
    assert ast.unparse(main.returns) == "int"


@programs
def test_a_program_has_a_test_file(name):
    path = ROOT / "tests" / "commands" / f"test_{registry.PROGRAMS[name]}.py"
    assert path.exists(), f"write {path.relative_to(ROOT)}"


def test_every_module_of_commands_is_a_program():
    modules = {path.stem for path in COMMANDS.glob("*.py")} - {"__init__"}
    unknown = modules - set(registry.PROGRAMS.values())
    assert not unknown, f"add to registry.PROGRAMS: {sorted(unknown)}"


def test_every_test_file_of_commands_is_a_program_s():
    tests = {
        path.stem.removeprefix("test_") for path in (ROOT / "tests/commands").glob("test_*.py")
    }
    unknown = tests - set(registry.PROGRAMS.values())
    assert not unknown, f"tests/commands has tests of what is no program: {sorted(unknown)}"


@programs
def test_readme_s_table_says_the_first_sentence(name):
    row = f"| `{name}` | {first_sentence(name)} |"
    assert readme_rows().get(name) == first_sentence(name), f"write in README's table:\n{row}"


def test_readme_s_table_has_nothing_else():
    unknown = readme_rows().keys() - registry.PROGRAMS.keys() - set(registry.SHELL_PROGRAMS)
    assert not unknown, f"take from README's table: {sorted(unknown)}"
    assert list(readme_rows()) == sorted(readme_rows())


@shell_programs
def test_a_shell_program_is_a_script_that_is_copied_as_it_is(name):
    source = ROOT / "scripts" / "installed" / name
    assert os.access(source, os.X_OK), f"chmod +x {source.relative_to(ROOT)}"
    assert f"scripts/installed/{name}" in copied_scripts(), "add to scripts in setup.cfg"
    assert Path(script(name)).read_bytes() == source.read_bytes(), "run scripts/install test"
    assert readme_rows().get(name) == shell_sentence(name)


def test_every_script_that_is_copied_is_a_shell_program():
    assert list(registry.SHELL_PROGRAMS) == sorted(registry.SHELL_PROGRAMS)
    assert not set(registry.SHELL_PROGRAMS) & registry.PROGRAMS.keys()
    names = sorted(path.name for path in (ROOT / "scripts" / "installed").iterdir())
    assert names == list(registry.SHELL_PROGRAMS)
    assert copied_scripts() == [f"scripts/installed/{name}" for name in names]


def test_load_imports_the_module_itself():
    assert registry.load("svok").__doc__.startswith("Tell by the exit code")
    with pytest.raises(KeyError):
        registry.load("nothing")
