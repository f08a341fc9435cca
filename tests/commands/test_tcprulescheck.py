from __future__ import annotations

import pytest

from supervise.drivers import rulesdb

RECORDS = [
    (b"1.2.3.4", b"D\0+X=y\0"),
    (b"1.2.", b"+X=y\0+Z=\xff z\0"),
    (b"joe@9.9.9.9", b"+WHO=joe\0"),
    (b"=.example.org", b""),
    (b"=", b"+NAMED=\0"),
    (b"0.0.0.0", b"+NOBODY=1\0"),
    (b"2001:db8:", b"D\0"),
    (b"10.0.0.0/8", b"+X=y\0"),
    (b"2001::/16", b"D\0"),
    (b"./", b"8\0"),
    (b":/", b"16\0"),
]

CLIENTS = {
    ("1.2.3.4", None, None): b"rule 1.2.3.4:\ndeny connection\n",
    ("1.2.9.9", None, None): b"rule 1.2.:\nset environment variable X=y\n"
    b"set environment variable Z=\xff z\nallow connection\n",
    ("9.9.9.9", None, "joe"): b"rule joe@9.9.9.9:\nset environment variable WHO=joe\n"
    b"allow connection\n",
    ("9.9.9.9", "a.example.org", None): b"rule =.example.org:\nallow connection\n",
    ("9.9.9.9", "", None): b"rule =:\nset environment variable NAMED=\nallow connection\n",
    ("9.9.9.9", None, None): b"default:\nallow connection\n",
    ("2001:db8::1", None, None): b"rule 2001:db8::\ndeny connection\n",
    ("10.1.2.3", None, None): b"rule 10.0.0.0/8:\nset environment variable X=y\nallow connection\n",
    ("2001:db9::1", None, None): b"rule 2001::/16:\ndeny connection\n",
    (None, None, None): b"rule 0.0.0.0:\nset environment variable NOBODY=1\nallow connection\n",
}


@pytest.fixture
def cdb(tmp_path):
    path = tmp_path / "rules.cdb"
    path.write_bytes(rulesdb.build(RECORDS))
    return path


@pytest.mark.parametrize("client", CLIENTS, ids=str)
def test_what_a_client_gets(run, cdb, client):
    names = ("TCPREMOTEIP", "TCPREMOTEHOST", "TCPREMOTEINFO")
    env = {name: value for name, value in zip(names, client, strict=True) if value is not None}
    assert run("tcprulescheck", str(cdb), "more", env=env) == (0, CLIENTS[client], b"")


def test_wrong_usage(run):
    usage = b"tcprulescheck: usage: tcprulescheck rules.cdb\n"
    assert run("tcprulescheck") == (100, b"", usage)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, b"file does not exist"), (b"", b"invalid argument"), (b"x" * 3000, b"protocol error")],
)
def test_a_database_that_cannot_be_read(run, tmp_path, content, reason):
    if content is not None:
        (tmp_path / "bad.cdb").write_bytes(content)
    done = run("tcprulescheck", "bad.cdb", cwd=tmp_path)
    fatal = b"tcprulescheck: fatal: unable to read bad.cdb: " + reason + b"\n"
    assert done == (111, b"", fatal)


def test_a_directory(run, tmp_path):
    done = run("tcprulescheck", ".", cwd=tmp_path)
    fatal = b"tcprulescheck: fatal: unable to read .: is a directory\n"
    assert done == (111, b"", fatal)
