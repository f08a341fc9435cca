"""Our tcprules and tcprulescheck beside Debian's ucspi-tcp, which has the originals."""

from __future__ import annotations

import os
from ipaddress import IPv4Network, IPv6Address, ip_address, ip_network
from pathlib import Path

import cdbx
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from supervise.drivers import rulesdb
from supervise.formats import address
from supervise.formats import rules as rules_format
from tests.support import differences, generators
from tests.support.generators import any_words
from tests.support.oracle import SIDES, Call, Start, finish, oracle, start_ours, start_theirs
from tests.support.sidebyside import Outcome, empty, listing, needs, ours, theirs

pytestmark = needs("tcprules", "tcprulescheck")

WARNING = b"tcprules: warning: "
NAMES = ("TCPREMOTEIP", "TCPREMOTEHOST", "TCPREMOTEINFO")

numbers = st.one_of(st.integers(0, 300).map(str), st.sampled_from(["0", "1", "2", "255", "256"]))
ranges = st.tuples(numbers, numbers).map("-".join)
parts = st.one_of(numbers, ranges, st.sampled_from(["", "007", "1-2-3", "-", "a", "x-2"]))
addresses = st.one_of(
    st.lists(parts, max_size=4).map(".".join),
    st.sampled_from(
        ["", "=", "=a.b", "=.b", "joe@", "joe@1.2.3.4", "joe@=a-1.b", "@1", " 1", " #"]
    ),
    st.lists(st.sampled_from(["1", "2.", "3-5", "=", "@", "-", ".", " ", "é"]), max_size=5).map(
        "".join
    ),
)
settings_ = st.sampled_from(
    [',X="y"', ',X=""', ",Y=/z z/", ",Z=abca", ",=aa", ',,Z="1"', ', X=" v"', ',A="b:deny"', ",A="]
)
rules = st.builds(
    "{}:{}{}{}".format,
    addresses,
    st.sampled_from(["allow", "deny", "allow", "deny", "allow", "deny", "allow", "deny", "denyx"]),
    st.lists(settings_.filter(lambda text: text != ",A="), max_size=3).map("".join),
    st.sampled_from(["", "", "", " ", "\t ", "\n"]),
)
others = st.sampled_from(["", "# comment", " ", "no colon", "#1:deny", "\t\t", "x y z"])
good_lines = st.one_of(rules, rules, others)
any_lines = st.text("1.:=-@,\"'ax \t\rallowdeny", max_size=15)
long_lines = st.builds(
    "{}:allow,A={}{}{}".format,
    addresses,
    st.sampled_from("\"'xé"),
    st.builds(
        str.__mul__, st.sampled_from(["v", "=", " ", "é"]), st.sampled_from(generators.EDGES)
    ),
    st.sampled_from(['"', "'", "x", "é", ""]),
)
plain_inputs = st.tuples(
    st.lists(good_lines, max_size=12),
    st.lists(st.one_of(any_lines, any_lines, long_lines), max_size=1),
    st.sampled_from(["", "\n"]),
).map(lambda given: ("\n".join(given[0] + given[1]) + given[2]).encode())
inputs = st.one_of(plain_inputs, generators.spoilt(plain_inputs), st.binary(max_size=100))
clients = st.tuples(
    st.one_of(
        st.sampled_from(["1.2.3.4", "1.2.3.", "3.3.3", "0.0.0.0", "255.1", "", "300", "1", "é"]),
        st.lists(numbers, max_size=5).map(".".join),
        any_words,
    ),
    st.one_of(st.sampled_from([None, "", "a.b", "x.a.b", ".b", "A.B"]), any_words),
    st.one_of(st.sampled_from([None, "", "joe"]), any_words),
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tcprules")
    return folder / "theirs", folder / "ours"


def compared(outcome):
    """Without our warnings, and without what a failure left in the temporary file."""
    lines = outcome.finished.stderr.split(b"\n")
    kept = b"\n".join(line for line in lines if not line.startswith(WARNING))
    files = {
        name: mode if name == "tmp" else (mode, content)
        for name, (mode, content) in outcome.files.items()
    }
    return outcome.finished._replace(stderr=kept), files


def compile_both(folders, text):
    outcomes = []
    for start, folder in zip(SIDES, map(empty, folders), strict=True):
        done = finish(start, Call("tcprules", ("cdb", "tmp"), cwd=folder), text)
        outcomes.append(Outcome(done, listing(folder)))
    return outcomes


LEFT_OUT = [
    "tcprules: line without a colon, empty range",
    "tcprules: `::1:allow`, `2001:db8:0:1::deny`",
    "tcprules: `10.0.0.0/8:allow`",
    "tcprules: `10.1.2.3/8`, `10.0.0.0/33`, `word/8`",
]


def speaks_of_new_things(line):
    """Whether README's table has a line under tcprules: an IPv6 address or CIDR range, or a slash
    that makes none and belongs to no name."""
    address = line.partition(b":")[0]
    if b"/" in address and not line.startswith(b"#"):
        return not rules_format.speaks_of_names(address)
    try:
        return any(b":" in key for key, _ in rules_format.records(line))
    except ValueError:
        return False


@oracle
@example(b"\0:")
@example(b"a\0b:c")
@given(inputs)
def test_random_rules_give_the_same_bytes(folders, text):
    assume(not any(map(speaks_of_new_things, text.split(b"\n"))))
    original, done = compile_both(folders, text)
    assert compared(done) == compared(original)


def client_environment(client):
    known = {name: value for name, value in zip(NAMES, client, strict=True) if value is not None}
    return {"LANG": "C.UTF-8", **known}


def check(start: Start, folder, client):
    """What one of the two says to a client."""
    return finish(start, Call("tcprulescheck", ("cdb",), client_environment(client), folder), b"")


@oracle
@given(st.lists(rules, min_size=1, max_size=12), clients)
def test_both_say_the_same_of_random_clients(folders, lines, client):
    _, folder = map(empty, folders)
    text = b"".join(line.strip("\n").encode() + b"\n" for line in lines)
    compiled = finish(start_ours, Call("tcprules", ("cdb", "tmp"), cwd=folder), text)
    if compiled.code != 100:
        assert check(start_ours, folder, client) == check(start_theirs, folder, client)


NEAR = ["10.0.0.0", "10.1.2.3", "10.1.2.4", "10.1.3.9", "10.7.0.1", "11.255.0.9", "192.168.4.1"]
near_addresses = st.one_of(st.sampled_from(NEAR), st.ip_addresses(v=4).map(str))
NEAR_IPV6 = ["::", "::1", "2001:db8::1", "2001:db8:0:1:a:b:c:d", "2001:db8:ffff::", "fe80::2:3"]
unmapped = st.ip_addresses(v=6).filter(lambda ip: ip.ipv4_mapped is None)
near_ipv6 = st.one_of(st.sampled_from(NEAR_IPV6), unmapped.map(str))
verdicts = st.sampled_from(["allow", "deny", 'allow,X="y"'])


@st.composite
def ipv4_ranges(draw):
    return str(ip_network((draw(near_addresses), draw(st.integers(0, 32))), strict=False))


@st.composite
def ipv6_ranges(draw):
    network = ip_network((draw(near_ipv6), draw(st.integers(0, 128))), strict=False)
    return draw(st.sampled_from([str(network), network.exploded, str(network).upper()]))


@st.composite
def starts(draw):
    groups = draw(near_addresses).split(".")
    return ".".join(groups[: draw(st.integers(1, 3))]) + "."


@st.composite
def ipv6_starts(draw):
    groups = IPv6Address(draw(near_ipv6)).exploded.split(":")
    return ":".join(groups[: draw(st.integers(1, 7))]) + ":"


def compile_rules(start: Start, folder, addresses_and_verdicts):
    text = "".join(f"{address}:{verdict}\n" for address, verdict in addresses_and_verdicts)
    call = Call("tcprules", ("cdb", "tmp"), cwd=folder)
    assert finish(start, call, text.encode()) == (0, b"", b"")


def records_of(folder):
    with open(folder / "cdb", "rb") as file:
        database = cdbx.CDB(file)
        found = list(database.items(all=True))
        database.close()
    return found


LISTS = (b"./", b":/")
classic_addresses = st.one_of(
    near_addresses, starts(), st.sampled_from(["", "=", "=a.b", "=.b", "joe@1.2.3.4", "10.1-3."])
)


@oracle
@given(
    st.lists(st.tuples(st.one_of(classic_addresses, ipv4_ranges()), verdicts), max_size=12),
)
def test_ranges_of_ipv4_are_records_that_the_original_writes_too(folders, lines):
    their_folder, our_folder = map(empty, folders)
    compile_rules(start_theirs, their_folder, lines)
    compile_rules(start_ours, our_folder, lines)
    both = records_of(our_folder)
    assert [record for record in both if record[0] not in LISTS] == records_of(their_folder)
    if not any("/" in each for each, _ in lines):
        assert (our_folder / "cdb").read_bytes() == (their_folder / "cdb").read_bytes()


@oracle
@given(
    st.lists(st.tuples(classic_addresses, verdicts), max_size=8),
    st.lists(st.tuples(st.one_of(ipv4_ranges(), ipv6_ranges()), verdicts), min_size=1, max_size=6),
    st.randoms(use_true_random=False),
    st.lists(st.tuples(near_addresses, *[st.sampled_from([None, "a.b", "joe"])] * 2), max_size=4),
)
def test_the_original_reads_the_classic_rules_of_a_mixed_file(
    folders, classic, with_slash, chance, some_clients
):
    their_folder, our_folder = map(empty, folders)
    order = [iter(classic)] * len(classic) + [iter(with_slash)] * len(with_slash)
    chance.shuffle(order)
    mixed = [next(lines) for lines in order]
    compile_rules(start_theirs, their_folder, classic)
    compile_rules(start_ours, our_folder, mixed)
    for client in some_clients:
        alone = check(start_theirs, their_folder, client)
        assert check(start_theirs, our_folder, client) == alone


def network_of(prefix):
    """The range that a start of an address means."""
    if "/" in prefix:
        return ip_network(prefix)
    if ":" in prefix:
        groups = prefix.strip(":").split(":")
        return ip_network((":".join(groups + ["0"] * (8 - len(groups))), 16 * len(groups)))
    numbers = prefix.strip(".").split(".")
    return IPv4Network((".".join(numbers + ["0"] * (4 - len(numbers))), 8 * len(numbers)))


def best(prefixes, client):
    """The longest of the prefixes that hold the client, of equals a start; None without one."""
    found = [
        (network_of(prefix).prefixlen, "/" not in prefix, prefix)
        for prefix in prefixes
        if client in network_of(prefix)
    ]
    return max(found)[2] if found else None


def our_key(prefix):
    network = network_of(prefix)
    if "/" in prefix:
        return address.text(network.network_address.packed) + b"/%d" % network.prefixlen
    if network.version == 4:
        return prefix.encode()
    return b"".join(b"%x:" % int(group, 16) for group in prefix.strip(":").split(":"))


families = st.one_of(
    st.tuples(
        st.lists(st.one_of(ipv4_ranges(), starts()), min_size=1, max_size=9),
        st.lists(near_addresses, min_size=1, max_size=4),
    ),
    st.tuples(
        st.lists(st.one_of(ipv6_ranges(), ipv6_starts()), min_size=1, max_size=9),
        st.lists(near_ipv6, min_size=1, max_size=4),
    ),
)


@oracle
@given(families)
def test_the_longest_prefix_is_the_one_that_ipaddress_finds(folders, prefixes_and_clients):
    prefixes, some_clients = prefixes_and_clients
    _, folder = map(empty, folders)
    compile_rules(start_ours, folder, [(prefix, "deny") for prefix in prefixes])
    for client in some_clients:
        longest = best(prefixes, ip_address(client))
        text = address.text(ip_address(client).packed).decode()
        said = check(start_ours, folder, (text, None, None))
        if longest is None:
            assert said.stdout == b"default:\nallow connection\n"
        else:
            expected = b"rule " + our_key(longest) + b":\ndeny connection\n"
            assert said.stdout == expected


def test_many_records(folders):
    their_folder, our_folder = map(empty, folders)
    text = b"".join(b'10.%d.0-255.:allow,N="%d"\n' % (n, n) for n in range(20))
    original = theirs(their_folder, "tcprules", "cdb", "tmp", stdin=text)
    assert original.finished == (0, b"", b"")
    assert ours(our_folder, "tcprules", "cdb", "tmp", stdin=text) == original


def prepare(folder: Path) -> None:
    (folder / "cdb").write_bytes(b"old")
    (folder / "directory").mkdir()
    (folder / "target").write_bytes(b"a longer text that was there")
    (folder / "link").symlink_to("target")


GOOD, BAD = b'1-3:deny\n:allow,A="\0b"\n', b":allow\nx:yes\n"


@pytest.mark.parametrize("stdin", [GOOD, BAD, b""], ids=["good", "bad", "empty"])
@pytest.mark.parametrize(
    "argv",
    [
        (), ("cdb",), ("cdb", "tmp", "more"), ("-h", "x"), ("cdb", "cdb"), ("cdb", "nowhere/tmp"),
        ("cdb", "/dev/full"), ("cdb", "directory"), ("directory", "tmp"), ("nowhere/cdb", "tmp"),
        ("cdb", ""), ("", "tmp"), ("cdb", "link"), ("link", "tmp"),
        ("cdb", "x" * 300),
    ],
    ids=str,
)  # fmt: skip
def test_the_same_answer_to_every_call(folders, argv, stdin):
    outcomes = []
    for folder, call in zip(folders, (theirs, ours), strict=True):
        prepare(empty(folder))
        before = os.umask(0o077)
        try:
            outcomes.append(call(folder, "tcprules", *argv, stdin=stdin))
        finally:
            os.umask(before)
    assert outcomes[1] == outcomes[0]


def test_databases_that_others_made(folders):
    _, folder = map(empty, folders)
    instructions = [
        b"D",
        b"\0\0D\0",
        b"+A=b\0Dxx\0+C=d\0",
        b"zzz\0+=x\0+Q=1=2\0+R=2",
        b"+A=b=c\0+X",
    ]
    with open(folder / "cdb", "w+b") as file:
        maker = cdbx.CDB.make(file)
        for number, packed in enumerate(instructions):
            maker.add(b"%d" % number, packed)
        maker.commit().close()
    for number in range(len(instructions) + 1):
        env = client_environment((str(number), None, None))
        original = theirs(folder, "tcprulescheck", "cdb", env=env)
        assert ours(folder, "tcprulescheck", "cdb", env=env) == original


def test_databases_that_are_damaged(folders):
    _, folder = map(empty, folders)
    whole = rulesdb.build([(b"1.2.3.4", b"D\0"), (b"", b"+A=b\0")])
    env = client_environment(("1.2.3.4", None, None))
    for content in (b"", b"x", whole[:2047], whole[:2048], whole[:-30], bytes(2048), whole):
        (folder / "cdb").write_bytes(content)
        original = theirs(folder, "tcprulescheck", "cdb", env=env)
        assert ours(folder, "tcprulescheck", "cdb", env=env) == original


@pytest.mark.parametrize("argv", [(), ("missing",), ("missing/cdb",), ("-h",), ("cdb", "more")])
def test_calls_of_tcprulescheck(folders, argv):
    _, folder = map(empty, folders)
    (folder / "cdb").write_bytes(rulesdb.build([]))
    assert ours(folder, "tcprulescheck", *argv) == theirs(folder, "tcprulescheck", *argv)


@pytest.mark.parametrize("row", LEFT_OUT)
def test_what_the_oracle_leaves_out_is_in_the_table(row):
    differences.stand_by(row)
