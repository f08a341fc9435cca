from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from supervise.formats import runscript
from supervise.formats.runscript import RunScript

# The two scripts of the classic how-to.
SMTPD = b"""#!/bin/sh
exec tcpserver -x /etc/tcpcontrol/smtp.cdb -v -u 504 -g 501 0 smtp recordio qmail-smtpd 2>&1
"""
SMTPD_LOG = b"""#!/bin/sh
exec setuidgid qmaill multilog t '-* * > *' '-* * < *' '+* * > 5*' '+* * > 4*' ./main
"""


def parsed(command: bytes) -> RunScript | None:
    return runscript.parse(b"#!/bin/sh\n" + command)


def test_the_service_of_the_how_to():
    words = b"tcpserver -x /etc/tcpcontrol/smtp.cdb -v -u 504 -g 501 0 smtp recordio qmail-smtpd"
    assert runscript.parse(SMTPD) == RunScript(words.split(), True)


def test_the_log_of_the_how_to():
    selection = [b"-* * > *", b"-* * < *", b"+* * > 5*", b"+* * > 4*"]
    words = [b"setuidgid", b"qmaill", b"multilog", b"t", *selection, b"./main"]
    assert runscript.parse(SMTPD_LOG) == RunScript(words, False)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (b"exec multilog t ./main\n", [b"multilog", b"t", b"./main"]),
        (b"exec multilog t ./main", [b"multilog", b"t", b"./main"]),  # no newline at the end
        (b"\n\n  \t\n# what it does\n\t# and why\nexec a\n", [b"a"]),
        (b"exec a\n\n# the end\n  \n", [b"a"]),
        (b"exec a # why; $HOME | `all`\n", [b"a"]),
        (b"\t exec\ta \t b \n", [b"a", b"b"]),
        (b"exec a \\\n  b \\\n\\\n c\n", [b"a", b"b", b"c"]),
        (b"exec a \\\n# a comment after a continued line\n", [b"a"]),
        (b"exec a \\\n", [b"a"]),
        (b"\\\nexec a\n", [b"a"]),
        (b"exec a ''\n", [b"a", b""]),
        (b'exec a "" b\n', [b"a", b"", b"b"]),
        (b"exec a 'b c'\"d e\"f\n", [b"a", b"b cd ef"]),
        (b"exec a '$x `y` \\z \"w\" * ~ ;'\n", [b"a", b'$x `y` \\z "w" * ~ ;']),
        (b'exec a "it\'s; * | # ~ {b,c}"\n', [b"a", b"it's; * | # ~ {b,c}"]),
        (b"exec a 'two\nlines' \"and\nmore\"\n", [b"a", b"two\nlines", b"and\nmore"]),
        (b"exec a '-*' +b -- -c\n", [b"a", b"-*", b"+b", b"--", b"-c"]),
        (b"exec a b#c d##\n", [b"a", b"b#c", b"d##"]),
        (b"exec a x=y /:@%^,.-_+\n", [b"a", b"x=y", b"/:@%^,.-_+"]),
        (b"exec a caf\xe9 \x80\xff\n", [b"a", b"caf\xe9", b"\x80\xff"]),
        (b"exec 'a' \"b\"\n", [b"a", b"b"]),
        (b"exec a '2>&1'\n", [b"a", b"2>&1"]),
        (b"exec exec a\n", [b"exec", b"a"]),
    ],
)
def test_a_plain_script(command, words):
    assert parsed(command) == RunScript(words, False)


@pytest.mark.parametrize(
    "end",
    [b" 2>&1\n", b" 2>&1", b"\t2>&1 \t\n", b" 2>&1 # both\n", b" \\\n 2>&1\n", b" 2>&1 \\\n\n"],
)
def test_a_final_merge(end):
    assert parsed(b"exec a b" + end) == RunScript([b"a", b"b"], True)


