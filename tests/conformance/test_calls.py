"""Every program beside its original: called with few words and many, with options and with paths
that lead nowhere good."""

from __future__ import annotations

import os

import pytest

from tests.support import differences, pairs
from tests.support.differences import NEW_OPTIONS, USAGE, difference
from tests.support.originals import CALLED, COMMANDS, ENVIRONMENT, sample
from tests.support.pairs import Call, installed
from tests.support.sidebyside import needs

pytestmark = needs(*CALLED)

ROOT = os.geteuid() == 0
RULE = b"1.2.3.4:deny\n"
MANY = ("a",) * 30
LONG = ("x" * 100_000,)
WORDS = [(), ("a",), ("a", "b"), ("",), MANY, LONG, ("-Z",), ("--",), ("-",)]
OPTIONS = [
    ("-vRH",), ("-c5",), ("-c", "5"), ("-c",), ("-Zc",), ("-cZ",), ("-\udce9",), ("-é",), ("-xX",),
    ("--helpme",), ("--", "--"), ("-", "-"), ("-v", ""), ("-l", ""),
]  # fmt: skip
WITH_OPTIONS = ("rblsmtpd", "setlock", "softlimit", "svc", "tcpclient", "tcpserver")
ENDLESS = [("svscan", ()), ("svscan", ("--",))]  # goes on where it is
OPTION = difference("svscan: a directory whose name begins with `--`", "code", "stderr")

TOLD = difference("an option that is none: the name in the message", "stderr")


def short(words):
    return " ".join(words)[:20]


@pytest.mark.parametrize("name", CALLED)
def test_the_sample(same, port, name):
    same(sample(name, port))


@pytest.mark.parametrize("words", WORDS, ids=short)
@pytest.mark.parametrize("name", COMMANDS)
def test_words(same, name, words):
    if name == "recordio" and len("".join(words)) > 1000:
        differences.stand_by("recordio: a message of its own over 4 kB")  # now and then
    elif (name, words) not in ENDLESS:
        same(Call(name, words, environment=ENVIRONMENT))


def test_what_only_ours_takes_as_an_option(same):
    same(Call("svscan", ("--missing",), environment=ENVIRONMENT), OPTION)


@pytest.mark.parametrize("options", OPTIONS, ids=short)
@pytest.mark.parametrize("name", WITH_OPTIONS)
def test_options(same, port, name, options):
    call = sample(name, port)
    same(call._replace(argv=(*options, *call.argv)))


@pytest.mark.parametrize("name", COMMANDS)
def test_one_word_less_and_one_more(same, port, name):
    call = sample(name, port)
    same(call._replace(argv=(*call.argv, "more")))


@pytest.mark.parametrize("name", NEW_OPTIONS)
def test_the_usage_lines_differ(folders, name):
    differences.judge(*pairs.both(folders, Call(name, ()), installed), USAGE)


@pytest.mark.parametrize("called", ["", "other", "/some/other"])
@pytest.mark.parametrize("name", WITH_OPTIONS)
def test_another_name(same, name, called):
    same(Call(name, ("-Z",), environment=ENVIRONMENT, called=called), TOLD, installed)


PATHS = [
    "missing", "text", "text/", "text/x", "missing/x", "directory", "directory/", "loop", "nowhere",
    "closed", "closed/x", "fifo", "", ".", "..", "/",
    "x" * 255, "x" * 256, "x/" * 2100,
]  # fmt: skip
# A call in which a path stands for PATH.
PLACES = {
    "envdir": ("PATH", "/bin/echo", "became"),
    "multilog": ("./PATH",),
    "multilog =": ("=PATH",),
    "setlock": ("-n", "PATH", "/bin/echo", "became"),
    "svc": ("-d", "PATH", "service"),
    "svok": ("PATH",),
    "svstat": ("PATH", "service"),
    "tcprules": ("PATH", "new"),
    "tcprules new": ("cdb", "PATH"),
    "tcprulescheck": ("PATH",),
}


DIRECTORIES = ("directory", "directory/", "closed", ".", "..", "/")
CRASH = difference("tcpserver, tcprulescheck: a directory as rules file", "code", "stderr")


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[:12])
@pytest.mark.parametrize("place", PLACES)
def test_paths(same, place, path):
    argv = tuple(word.replace("PATH", path) for word in PLACES[place])
    crashes = place == "tcprulescheck" and path in DIRECTORIES and (path != "closed" or ROOT)
    same(Call(place.split()[0], argv, RULE, ENVIRONMENT), CRASH if crashes else None)


@pytest.mark.parametrize("path", sorted(set(PATHS) - set(DIRECTORIES)), ids=lambda path: path[:12])
@pytest.mark.parametrize("name", ["supervise", "svscan"])
def test_directories_of_services(same, name, path):
    """Those that can be entered are another story."""
    same(Call(name, (path,), environment=ENVIRONMENT))
