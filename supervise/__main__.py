"""The one door: which program was called?

As an installed script the name is the last part of argv[0]; as `python -m supervise NAME …` it is
the next word.
"""

from __future__ import annotations

import os
import sys

from supervise import errors, program, registry
from supervise.unix import files, signals

USAGE = "supervise: usage: python -m supervise program [ arg ... ]"


def main() -> None:
    name, argv = os.path.basename(sys.argv[0]), sys.argv[1:]
    if name == "__main__.py":
        name, argv = (argv[0], argv[1:]) if argv else ("", [])
    if name not in registry.PROGRAMS:
        errors.diagnose(USAGE)
        os._exit(errors.PERMANENT)
    signals.reset()
    forget_coerced_locale()
    code = program.run(name, argv)
    program.flush()
    os._exit(code)  # nothing of ours waits for the interpreter to take itself apart


def forget_coerced_locale() -> None:
    """Take LC_CTYPE back out of the environment where the interpreter put it there itself (PEP
    538), so that what we start sees the environment that we were given."""
    if b"LC_CTYPE" in os.environb:
        try:
            given = b"\0" + files.read_whole("/proc/self/environ")
        except OSError:
            return  # no telling
        if b"\0LC_CTYPE=" not in given:
            del os.environb[b"LC_CTYPE"]


if __name__ == "__main__":
    main()
