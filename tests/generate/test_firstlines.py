from __future__ import annotations

import subprocess
import sys

import pytest

from scripts.generate.firstlines import LONGEST, readable
from scripts.generate.launchers import SCRIPT
from supervise import search


@pytest.mark.parametrize("place", ["/usr/bin/python3", "/" + "x" * (LONGEST - 3)])
def test_what_the_kernel_reads_stays_as_it_is(place):
    script = SCRIPT.replace("#!python", f"#!{place}")
    assert readable(script) == script


@pytest.mark.parametrize("name", ["new comer", "x" * LONGEST])
def test_what_it_cannot_read_is_read_by_the_shell(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    (folder / "python3").symlink_to(sys.executable)
    script = folder / "script"
    script.write_text(readable(f"#!{folder}/python3\nimport sys\nprint(sys.argv[1:])\n"))
    script.chmod(0o755)
    done = subprocess.run([script, "a b", "$c"], capture_output=True, check=True, text=True)
    assert done.stdout == "['a b', '$c']\n"
    assert search.interpreter(script.read_bytes()).startswith(f"{folder}/python3".encode())
    assert readable(script.read_text()) == script.read_text()
