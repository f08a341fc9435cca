from __future__ import annotations


def test_a_cr_before_each_lf(run):
    assert run("addcr", stdin=b"one\n\ntwo\r\nlast") == (0, b"one\r\n\r\ntwo\r\r\nlast", b"")


def test_every_byte_goes_through(run):
    everything = bytes(range(256)).replace(b"\n", b"") * 1000
    assert run("addcr", stdin=everything) == (0, everything, b"")


def test_arguments_are_ignored(run):
    assert run("addcr", "-x", "--help", stdin=b"a\n") == (0, b"a\r\n", b"")
