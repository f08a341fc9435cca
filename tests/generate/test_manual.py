from __future__ import annotations

import pytest

from scripts.generate import manual
from scripts.generate.manual import Example, Irregular, Manual, Option, Row, Table, Text

DOCSTRING = """Do one thing, and
do it well.

tool [ options ] host [ port ]

The first line
and the second. Options:

    -a        the first
    -b word   take this `word`; it has
              a second line
    --long    a word of its own

Between them.

    s  one
    t u  two

As in this:

    tool -a host |
      tool2  x

Exits 0 or 1.
"""


def test_a_docstring_taken_apart():
    assert manual.parse("tool", DOCSTRING) == Manual(
        "tool",
        "Do one thing, and do it well.",
        "tool [ options ] host [ port ]",
        [
            Text(["The first line", "and the second."]),
            Text(["Between them."]),
            Table([Row("s", "one"), Row("t u", "two")]),
            Text(["As in this:"]),
            Example(["tool -a host |", "  tool2  x"]),
        ],
        [
            Option("-a", None, "the first"),
            Option("-b", "word", "take this `word`; it has a second line"),
            Option("--long", None, "a word of its own"),
        ],
        [Text(["Exits 0 or 1."])],
    )


def test_the_operands():
    assert manual.parse("tool", DOCSTRING).operands == ["host", "[", "port", "]"]
    assert manual.parse("tool", "Do it.\n\ntool\n").operands == []


@pytest.mark.parametrize(
    ("docstring", "complaint"),
    [
        ("Do it.\n\nother x\n", "begin the second paragraph with the name"),
        ("Do it.\n\ntool\n\nOptions:\n\n    -a, -b  both\n", "write one option"),
        ("Do it.\n\ntool\n\nOptions:\n\n    -a one two  both\n", "one word for its value"),
        ("Do it.\n\ntool\n\nOptions:\n\nnone\n", "no two columns: none"),
        ("Do it.\n\ntool\n\na  row\n", "indent what is a table: a  row"),
        ("Do it.\n\ntool\n\n    a  row\n    none\n", "no two columns: none"),
    ],
)
def test_what_is_irregular_is_named(docstring, complaint):
    with pytest.raises(Irregular, match=complaint):
        manual.parse("tool", docstring)


def test_the_docstring_of_a_script_is_its_first_comment():
    script = "#!/bin/sh\n# Do it.\n#\n# tool\n#\n#     indented\n\n# not this\nexec x # nor this\n"
    assert manual.of_script(script) == "Do it.\n\ntool\n\n    indented\n"
    with pytest.raises(Irregular, match="begin the script with a comment"):
        manual.of_script("#!/bin/sh\n\n# Do it.\n")
