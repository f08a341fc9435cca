"""The programs of Debian's daemontools and ucspi-tcp, and a call of each that comes to an end."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from supervise import registry
from supervise.drivers import rulesdb
from tests.support.pairs import Call
from tests.support.sidebyside import BASE

# dpkg -L daemontools ucspi-tcp
PROGRAMS = (
    "addcr", "argv0", "date@", "delcr", "envdir", "envuidgid", "fghack", "finger@", "fixcrio",
    "http@", "mconnect", "mconnect-io", "multilog", "pgrphack", "rblsmtpd", "readproctitle",
    "recordio", "setlock", "setuidgid", "softlimit", "supervise", "svc", "svok", "svscan",
    "svscanboot", "svstat", "tai64n", "tai64nlocal", "tcpcat", "tcpclient", "tcprules",
    "tcprulescheck", "tcpserver", "who@",
)  # fmt: skip
# What cannot be called beside its original, and why.
NOT_CALLED = {"svscanboot": "would start the services of the machine"}

# What comes before the program that a loader becomes; PORT is one where connections are taken.
LOADERS: dict[str, tuple[str, ...]] = {
    "argv0": (),
    "envdir": ("env",),
    "envuidgid": ("nobody",),
    "fghack": (),
    "fixcrio": (),
    "pgrphack": (),
    "rblsmtpd": (),
    "recordio": (),
    "setlock": ("lock",),
    "setuidgid": ("nobody",),
    "softlimit": ("-c5",),
    "tcpclient": ("-HRl0", "127.0.0.1", "PORT"),
}
OTHERS: dict[str, tuple[str, ...]] = {
    "addcr": (),
    "date@": ("[]",),
    "delcr": (),
    "finger@": ("[]", "user"),
    "http@": ("[]", "page"),
    "mconnect": ("[]",),
    "mconnect-io": (),
    "multilog": ("-*x*", "./main"),
    "readproctitle": ("service", "." * 20),
    "supervise": ("missing",),
    "svc": ("-u", "service"),
    "svok": ("service",),
    "svscan": ("missing",),
    "svstat": ("service",),
    "tai64n": (),
    "tai64nlocal": (),
    "tcpcat": ("[]", "25"),
    "tcprules": ("cdb", "new"),
    "tcprulescheck": ("cdb",),
    "tcpserver": ("-HRl0", "127.0.0.1", "no-such-port", "program"),
    "who@": ("[]",),
}
CALLED = tuple(sorted({**LOADERS, **OTHERS}))
COMMANDS = tuple(name for name in CALLED if name not in registry.SHELL_PROGRAMS)

# Reads its input to the end: whatever goes on when a program does not is a matter of chance.
READER = ("/bin/cat",)
VARIABLES = {**BASE, "DNSREWRITEFILE": "/dev/null", "RBLSMTPD": "", "TCPREMOTEIP": "1.2.3.4"}
ENVIRONMENT = tuple(f"{name}={value}" for name, value in VARIABLES.items())
INPUTS = {"tcprules": b"1.2.3.4:deny\n"}
RULES = rulesdb.build([(b"1.2.3.4", b"D\0")])


def sample(name: str, port: int, program: tuple[str, ...] = READER, **options: Any) -> Call:
    """The call of that program; of a loader, with a program to become."""
    words = OTHERS[name] if name in OTHERS else loading(name, port, program)
    options = {"stdin": INPUTS.get(name, b"line\n"), "environment": ENVIRONMENT, **options}
    return Call(name, words, **options)


def loading(name: str, port: int, program: tuple[str, ...]) -> tuple[str, ...]:
    before = tuple(str(port) if word == "PORT" else word for word in LOADERS[name])
    # argv0 is told twice: where the program is, and what to call it.
    return (program[0], *program) if name == "argv0" else (*before, *program)


def clear(folder: Path) -> None:
    """Take away what was furnished, and what calls have made of it."""
    for parent, names, _ in os.walk(folder):
        for name in names:
            os.chmod(os.path.join(parent, name), 0o700)
    shutil.rmtree(folder)
    folder.mkdir()


def furnish(folder: Path) -> None:
    """What the calls find, and what is in their way."""
    for name in ("env", "service", "directory"):
        (folder / name).mkdir()
    (folder / "env" / "A").write_text("from a file")
    (folder / "directory" / "env").symlink_to("../env")
    (folder / "closed").mkdir(mode=0)
    (folder / "text").write_text("no program\n")
    (folder / "lineless").write_text("no first line\n")
    (folder / "lineless").chmod(0o755)
    (folder / "loop").symlink_to("loop")
    (folder / "nowhere").symlink_to("missing")
    (folder / "cdb").write_bytes(RULES)
    os.mkfifo(folder / "fifo")