@pytest.mark.parametrize(
    "script",
    [
        b"",
        b"\0",
        b"exec a\n",
        b"#!/bin/sh",
        b"#!/bin/sh\n",
        b"#!/bin/sh -e\nexec a\n",
        b"#! /bin/sh\nexec a\n",
        b"#!/bin/bash\nexec a\n",
        b"#!/bin/sh\r\nexec a\r\n",
        b"#!/bin/sh\nexec a\0\n",
        b"#!/bin/sh\nexec a # \0\n",
        b"\n#!/bin/sh\nexec a\n",
        b"\x7fELF" + bytes(100),
    ],
)
def test_no_script_of_the_plain_shell(script):
    assert runscript.parse(script) is None


@pytest.mark.parametrize(
    "command",
    [
        # what is not one exec
        b"# nothing\n",
        b"a b\n",
        b"exec\n",
        b"exec 2>&1\n",
        b"'exec' a\n",
        b"ex''ec a\n",
        b"execute a\n",
        b"exec a\nexec b\n",
        b"exec a\nb\n",
        b"b\nexec a\n",
        b"exec -a name a\n",
        b"exec '-a' name a\n",
        b"exec -- a\n",
        b'exec "--" a\n',
        b"PATH=/bin exec a\n",
        b"export A\nexec a\n",
        b"exec A=b a\n",
        b"exec 'A'=b a\n",
        # what a shell acts on
        b"exec a $b\n",
        b"exec a ${b}\n",
        b'exec a "$b"\n',
        b"exec a `b`\n",
        b'exec a "`b`"\n',
        b"exec a $(b)\n",
        b"exec a *\n",
        b"exec a b?\n",
        b"exec a [b]\n",
        b"exec a ]\n",
        b"exec a; b\n",
        b"exec a ;\n",
        b"exec a | b\n",
        b"exec a || b\n",
        b"exec a && b\n",
        b"exec a &\n",
        b"(exec a)\n",
        b"{ exec a; }\n",
        b"exec a {b,c}\n",
        b"exec a }\n",
        b"exec a ~\n",
        b"exec a b~c\n",
        b"exec a !\n",
        b'exec a "b!"\n',
        # what a backslash does
        b"exec a b\\c\n",
        b"exec a \\ b\n",
        b"exec a b\\\nc\n",
        b'exec a "b\\c"\n',
        b'exec a "b\\\nc"\n',
        b"exec a \\",
        b"exec a # \\",
        # redirections
        b"exec a >b\n",
        b"exec a > b\n",
        b"exec a <b\n",
        b"exec a 2>/dev/null\n",
        b"exec a 1>&2\n",
        b"exec a >&2\n",
        b"exec a 2>&-\n",
        b"exec a 2>&1b\n",
        b"exec a 2>&1#b\n",
        b"exec a b2>&1\n",
        b"exec a 2>&1 b\n",
        b"exec a 2>&1 2>&1\n",
        b"exec a 2>&1 >b\n",
        b"2>&1 exec a\n",
        b"exec a <<b\nb\n",
        # what is unfinished or unseen
        b"exec a 'b\n",
        b'exec a "b\n',
        b"exec a\r\n",
        b"exec a\x0bb\n",
        b"exec a\x7f\n",
        b"exec a \x01\n",
        b"exec a 'b'#c\n",  # a shell would take it; we need not
    ],
)
def test_what_needs_a_shell(command):
    assert parsed(command) is None


@given(st.binary(max_size=100))
@example(b"exec a '2>&1'")
def test_garbage_is_left_to_the_shell_or_plain(command):
    plain = parsed(command)
    assert plain is None or (plain.words != [] and b"\0" not in b"".join(plain.words))


def quoted(word: bytes) -> bytes:
    return b"'" + word.replace(b"'", b"'\"'\"'") + b"'"


@given(st.lists(st.binary(max_size=20).map(lambda word: word.replace(b"\0", b""))), st.booleans())
def test_words_that_are_quoted_come_back(words, merge):
    script = b"exec a " + b" ".join(map(quoted, words)) + b" 2>&1" * merge + b"\n"
    assert parsed(script) == RunScript([b"a", *words], merge)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("filling", [b"#", b"a#", b"''", b"\\\n", b"\n", b"a ", b"2>&1 "])
def test_a_long_script_is_read_in_one_go(filling):
    """No pattern goes back over what it has read: this ends."""
    parsed(b"exec a" + filling * 30000)
    assert parsed(b"exec a " + filling * 30000 + b"\n$") is None
