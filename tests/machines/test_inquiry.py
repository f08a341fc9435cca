from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from supervise.machines.inquiry import Inquiry


def test_each_server_has_its_turn():
    inquiry = Inquiry([b"a", b"b"], turn=1.0)
    assert inquiry.next(5.0) == b"a"
    assert (inquiry.next(5.9), inquiry.due) == (None, 6.0)
    assert inquiry.next(6.0) == b"b"
    assert (inquiry.next(6.5), inquiry.due) == (None, 7.0)
    assert inquiry.next(8.0) == b"a"
    assert inquiry.due == 9.0


def test_the_next_does_not_wait_for_one_that_failed():
    inquiry = Inquiry([b"a", b"b", b"c"], turn=1.0)
    assert inquiry.next(0.0) == b"a"
    inquiry.failed(b"a")
    assert inquiry.next(0.1) == b"b"
    inquiry.failed(b"c")
    assert inquiry.next(0.2) is None
    assert inquiry.next(1.1) == b"b"


def test_without_servers_there_is_no_hope():
    inquiry = Inquiry([b"a"], turn=1.0)
    assert not inquiry.hopeless
    assert inquiry.next(0.0) == b"a"
    inquiry.failed(b"a")
    assert inquiry.hopeless
    assert inquiry.next(9.0) is None


def test_a_server_that_is_named_twice_is_one():
    inquiry = Inquiry([b"a", b"b", b"a"], turn=1.0)
    inquiry.next(0.0)
    inquiry.failed(b"a")
    assert inquiry.servers == [b"b"]


@given(st.lists(st.tuples(st.floats(0, 3), st.booleans()), max_size=50), st.integers(1, 5))
def test_questions_are_as_many_as_turns_and_failures(steps, count):
    """Whatever happens: nobody who failed is asked again, and no faster than turn by turn."""
    inquiry = Inquiry([b"%d" % number for number in range(count)], turn=1.0)
    now, asked, failed = 0.0, [], set()
    for pause, fails in steps:
        now += pause
        server = inquiry.next(now)
        if server is not None:
            assert server not in failed
            asked.append(server)
            if fails:
                inquiry.failed(server)
                failed.add(server)
    assert len(asked) <= now + 1 + len(failed)
    assert inquiry.hopeless == (len(failed) == count)
