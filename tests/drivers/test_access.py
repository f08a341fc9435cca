from __future__ import annotations

import errno
import os
import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.drivers import access, rulesdb
from supervise.drivers.access import Decision
from supervise.unix import processes

RULES = [
    (b"1.2.3.4", b"D\0"),
    (b"1.2.", b"+X=y\0+Z=\0"),
    (b"joe@1.2.3.4", b""),
    (b"=.example.org", b"+RELAYCLIENT=\0"),
    (b"1.2.", b"D\0"),
    (b"", b"D\0"),
]
WHOLE = rulesdb.build(RULES)
MANY = rulesdb.build([*RULES, *((b"10.0.0.%d" % n, b"+N=%d\0" % n) for n in range(30))])


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return str(tmp_path_factory.mktemp("access") / "rules.cdb")


def put(path, content):
    with open(path, "wb") as file:
        file.write(content)


def lookup(path, ip=b"1.2.3.4", host=None, info=None, content=WHOLE):
    put(path, content)
    return access.lookup(path, ip, host, info)


def test_the_best_key_decides(path):
    assert lookup(path) == Decision(b"1.2.3.4", True, [])
    assert lookup(path, info=b"joe") == Decision(b"joe@1.2.3.4", False, [])
    assert lookup(path, b"9.9.9.9", b"a.example.org") == Decision(
        b"=.example.org", False, [(b"RELAYCLIENT", b"")]
    )
    assert lookup(path, b"9.9.9.9", b"example.org") == Decision(b"", True, [])


def test_of_two_rules_with_one_key_the_first_counts(path):
    assert lookup(path, b"1.2.9.9") == Decision(b"1.2.", False, [(b"X", b"y"), (b"Z", b"")])


RANGES = rulesdb.build(
    [
        *RULES,
        (b"1.0.0.0/8", b""),
        (b"1.2.0.0/16", b"+N=16\0"),
        (b"1.2.128.0/17", b"+N=17\0"),
        (b"9.9.9.9/32", b"+N=32\0"),
        (b"2001:db8::/32", b"+N=v6\0"),
        (b"./", b"8\x0016\x0017\x0032\0"),
        (b":/", b"32\0"),
    ]
)


@pytest.mark.parametrize(
    ("client", "key"),
    [
        ((b"1.2.3.4", None, None), b"1.2.3.4"),
        ((b"1.2.127.9", None, None), b"1.2."),
        ((b"1.2.128.9", None, None), b"1.2.128.0/17"),
        ((b"1.3.3.4", None, None), b"1.0.0.0/8"),
        ((b"1.3.3.4", b"a.example.org", None), b"1.0.0.0/8"),
        ((b"9.9.9.9", b"a.example.org", None), b"9.9.9.9/32"),
        ((b"9.9.9.8", b"a.example.org", None), b"=.example.org"),
        ((b"2001:db8:ffff::1", None, None), b"2001:db8::/32"),
        ((b"2001:db9::1", None, None), b""),
        ((b"10.9.9.9", None, None), b""),
    ],
)
def test_the_longest_prefix_decides(path, client, key):
    assert lookup(path, *client, content=RANGES).key == key


def test_a_range_is_not_looked_for_unless_its_length_is_listed(path):
    unlisted = rulesdb.build([(b"1.0.0.0/8", b"D\0"), (b"./", b"9\x0016\0"), (b":/", b"8\0")])
    assert lookup(path, content=unlisted) == Decision(None, False, [])
    assert lookup(path, content=rulesdb.build([(b"1.0.0.0/8", b"D\0")])).key is None


def test_a_list_that_is_something_else_lists_nothing(path):
    for packed in (b"", b"D\0", b"\xff" * 9, b"8x\0"):
        found = lookup(path, b"1.3.3.4", content=rulesdb.build([*RULES, (b"./", packed)]))
        assert found == Decision(b"", True, [])


def test_no_rule_is_allowed(path):
    for content in (rulesdb.build([]), rulesdb.build(RULES[:1]), bytes(2048)):
        assert lookup(path, b"9.9.9.9", b"h", b"", content) == Decision(None, False, [])


def test_a_key_whose_hash_is_zero_is_found(path):
    content = rulesdb.build([(b"=7bafhhw", b"D\0"), (b"7bafhhw", b"D\0")])
    assert lookup(path, b"7bafhhw", content=content) == Decision(b"7bafhhw", True, [])


def trouble(path, **kinds):
    """The number of the error, or the decision that was made all the same."""
    try:
        return lookup(path, **kinds)
    except OSError as error:
        return error.errno


def test_what_is_missing_or_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        access.lookup(str(tmp_path / "missing"), b"", None, None)
    with pytest.raises(IsADirectoryError):
        access.lookup(str(tmp_path), b"", None, None)
    with pytest.raises(OSError, match="Invalid argument"):
        access.lookup("/dev/null", b"", None, None)


