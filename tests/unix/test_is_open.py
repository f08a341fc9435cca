from __future__ import annotations

import os

from supervise.unix import descriptors


def test_whether_a_descriptor_is_open():
    descriptor = os.open("/dev/null", os.O_RDONLY)
    assert descriptors.is_open(descriptor)
    os.close(descriptor)
    assert not descriptors.is_open(descriptor)
