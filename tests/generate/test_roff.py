from __future__ import annotations

import pytest

from scripts.generate import manual, roff
from scripts.generate.manual import Example, Option, Row, Table, Text
from tests.support import rendering

ABOUT = roff.Page(8, "2026-01-02", "tools 1.2", [("other", 1), ("some-other", 8)])
DOCSTRING = """Do it well.

my-tool [ options ] host [ arg ... ]

Read $HOME, `-x` or so. Options:

    -a        the first
    -n size   at most size bytes, not resize
    -z        the last

Exits 0.
"""
PAGE = r"""
.TH "my\-tool" 8 2026-01-02 "tools 1.2"
.nh
.ad l
.SH NAME
my\-tool \- do it well
.SH SYNOPSIS
\fBmy\-tool\fR [\ \fB\-az\fR\ ] [\ \fB\-n\fR\ \fIsize\fR\ ] \fIhost\fR [\ \fIarg\fR\ ...\ ]
.SH DESCRIPTION
Read \fB$HOME\fR, \fB\-x\fR or so.
.SH OPTIONS
.TP 9
\fB\-a\fR
the first
.TP 9
\fB\-n\fR \fIsize\fR
at most \fIsize\fR bytes, not resize
.TP 9
\fB\-z\fR
the last
.PP
Called with \fB\-\-help\fR alone it prints this manual, with \fB\-\-version\fR alone its version.
.SH EXIT STATUS
Exits 0.
.SH SEE ALSO
\fBother\fR(1),
\fBsome\-other\fR(8)
""".lstrip()


def test_a_whole_page():
    assert roff.page(manual.parse("my-tool", DOCSTRING), ABOUT) == PAGE


def test_nobody_to_see_also():
    page = roff.page(manual.parse("my-tool", DOCSTRING), ABOUT._replace(see_also=[]))
    assert page == PAGE.partition(".SH SEE ALSO")[0]


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a-b", r"a\-b"),
        (r"\n", r"\en"),
        ('~ ^ ` "', r"\(ti \(ha \(ga \(dq"),
        ("«é»", r"\[u00AB]\[u00E9]\[u00BB]"),
        ("it's", "it's"),
    ],
)
def test_escapes(text, escaped):
    assert roff.escape(text) == escaped


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("give -x, (-y) or --long-one", r"give B-xR, (B-yR) or B--long-oneR"),
        ("re-use, 1-2 and a lone - or --", "re-use, 1-2 and a lone - or --"),
        ("$HOME costs 5$", "B$HOMER costs 5$"),
        ("`a -b` and `$c`", "Ba -bR and B$cR"),
    ],
)
def test_what_stands_out(text, marked):
    assert roff.inline(text).replace(r"\-", "-").replace(r"\f", "") == marked


def test_blocks_and_what_is_between_them():
    blocks = [Text(["a", ".b"]), Table([Row(".x", "'y"), Row("long", "z")]), Example([".c", "  d"])]
    assert list(roff.paragraphs(blocks)) == [
        "a", r"\&.b", ".TP 6", r"\fB.x\fR", r"\&'y", ".TP 6", r"\fBlong\fR", "z",
        ".PP", ".RS 4", ".nf", r"\&.c", "  d", ".fi", ".RE",
    ]  # fmt: skip


def test_a_long_option_has_brackets_of_its_own():
    options = [Option("-a", None, ""), Option("--all", None, ""), Option("--to", "x", "")]
    tool = manual.parse("tool", "Do it.\n\ntool [ options ]\n")._replace(options=options)
    assert " ".join(roff.synopsis(tool)).replace("\\", "").replace("fB", "").replace("fR", "") == (
        "tool [ -a ] [ --all ] [ --to fIx ]"
    )


NASTY = [
    ".TH", "'br", "\\", "\\\\fB", "\\(bu", "a\\", "-", "--", "-x-", "~user", "^C", '"quoted"',
    "\\n(.l", "'", "''", "...", ".", "a.b", "$", "%s", "«»", "€", "→", "{a,b}", "[x]", "#", "|",
]  # fmt: skip


@pytest.mark.parametrize("tool", ["man", "mandoc"])
def test_words_that_roff_would_act_on_are_shown_as_they_are(tool, tmp_path):
    path = tmp_path / "tool.8"
    lines = [*NASTY, " ".join(NASTY)]
    table = Table([Row(word, word) for word in NASTY])
    blocks = [Text(lines), table, Example([f"  {line}" for line in lines])]
    page = manual.parse("tool", "Do it.\n\ntool\n\nExits.\n")._replace(description=blocks)
    path.write_text(roff.page(page, ABOUT))
    assert rendering.complaints(tool, path) == ""
    words = rendering.shown(tool, path)
    expected = NASTY * 2 + [word for row in table.rows for word in row] + NASTY * 2
    begin = words.index("DESCRIPTION") + 1
    assert words[begin : words.index("Called")] == expected
