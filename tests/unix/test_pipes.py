from __future__ import annotations

import os

from supervise.unix import pipes, processes


def test_a_pipe_closed_on_exec():
    read_end, write_end = pipes.make()
    try:
        os.write(write_end, b"through")
        assert os.read(read_end, 100) == b"through"
        assert not os.get_inheritable(read_end)
        assert not os.get_inheritable(write_end)
    finally:
        os.close(read_end)
        os.close(write_end)


def test_never_a_standard_stream_even_where_those_are_closed():
    def child():
        for number in (0, 1, 2):
            os.close(number)
        ends = pipes.make()
        free = [number for number in (0, 1, 2) if not is_open(number)]
        inheritable = [end for end in ends if os.get_inheritable(end)]
        return 0 if min(ends) > 2 and free == [0, 1, 2] and not inheritable else 1

    _, status = os.waitpid(processes.fork(child), 0)
    assert os.waitstatus_to_exitcode(status) == 0


def is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
