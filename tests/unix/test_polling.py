from __future__ import annotations

import os
import time

from supervise.unix import polling


def test_a_descriptor_is_waited_for_until_the_deadline():
    reading, writing = os.pipe()
    before = time.monotonic()
    assert not polling.readable(reading, before + 0.05)
    assert time.monotonic() >= before + 0.05
    assert polling.writable(writing, before)
    os.write(writing, b"x")
    assert polling.readable(reading, before - 10)
    os.close(writing)
    os.read(reading, 1)
    assert polling.readable(reading, before)
    os.close(reading)


def test_a_full_pipe_cannot_be_written():
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    os.write(writing, bytes(2**20))
    assert not polling.writable(writing, time.monotonic())
    os.close(reading)
    assert polling.writable(writing, time.monotonic())
    os.close(writing)


def test_a_deadline_beyond_what_poll_can_wait():
    reading, writing = os.pipe()
    os.close(writing)
    assert polling.readable(reading, time.monotonic() + 10.0**18)
    os.close(reading)
