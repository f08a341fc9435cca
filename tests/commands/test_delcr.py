from __future__ import annotations


def test_one_cr_less_before_each_lf(run):
    assert run("delcr", stdin=b"one\r\n\ntwo\r\r\nlast\r") == (0, b"one\n\ntwo\r\nlast\r", b"")


def test_every_byte_goes_through(run):
    everything = bytes(range(256)) * 1000
    assert run("delcr", stdin=everything) == (0, everything, b"")


def test_arguments_are_ignored(run):
    assert run("delcr", "-x", "--help", stdin=b"a\r\n") == (0, b"a\n", b"")
