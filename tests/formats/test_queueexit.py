from __future__ import annotations

import pytest

from supervise.formats import queueexit

TROUBLE_CREATING = b"451 qq trouble creating files in queue (#4.3.0)"


@pytest.mark.parametrize(
    ("code", "reply"),
    [
        (11, b"554 envelope address too long for qq (#5.1.3)"),
        (115, b"554 envelope address too long for qq (#5.1.3)"),
        (31, b"554 mail server permanently rejected message (#5.3.0)"),
        *((code, b"554 qq permanent problem (#5.3.0)") for code in range(12, 41) if code != 31),
        (51, b"451 qq out of memory (#4.3.0)"),
        (52, b"451 qq timeout (#4.3.0)"),
        (53, b"451 qq write error or disk full (#4.3.0)"),
        (54, b"451 qq read error (#4.3.0)"),
        (55, b"451 qq unable to read configuration (#4.3.0)"),
        (56, b"451 qq trouble making network connection (#4.3.0)"),
        (61, b"451 qq trouble in home directory (#4.3.0)"),
        *((code, TROUBLE_CREATING) for code in range(62, 67)),
        (71, b"451 mail server temporarily rejected message (#4.3.0)"),
        (72, b"451 connection to mail server timed out (#4.4.1)"),
        (73, b"451 connection to mail server rejected (#4.4.1)"),
        (74, b"451 communication with mail server failed (#4.4.2)"),
        (81, b"451 qq internal bug (#4.3.0)"),
        (91, b"451 qq internal bug (#4.3.0)"),
        (120, b"451 unable to exec qq (#4.3.0)"),
        (-9, b"451 qq crashed (#4.3.0)"),
        (-11, b"451 qq crashed (#4.3.0)"),
        *(
            (code, b"451 qq temporary problem (#4.3.0)")
            for code in (1, 10, 41, 50, 57, 60, 67, 70, 75, 80, 82, 83, 100, 111, 255)
        ),
    ],
)
@pytest.mark.parametrize("whole", [True, False])
def test_every_end_of_a_queue_program(code, reply, whole):
    assert queueexit.refusal(code, b"", whole) == reply


def test_only_a_whole_message_is_a_success():
    assert queueexit.refusal(0) is None
    assert queueexit.refusal(0, b"Dtext") is None
    assert queueexit.refusal(0, whole=False) == b"451 qq read error (#4.3.0)"


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        (b"Dno thanks (#5.7.1)", b"554 no thanks (#5.7.1)"),
        (b"Znot now", b"451 not now"),
        (b"dnot now", b"451 not now"),
        (b"Dab", b"554 ab"),
        (b"Da", b"451 qq temporary problem (#4.3.0)"),
        (b"D", b"451 qq temporary problem (#4.3.0)"),
        (b"", b"451 qq temporary problem (#4.3.0)"),
        (b"Dtwo\nlines", b"554 two\nlines"),
        (b"D" + b"x" * 254, b"554 " + b"x" * 254),
        (b"D" + b"x" * 300, b"554 " + b"x" * 254),
    ],
)
def test_a_queue_program_s_own_words(words, reply):
    assert queueexit.refusal(82, words) == reply


def test_its_words_count_with_exit_82_only():
    assert queueexit.refusal(31, b"Dtext") == queueexit.REPLIES[31]
