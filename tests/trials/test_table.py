from __future__ import annotations

from scripts.trials.table import Row, Table, at_most, exactly


def test_a_table_that_anyone_can_read():
    table = Table(["ours", "theirs"])
    table.put("ours", Row("kills", "copies", exactly(1)), 1)
    table.put("theirs", Row("kills", "copies", exactly(1)), 2)
    table.put("ours", Row("disk", "TERM to gone", at_most(100, " ms")), 3.14)
    table.put("theirs", Row("disk", "TERM to gone", at_most(100, " ms")), None)
    assert table.render() == (
        "| trial | what is counted | wanted    | ours | theirs |\n"
        "| ----- | --------------- | --------- | ---- | ------ |\n"
        "| kills | copies          | 1         | 1    | 2      |\n"
        "| disk  | TERM to gone    | <= 100 ms | 3.1  | -      |\n"
    )


def test_what_is_not_kept():
    table = Table(["ours"])
    copies = Row("kills", "copies", exactly(1))
    slow, never = Row("disk", "slow", at_most(100)), Row("disk", "never", at_most(100))
    for row, value in ((copies, 2), (slow, 100.5), (never, None)):
        table.put("ours", row, value)
    table.put("ours", Row("kills", "of supervise"), 1000)
    assert table.broken("ours") == [copies, slow, never], "what never came is not kept either"
    assert table.broken("theirs") == []


def test_a_row_that_comes_again_is_the_same():
    table = Table(["ours"])
    table.put("ours", Row("kills", "copies", exactly(1)), 2)
    table.put("ours", Row("kills", "copies", exactly(1)), 1)
    assert table.broken("ours") == []
    assert table.render().count("copies") == 1
