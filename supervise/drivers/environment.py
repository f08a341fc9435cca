"""Environment directories: read one, and change an environment by it."""

from __future__ import annotations

import os

from supervise import errors
from supervise.formats import envfile
from supervise.unix import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def read(path: str) -> list[envfile.Change]:
    """The changes that a directory asks for, in the order of its entries."""
    # O_PATH, so that a working directory that we may not read is no trouble.
    with errors.unable_to("switch to current directory"):
        here = os.open(".", os.O_PATH)
    try:
        with errors.unable_to(f"switch to directory {path}"):
            os.chdir(path)
        with errors.unable_to(f"read directory {path}"):
            names = os.listdir(b".")
        return [read_one(path, name) for name in names if not name.startswith(b".")]
    finally:
        with errors.unable_to("switch to starting directory"):
            os.fchdir(here)
        os.close(here)


def read_one(path: str, name: bytes) -> envfile.Change:
    """The change that one file asks for; one that is gone again, or a link to nowhere, asks for
    the variable to be removed."""
    shown = f"{path}/{os.fsdecode(name)}"
    with errors.unable_to(f"read {shown}"):
        try:
            content = files.read_whole(name)
        except FileNotFoundError:
            content = b""
    variable, value = envfile.change(name, content)
    if not variable:
        raise errors.Failure(f"unable to set {shown}: a variable needs a name")
    return variable, value


def changed(
    environment: Mapping[bytes, bytes], changes: Iterable[envfile.Change]
) -> dict[bytes, bytes]:
    """The environment after the changes, made in order."""
    after = dict(environment)
    for variable, value in changes:
        after.pop(variable, None)
        if value is not None:
            after[variable] = value
    return after
