from __future__ import annotations

import os
import stat
import subprocess

import pytest

from supervise.drivers import rulesdb
from tests.support import processes
from tests.support.patience import PATIENCE

OLD = b"what was there"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "cdb").write_bytes(OLD)
    return tmp_path


def test_wrong_usage(run):
    wrong = (100, b"", b"tcprules: usage: tcprules rules.cdb rules.tmp\n")
    assert run("tcprules") == wrong
    assert run("tcprules", "cdb") == wrong


def test_rules_become_a_database(run, folder):
    rules = b'# who may\n\n1.2.3.4-5:deny\n:allow,X="y"\nlast:deny'
    assert run("tcprules", "cdb", "tmp", "more", stdin=rules, cwd=folder) == (0, b"", b"")
    records = [(b"1.2.3.4", b"D\0"), (b"1.2.3.5", b"D\0"), (b"", b"+X=y\0"), (b"last", b"D\0")]
    assert (folder / "cdb").read_bytes() == rulesdb.build(records)
    assert os.listdir(folder) == ["cdb"]


def test_ranges_become_records_and_a_list_of_their_lengths(run, folder):
    rules = b'10.0.0.0/8:allow\n10.2.:deny\n2001:DB8:0::/32:allow,X="y"\n172.16.0.0/12:deny\n'
    assert run("tcprules", "cdb", "tmp", stdin=rules, cwd=folder) == (0, b"", b"")
    records = [
        (b"10.0.0.0/8", b""), (b"10.2.", b"D\0"), (b"2001:db8::/32", b"+X=y\0"),
        (b"172.16.0.0/12", b"D\0"), (b"./", b"8\x0012\0"), (b":/", b"32\0"),
    ]  # fmt: skip
    assert (folder / "cdb").read_bytes() == rulesdb.build(records)


def test_a_line_is_named_up_to_a_nul(run, folder):
    done = run("tcprules", "cdb", "tmp", stdin=b"1.2\x003:x\n", cwd=folder)
    assert done == (100, b"", b"tcprules: fatal: unable to parse this line: 1.2\n")


@pytest.mark.parametrize("line", [b"10.1.2.3/8:deny", b"10.0.0.0/33:deny", b"2001:db8::1/32:deny"])
def test_a_range_that_is_none_is_no_rule(run, folder, line):
    done = run("tcprules", "cdb", "tmp", stdin=b"9.0.0.0/8:deny\n" + line + b"\n", cwd=folder)
    assert done == (100, b"", b"tcprules: fatal: unable to parse this line: " + line + b"\n")
    assert (folder / "cdb").read_bytes() == OLD


def test_no_rules_are_a_database_too(run, folder):
    assert run("tcprules", "cdb", "tmp", cwd=folder) == (0, b"", b"")
    assert (folder / "cdb").read_bytes() == rulesdb.build([])


def test_the_mode_is_what_the_umask_leaves(run, folder):
    before = os.umask(0o027)
    try:
        assert run("tcprules", "cdb", "tmp", cwd=folder).code == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / "cdb").stat().st_mode) == 0o640


def test_a_line_that_is_no_rule_is_shown_and_nothing_changes(run, folder):
    done = run("tcprules", "cdb", "tmp", stdin=b"1:allow\n2:allow,X \t\n3:deny\n", cwd=folder)
    assert done == (100, b"", b"tcprules: fatal: unable to parse this line: 2:allow,X\n")
    assert (folder / "cdb").read_bytes() == OLD
    assert (folder / "tmp").exists()


def test_lines_that_make_no_rule_are_named(run, folder):
    done = run("tcprules", "cdb", "tmp", stdin=b"1.2.3.4 deny \n1.9-3:deny\n \t\n#x\n", cwd=folder)
    assert done == (
        0,
        b"",
        b"tcprules: warning: ignoring this line: 1.2.3.4 deny\n"
        b"tcprules: warning: ignoring this line: 1.9-3:deny\n",
    )
    assert (folder / "cdb").read_bytes() == rulesdb.build([])


def test_a_line_of_any_bytes_is_shown_as_it_is(run, folder):
    done = run("tcprules", "cdb", "tmp", stdin=b"\xff\xfe:\xe9\n", cwd=folder)
    assert done == (100, b"", b"tcprules: fatal: unable to parse this line: \xff\xfe:\xe9\n")


def test_where_the_temporary_file_cannot_be_made(run, folder):
    done = run("tcprules", "cdb", "nowhere/tmp", cwd=folder)
    fatal = b"tcprules: fatal: unable to create nowhere/tmp: file does not exist\n"
    assert done == (111, b"", fatal)
    (folder / "tmp").mkdir()
    done = run("tcprules", "cdb", "tmp", cwd=folder)
    assert done == (111, b"", b"tcprules: fatal: unable to create tmp: is a directory\n")


def test_a_full_disk(run, folder):
    done = run("tcprules", "cdb", "/dev/full", stdin=b":deny\n", cwd=folder)
    fatal = b"tcprules: fatal: unable to write to /dev/full: out of disk space\n"
    assert done == (111, b"", fatal)
    assert (folder / "cdb").read_bytes() == OLD


def test_where_it_cannot_be_moved(run, folder):
    (folder / "directory").mkdir()
    done = run("tcprules", "directory", "tmp", stdin=b":deny\n", cwd=folder)
    fatal = b"tcprules: fatal: unable to move tmp to directory: is a directory\n"
    assert done == (111, b"", fatal)
    assert (folder / "tmp").read_bytes() == rulesdb.build([(b"", b"D\0")])


def test_input_that_cannot_be_read(folder):
    with open("/dev/null", "wb") as write_only:
        done = subprocess.run(
            processes.module("tcprules", "cdb", "tmp"),
            stdin=write_only, capture_output=True, cwd=folder, timeout=PATIENCE, check=False,
        )  # fmt: skip
    fatal = b"tcprules: fatal: unable to read input: file descriptor not open\n"
    assert (done.returncode, done.stdout, done.stderr) == (111, b"", fatal)
    assert (folder / "cdb").read_bytes() == OLD
