from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from supervise.formats.address import long
from supervise.formats.connlimits import Limit
from supervise.machines import admission
from supervise.machines.admission import Refusal, Verdict


def ip(text):
    return ipaddress.ip_address(text).packed


def others(*texts):
    return [long(ip(text)) for text in texts]


PER_ADDRESS, PER_C = Limit("MAXCONNIP", 2), Limit("MAXCONNC", 3, 24, 64)


def test_no_limits_and_nobody_is_counted():
    assert admission.judge([], ip("192.0.2.1"), others("192.0.2.1")) == Verdict(None, None)


def test_up_to_the_limit_and_no_further():
    me = "192.0.2.1"
    assert admission.judge([PER_ADDRESS], ip(me), []) == Verdict(None, 1)
    assert admission.judge([PER_ADDRESS], ip(me), others(me)) == Verdict(None, 2)
    assert admission.judge([PER_ADDRESS], ip(me), others(me, me)) == Verdict(
        Refusal("MAXCONNIP", 3, 2), 3
    )


def test_others_do_not_count_for_an_address_but_for_its_network():
    crowd = others("192.0.2.2", "192.0.2.3", "192.0.3.1", "::c000:201")
    assert admission.judge([PER_ADDRESS, PER_C], ip("192.0.2.1"), crowd) == Verdict(None, 1)
    crowd += others("192.0.2.254")
    assert admission.judge([PER_ADDRESS, PER_C], ip("192.0.2.1"), crowd) == Verdict(
        Refusal("MAXCONNC", 4, 3), 1
    )


def test_only_limits_of_an_address_tell_its_concurrency():
    assert admission.judge([PER_C], ip("192.0.2.1"), []) == Verdict(None, None)


def test_the_first_limit_that_is_reached_is_the_reason():
    limits = [Limit("one", 0), Limit("two", 0)]
    assert admission.judge(limits, ip("::1"), []).refusal == Refusal("one", 1, 0)


def test_a_mapped_address_is_an_ipv4_one():
    crowd = others("192.0.2.1", "::ffff:192.0.2.1")
    for me in ("192.0.2.1", "::ffff:192.0.2.1"):
        assert admission.judge([PER_ADDRESS], ip(me), crowd).refusal is not None
        assert admission.judge([PER_C], ip(me), others("192.0.3.1") * 9).refusal is None


addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).filter(
    lambda one: not getattr(one, "ipv4_mapped", None)
)


@given(addresses, st.lists(addresses), st.integers(0, 32), st.integers(0, 128))
def test_networks_as_another_library_cuts_them(me, crowd, ipv4, ipv6):
    network = ipaddress.ip_network((me, ipv4 if me.version == 4 else ipv6), strict=False)
    near = [network.network_address, network.broadcast_address]
    everybody = [*crowd, *(one for one in near if not getattr(one, "ipv4_mapped", None))]
    limit = Limit("any", 10, ipv4, ipv6)
    found = admission.neighbours(limit, me.packed, [long(one.packed) for one in everybody])
    assert found == sum(one in network for one in everybody)


@pytest.mark.parametrize(
    ("load", "most", "refusal"),
    [
        (3.5, None, None),
        (3.49, 350, None),
        (3.5, 350, Refusal("LOAD", 350, 350)),
        (12.34, 350, Refusal("LOAD", 1234, 350)),
        (0.29, 29, Refusal("LOAD", 29, 29)),
        (0.0, 0, Refusal("LOAD", 0, 0)),
    ],
)
def test_the_load_at_which_clients_are_refused(load, most, refusal):
    assert admission.overload(load, most) == refusal


class Crowd(RuleBasedStateMachine):
    """Clients of few addresses come and go in any order; each passes two stages with a limit."""

    ARRIVING, SERVING = Limit("CONCURRENCY", 3), [Limit("MAXCONNIP", 2), Limit("MAXCONNC", 4, 24)]

    def __init__(self):
        super().__init__()
        self.arrived, self.served = [], []

    def everybody(self):
        return [long(one) for one in self.arrived + self.served]

    @rule(last=st.integers(1, 4))
    def arrive(self, last):
        client = bytes([192, 0, 2, last])
        refused = admission.judge([self.ARRIVING], client, self.everybody()).refusal
        assert (refused is not None) == ((self.arrived + self.served).count(client) == 3)
        if refused is None:
            self.arrived.append(client)

    @precondition(lambda self: self.arrived)
    @rule(which=st.integers(0))
    def serve(self, which):
        client = self.arrived.pop(which % len(self.arrived))
        crowd = [long(one) for one in self.served]
        refusal, concurrency = admission.judge(self.SERVING, client, crowd)
        there = self.served.count(client)
        assert concurrency == there + 1
        assert (refusal is None) == (there < 2 and len(self.served) < 4)
        if refusal is None:
            self.served.append(client)

    @precondition(lambda self: self.served)
    @rule(which=st.integers(0))
    def leave(self, which):
        self.served.pop(which % len(self.served))

    @invariant()
    def no_limit_is_exceeded(self):
        everybody = self.arrived + self.served
        assert all(everybody.count(client) <= 3 for client in everybody)
        assert all(self.served.count(client) <= 2 for client in self.served)
        assert len(self.served) <= 4


TestCrowd = Crowd.TestCase
