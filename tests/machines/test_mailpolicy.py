from __future__ import annotations

import pytest

from supervise.machines import mailpolicy
from supervise.machines.mailpolicy import NONE, Policy, Verdict

HERE = Policy(local_name=b"me.example", addresses=frozenset({b"\x7f\0\0\1", b"\0\0\0\0"}))
HOSTS = Policy(hosts=frozenset({b"ok.example", b".sub.example"}))


@pytest.mark.parametrize(
    ("address", "localised"),
    [
        (b"a@[127.0.0.1]", b"a@me.example"),
        (b"a@[0.0.0.0]", b"a@me.example"),
        (b"a@[127.000.000.001]", b"a@me.example"),
        (b"a@b@[127.0.0.1]", b"a@b@me.example"),
        (b"a@[1.2.3.4]", b"a@[1.2.3.4]"),
        (b"a@[127.0.0.1]x", b"a@[127.0.0.1]x"),
        (b"a@[127.0.0.1]@b", b"a@[127.0.0.1]@b"),
        (b"[127.0.0.1]", b"[127.0.0.1]"),
        (b"a@", b"a@"),
        (b"", b""),
    ],
)
def test_our_own_addresses_get_our_name(address, localised):
    assert mailpolicy.localised(HERE, address) == localised


def test_without_a_local_name_addresses_stay():
    policy = HERE._replace(local_name=None)
    assert mailpolicy.localised(policy, b"a@[127.0.0.1]") == b"a@[127.0.0.1]"


def test_an_empty_local_name_is_a_name():
    assert mailpolicy.localised(HERE._replace(local_name=b""), b"a@[127.0.0.1]") == b"a@"


@pytest.mark.parametrize(
    ("sender", "barred"),
    [
        (b"spam@bad.example", True),
        (b"SPAM@Bad.Example", True),
        (b"other@bad.example", False),
        (b"x@evil.example", True),
        (b"x@y@EVIL.example", True),
        (b"x@sub.evil.example", False),
        (b"nobody", True),
        (b"@evil.example", True),
        (b"", False),
    ],
)
def test_bad_senders(sender, barred):
    bad = frozenset({b"spam@bad.example", b"@evil.example", b"nobody"})
    assert mailpolicy.bars(Policy(bad_senders=bad), sender) is barred


@pytest.mark.parametrize(
    ("recipient", "verdict"),
    [
        (b"a@ok.example", Verdict.ACCEPTED),
        (b"a@OK.Example", Verdict.ACCEPTED),
        (b"a@x@ok.example", Verdict.ACCEPTED),
        (b"a@x.ok.example", Verdict.REFUSED),
        (b"a@ok.example.", Verdict.REFUSED),
        (b"a@sub.example", Verdict.REFUSED),
        (b"a@x.sub.example", Verdict.ACCEPTED),
        (b"a@x.y.sub.example", Verdict.ACCEPTED),
        (b"a@.sub.example", Verdict.ACCEPTED),
        (b"a@other", Verdict.REFUSED),
        (b"a@", Verdict.REFUSED),
        (b"a", Verdict.ACCEPTED),
        (b"", Verdict.ACCEPTED),
    ],
)
def test_hosts_that_mail_is_accepted_for(recipient, verdict):
    assert mailpolicy.judge(HOSTS, recipient) is verdict
    asked = {Verdict.REFUSED: Verdict.ASK}.get(verdict, verdict)
    expected = Verdict.REFUSED if recipient == b"a@" else asked
    assert mailpolicy.judge(HOSTS._replace(more_hosts=True), recipient) is expected


def test_everybody_may_send_anywhere_without_a_list_or_as_a_relay_client():
    assert mailpolicy.judge(Policy(), b"a@anywhere") is Verdict.ACCEPTED
    assert mailpolicy.judge(Policy(hosts=NONE), b"a@anywhere") is Verdict.REFUSED
    assert mailpolicy.judge(Policy(hosts=NONE, relay=b""), b"a@anywhere") is Verdict.ACCEPTED


def test_the_names_to_look_for():
    assert mailpolicy.host_names(b"A.b.C") == (b"a.b.c", b".b.c", b".c")
    assert mailpolicy.host_names(b".a.") == (b".a.", b".")
    assert mailpolicy.host_names(b"") == ()
