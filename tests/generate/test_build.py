"""The build as pip does it: a source distribution of a checkout, and the wheel of that."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from scripts.generate import build, programs

ROOT = Path(__file__).parents[2]
NEEDED = ["supervise", "scripts", "setup.cfg", "pyproject.toml", "README.md", "LICENSE"]
BACKEND = "import sys; from setuptools import build_meta; build_meta.build_{}(sys.argv[1])"
TIME_LIMIT = 300  # seconds; what hangs is ended, and a slow machine is not


def made(kind: str, checkout: Path, place: Path) -> Path:
    """What setuptools makes of a directory."""
    command = [sys.executable, "-c", BACKEND.format(kind), str(place)]
    done = subprocess.run(
        command, cwd=checkout, capture_output=True, text=True, timeout=TIME_LIMIT, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (result,) = place.iterdir()
    return result


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    place = tmp_path_factory.mktemp("checkout")
    for name in NEEDED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, place / name)
    sdist = made("sdist", place, tmp_path_factory.mktemp("sdist"))
    unpacked = tmp_path_factory.mktemp("unpacked")
    subprocess.run(["tar", "xzf", str(sdist), "-C", str(unpacked)], check=True)
    (checkout,) = unpacked.iterdir()
    return zipfile.ZipFile(made("wheel", checkout, tmp_path_factory.mktemp("wheel")))


@pytest.mark.timeout(2 * TIME_LIMIT)
def test_a_wheel_from_a_source_distribution_has_all_that_is_generated(wheel):
    texts = {
        name.partition(".data/data/")[2]: wheel.read(name).decode()
        for name in wheel.namelist()
        if ".data/data/" in name
    }
    expected = dict(build.generated())
    assert texts.keys() == expected.keys()
    for path, text in expected.items():
        assert without_date(texts[path]) == without_date(text)


def without_date(page: str) -> str:
    return re.sub(r" \d{4}-\d\d-\d\d ", " ", page, count=1)


def test_every_program_has_a_page():
    paths = [path for path, _ in build.generated() if "/man/" in path]
    names = sorted(path.rpartition("/")[2].rpartition(".")[0] for path in paths)
    assert names == programs.names()


def test_the_files_are_where_man_and_the_shells_look():
    assert {path.rpartition("/")[0] for path, _ in build.generated()} == {
        "share/bash-completion/completions",
        "share/fish/vendor_completions.d",
        "share/fish/vendor_functions.d",
        "share/man/man1",
        "share/man/man8",
        "share/zsh/site-functions",
    }