@pytest.mark.parametrize("size", [1, 2047, 2048, len(WHOLE) - 8, len(WHOLE) - 1])
def test_a_file_cut_anywhere_is_damaged_for_every_client(path, size):
    assert trouble(path, ip=b"no.such.client", content=WHOLE[:size]) == errno.EPROTO
    assert trouble(path, ip=b"1.2.3.4", content=WHOLE[:size]) == errno.EPROTO


def test_an_empty_file(path):
    assert trouble(path, content=b"") == errno.EINVAL


def test_a_file_with_more_than_its_tables_claim(path):
    assert trouble(path, content=WHOLE + b"x") == errno.EPROTO


def test_a_file_that_is_something_else(path):
    assert trouble(path, content=b"1.2.3.4:deny\n" * 500) == errno.EPROTO
    assert trouble(path, content=b"\xff" * 4096) == errno.EPROTO


def test_a_table_that_was_made_smaller_does_not_open_the_door(path):
    for at in range(4, 2048, 8):
        (slots,) = struct.unpack_from("<I", MANY, at)
        if slots:
            damaged = MANY[:at] + struct.pack("<I", 0) + MANY[at + 4 :]
            assert trouble(path, content=damaged) == errno.EPROTO


def test_a_position_that_is_gone_from_a_table_with_records(path):
    for at in range(0, 2048, 8):
        if struct.unpack_from("<I", MANY, at + 4) != (0,):
            damaged = MANY[:at] + bytes(4) + MANY[at + 4 :]
            assert trouble(path, content=damaged) == errno.EPROTO


def test_writers_that_give_empty_tables_no_position_are_read(path):
    tables = [WHOLE[at : at + 8] for at in range(0, 2048, 8)]
    header = b"".join(table if any(table[4:]) else bytes(8) for table in tables)
    assert lookup(path, content=header + WHOLE[2048:]) == Decision(b"1.2.3.4", True, [])


def test_a_table_without_an_empty_slot_is_searched_once(path):
    content = rulesdb.build([(b"1.2.3.4", b"D\0")])
    # The record's table has two slots; fill the empty one with a copy of the other.
    table = content[-16:]
    used = table[:8] if any(table[4:8]) else table[8:]
    wrong_hash = struct.pack("<I", struct.unpack("<I", used[:4])[0] ^ 0x10000) + used[4:]
    full = content[:-16] + wrong_hash * 2
    assert lookup(path, content=full) == Decision(None, False, [])


def test_a_length_beyond_the_file(path):
    at = WHOLE.index(b"1.2.3.4") - 4
    for length in (2**20, 2**31, 2**32 - 1):
        damaged = WHOLE[:at] + struct.pack("<I", length) + WHOLE[at + 4 :]
        assert trouble(path, content=damaged) == errno.EPROTO


@given(st.randoms(use_true_random=False), st.integers(1, 40))
def test_damage_never_crashes_hangs_or_opens_what_it_should_not(path, chance, count):
    content = bytearray(MANY)
    for _ in range(count):
        harm(content, chance)
    if chance.random() < 0.2:
        del content[chance.randrange(len(content)) :]
    ip = chance.choice([b"1.2.3.4", b"10.0.0.7", b"9"])
    outcome = trouble(path, ip=ip, host=b"h.x", info=b"", content=content)
    assert outcome in (errno.EPROTO, errno.EINVAL) or isinstance(outcome, Decision)


def harm(content: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(content) // 4) * 4
    if chance.random() < 0.5:
        content[at + chance.randrange(4)] ^= 1 << chance.randrange(8)
    else:
        words = (0, 2048, len(content), 2**31 - 1, 2**31, 2**32 - 1)
        content[at : at + 4] = struct.pack("<I", chance.choice(words))


def test_a_file_that_is_cut_while_it_is_searched_is_damaged_and_not_deadly(path):
    put(path, MANY)

    def keys(_):
        yield b"no such key"
        os.truncate(path, 0)
        yield b"1.2.3.4"

    def child():
        descriptor = os.open(path, os.O_RDONLY)
        try:
            access.search(descriptor, keys)
        except OSError as error:
            return error.errno
        return 0

    _, status = os.waitpid(processes.fork(child), 0)
    assert os.waitstatus_to_exitcode(status) == errno.EPROTO


def test_each_look_up_opens_the_file_anew_and_leaves_nothing_open(path):
    before = os.listdir("/proc/self/fd")
    assert lookup(path).deny
    assert trouble(path, content=b"junk") == errno.EPROTO
    assert not lookup(path, content=rulesdb.build([])).deny
    assert os.listdir("/proc/self/fd") == before
