from __future__ import annotations

import pytest

from supervise.drivers import dnsconfig
from supervise.formats import qualify


@pytest.fixture
def configuration(monkeypatch, tmp_path):
    """A resolv.conf and no rewriting."""
    path = tmp_path / "resolv.conf"
    monkeypatch.setattr(dnsconfig, "RESOLV_CONF", str(path).encode())
    monkeypatch.setattr(dnsconfig, "REWRITE_FILE", str(tmp_path / "rewrite").encode())
    for name in ("LOCALDOMAIN", "DNSREWRITEFILE", "DNSCACHEIP"):
        monkeypatch.delenv(name, raising=False)
    return path


def suffixes():
    """What a short host is looked up as."""
    return list(qualify.alternatives(b"h", dnsconfig.rewriting()))


def test_where_domains_come_from(configuration, monkeypatch, tmp_path):
    monkeypatch.setattr(dnsconfig.rawsocket, "gethostname", lambda: "me.from.hostname")
    assert suffixes() == [b"h.from.hostname"]
    monkeypatch.setattr(dnsconfig.rawsocket, "gethostname", lambda: "me")
    assert suffixes() == [b"h"]
    configuration.write_text("search a.test b.test\n")
    assert suffixes() == [b"h.a.test", b"h.b.test"]
    monkeypatch.setenv("LOCALDOMAIN", "c.test")
    assert suffixes() == [b"h.c.test"]
    (tmp_path / "rewrite").write_text("=h:default\n")
    assert suffixes() == [b"default"]
    monkeypatch.setenv("DNSREWRITEFILE", str(tmp_path / "own"))
    assert suffixes() == [b"h.c.test"]
    (tmp_path / "own").write_text("=h:own\n")
    assert suffixes() == [b"own"]


def test_where_servers_come_from(monkeypatch, tmp_path):
    path = tmp_path / "resolv.conf"
    monkeypatch.setattr(dnsconfig, "RESOLV_CONF", str(path).encode())
    monkeypatch.delenv("DNSCACHEIP", raising=False)
    assert dnsconfig.servers() == [b"127.0.0.1"]
    path.write_text("nameserver 10.0.0.1\nnameserver fe80::1%lo\nnameserver ::1\n")
    assert dnsconfig.servers() == [b"10.0.0.1", b"fe80::1%lo", b"::1"]
    monkeypatch.setenv("DNSCACHEIP", "junk")
    assert dnsconfig.servers() == [b"10.0.0.1", b"fe80::1%lo", b"::1"]
    monkeypatch.setenv("DNSCACHEIP", "10.0.0.2.10.0.0.3")
    assert dnsconfig.servers() == [b"10.0.0.2", b"10.0.0.3"]
