from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from supervise.unix import rawsignal

CHECKOUT = Path(__file__).parents[2]


def test_it_has_all_that_signal_has_as_plain_numbers():
    for name in ("SIGTERM", "SIGCHLD", "SIGPIPE", "SIGKILL", "SIG_DFL", "SIG_IGN", "SIG_BLOCK"):
        value = getattr(rawsignal, name)
        assert type(value) is int
        assert value == getattr(signal, name)
    assert rawsignal.valid_signals() == signal.valid_signals()


def test_both_see_the_same_handlers():
    before = signal.getsignal(signal.SIGUSR2)
    try:
        rawsignal.signal(rawsignal.SIGUSR2, rawsignal.SIG_IGN)
        assert signal.getsignal(signal.SIGUSR2) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGUSR2, before)


def test_no_enum_is_loaded_for_it():
    probe = "import sys, supervise.unix.rawsignal; sys.exit('enum' in sys.modules)"
    subprocess.run([sys.executable, "-S", "-c", probe], check=True, cwd=CHECKOUT)
