from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.generate import completions, manual, programs
from scripts.generate.completions import Operands
from tests.support import shells
from tests.support.patience import PATIENCE

# A shell may begin slowly where the machine has much to do.
pytestmark = pytest.mark.timeout(10 * PATIENCE)
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("synopsis", "kinds", "repeated"),
    [
        ("tool", [], False),
        ("tool [ options ] host port program [ arg ... ]", ["host", "port", "command"], False),
        ("tool [ host [ page [ port ] ] ]", ["host", "anything", "port"], False),
        ("tool services", ["service"], True),
        ("tool action ...", ["directory"], True),
        ("tool <message 1<envelope", [], False),
        ("svok dir", ["service"], False),
        ("envdir dir child", ["directory", "command"], False),
    ],
)
def test_the_kinds_of_operands(synopsis, kinds, repeated):
    tool = manual.parse(synopsis.split()[0], f"Do it.\n\n{synopsis}\n")
    assert completions.operands(tool) == Operands(kinds, repeated)


# No program has options of both kinds.
MADE_UP = """Do it.

made-up [ options ] account

Options:

    -a         one
    -b file    two
    --long     three
    --to file  four
"""


def test_letters_that_take_a_value():
    assert completions.valued_letters(manual.parse("made-up", MADE_UP)) == "b"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with services, some of them in known places."""
    shells.make_services(tmp_path)
    known = [str(tmp_path / name) for name in ("known", "other", "missing")]
    monkeypatch.setattr(completions, "PLACES", known)
    program = tmp_path / "bin/made-up"  # fish has nothing to say about a command that is not there
    program.parent.mkdir()
    program.touch(0o755)
    shells.write_completions(tmp_path / "prefix", manual.parse("made-up", MADE_UP))
    return tmp_path


@pytest.fixture(params=sorted(shells.SHELLS))
def shell(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def offers(shell: str, place: Path) -> Iterator[shells.Offers]:
    """What a shell offers, in order; a directory without its slash."""
    with shells.SHELLS[shell](place) as offers:
        yield lambda line: sorted(word.rstrip("/") for word in offers(line))


def options_of(name: str) -> list[str]:
    return sorted(option.name for option in programs.read(ROOT, name).options)


def test_options(offers: shells.Offers):
    for name in programs.names():
        if known := options_of(name):
            assert offers(f"{name} -") == sorted([*known, "--help", "--version"])
    assert offers("tcpserver --h") == ["--help"]
    assert offers("who@ --") == ["--help", "--version"]
    assert not set(offers("tcpserver 0 -")) & set(options_of("tcpserver"))
    assert "--help" not in offers("tcpserver -v --")


def test_services(offers: shells.Offers, place: Path):
    known = [f"{place}/known/a", f"{place}/known/b", f"{place}/other/d e"]
    assert offers("svstat ") == known
    assert offers(f"svc -u {place}/kn") == [f"{place}/known", *known[:2]]
    assert offers(f"svc -u {known[0]} {place}/typed/") == [f"{place}/typed/f", f"{place}/typed/g"]
    assert offers(f"svok {place}/typed/f/") == [f"{place}/typed/f/log"]
    assert offers("svok typed/") == ["typed/f", "typed/g"]


def test_accounts(offers: shells.Offers):
    assert offers("setuidgid nob") == shells.accounts("nob")
    assert offers("finger@ 0 nob") == shells.accounts("nob")
    assert offers("finger@ nob") != shells.accounts("nob")


def test_values_of_options(offers: shells.Offers, place: Path):
    (place / "rules.cdb").touch()
    assert offers("tcpserver -v -c 40 -x rul") == ["rules.cdb"]
    assert offers("tcpserver -vx rul") == ["rules.cdb"]
    assert offers("tcpserver -c ") == []
    assert "smtp" in offers("tcpclient -vp smt")


def test_operands_after_options_and_their_values(offers: shells.Offers, place: Path):
    (place / "rules.cdb").touch()
    for line in ("-c 40", "-vc 40", "-c40 -v", "-xrules.cdb -1B text", "--", "-v --"):
        assert "smtp" in offers(f"tcpserver {line} ::1 smt"), line
    assert offers("tcprulescheck rul") == ["rules.cdb"]
    assert offers("svscan typ") == ["typed"]
    assert offers("svscan typed ") == []


def test_a_command_after_the_operands(offers: shells.Offers):
    assert "recordio" in offers("tcpserver -x rules.cdb -v 0 smtp recordi")
    assert "setuidgid" in offers("setuidgid nobody setuidgi")


@pytest.mark.parametrize("shell", sorted(shells.SHELLS.keys() - {"bash"}))
def test_what_comes_after_the_command_is_its_own(shell, offers: shells.Offers):
    assert offers("setuidgid nobody tcpserver --v") == ["--version"]
    assert offers("setuidgid nobody setlock -n lock envuidgid nob") == shells.accounts("nob")
    assert offers("tcpserver -v 0 smtp svok typed/") == ["typed/f", "typed/g"]


def test_options_that_are_words(offers: shells.Offers, place: Path):
    (place / "target").touch()
    assert offers("made-up --") == ["--help", "--long", "--to", "--version"]
    assert offers("made-up --long --l") == ["--long"]
    assert offers("made-up --long --to targ") == ["target"]
    assert [word.rpartition("=")[2] for word in offers("made-up --to=targ")] == ["target"]
    for line in ("--long", "--to target", "--to=target --long -ab target", "--other", "--"):
        assert offers(f"made-up {line} nob") == shells.accounts("nob"), line
    assert "--long" not in offers("made-up -- --l")
