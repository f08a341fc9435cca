"""What is read from files that somebody else may have written, by drivers and by `unix`."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from supervise import errors
from supervise.drivers import limitfiles, rulesdb
from supervise.drivers.morercpthosts import MoreHosts
from supervise.drivers.pidfile import PidFile
from supervise.unix import files, lifetimes, proctable
from tests.support import generators
from tests.support.oracle import CASES
from tests.support.strangers import LINES

STAT = b"%d (%s) %c 1 4711 4711 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 987654 1 2 3\n"

# The kernel cuts a name at 15 bytes; whatever is in them was chosen by whoever ran the program.
names = st.one_of(st.binary(max_size=15), st.text(") (RSZ0\n\t", max_size=15).map(str.encode))
texts = generators.texts([*LINES, b"4711", b"5:421 no\\r\\n", b"/"])

many = settings(
    max_examples=CASES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@many
@given(names, st.sampled_from(b"RSDTZX"))
@example(b") Z 1 2 3 (", ord("R"))
def test_a_name_is_never_taken_for_a_field(monkeypatch, name, state):
    content = STAT % (7, name, state)
    monkeypatch.setattr(files, "read_whole", lambda path: content)
    monkeypatch.setattr(files, "read_head", lambda path, size: content[:size])
    found = proctable.process(7)
    assert found is not None
    assert (found.group, found.start_time) == (4711, 987654)
    assert found.living == (state not in b"ZX")
    assert lifetimes.start_time(7) == 987654


def refused(act: Callable[[], object]) -> bool:
    """Whether it says why it cannot be done, in the grammar of all errors."""
    try:
        act()
    except (errors.Failure, errors.Mistake):
        return True
    return False


@many
@given(texts)
def test_only_a_pid_file_is_written_over(tmp_path, content):
    path = tmp_path / "pid"
    path.write_bytes(content)
    pid_file = PidFile(str(path))
    is_number = content.removesuffix(b"\n").isdigit() and len(content) <= 32
    assert refused(pid_file.take) != (is_number or not content)
    os.close(pid_file.descriptor)
    assert path.read_bytes() in (content, b"%d\n" % os.getpid())


@many
@given(texts)
def test_a_file_of_limits_is_understood_or_refused(tmp_path, content):
    path = tmp_path / "limits"
    path.write_bytes(content)
    name = os.fsencode(path)
    begins = content[:1].isdigit()
    assert refused(lambda: limitfiles.Limits(name, name)) != begins


HOSTS = rulesdb.build([(b"host%d.example" % number, b"") for number in range(50)])


@many
@given(st.lists(st.tuples(st.integers(0, len(HOSTS) - 1), st.integers(0, 255)), max_size=20),
       st.integers(0, len(HOSTS)))  # fmt: skip
def test_a_damaged_list_of_hosts_is_trouble_and_nothing_worse(changes, size):
    content = bytearray(HOSTS)
    for at, byte in changes:
        content[at] = byte
    hosts = MoreHosts()
    hosts.descriptor = os.memfd_create("hosts")
    try:
        os.write(hosts.descriptor, content[:size])
        assert isinstance(hosts.has_any([b"host7.example", b"other.example"]), bool)
    except OSError:
        pass  # the client is told to come again
    finally:
        os.close(hosts.descriptor)


@many
@given(texts, st.integers(1, 100))
def test_rules_are_the_same_lines_however_they_come(monkeypatch, text, most):
    rest = [text]

    def read(descriptor: int, size: int) -> bytes:
        block, rest[0] = rest[0][:most], rest[0][most:]
        return block

    with monkeypatch.context() as patched:
        patched.setattr(os, "read", read)
        found = list(rulesdb.lines(0))
    assert found == (text.removesuffix(b"\n").split(b"\n") if text else [])


def test_what_cannot_be_read_is_no_process():
    with pytest.raises(FileNotFoundError, match=os.strerror(errno.ENOENT)):
        lifetimes.start_time(2**22 + 1)
    assert proctable.process(2**22 + 1) is None
