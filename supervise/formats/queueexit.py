"""What the end of a queue program means to the client. Source: qmail-queue(8), qmail-smtpd(8)."""

from __future__ import annotations

ADDRESS_TOO_LONG = 11
OUT_OF_MEMORY = 51
TIMED_OUT = 52
WRITE_ERROR = 53
READ_ERROR = 54
NO_HOME = 61
NO_MAILDIR = 62
NO_SPOOL = 63
NO_FILE = 65
NO_LINK = 66
TEMPORARY = 71
CUSTOM = 82
BAD_ENVELOPE = 91
NO_PROGRAM = 120

PERMANENT_RANGE = range(11, 41)
CUSTOM_LIMIT = 255  # bytes of custom text that are kept, its first letter included
CUSTOM_LEAST = 3  # fewer are no text

REPLIES: dict[int, bytes] = {
    ADDRESS_TOO_LONG: b"554 envelope address too long for qq (#5.1.3)",
    31: b"554 mail server permanently rejected message (#5.3.0)",
    OUT_OF_MEMORY: b"451 qq out of memory (#4.3.0)",
    TIMED_OUT: b"451 qq timeout (#4.3.0)",
    WRITE_ERROR: b"451 qq write error or disk full (#4.3.0)",
    READ_ERROR: b"451 qq read error (#4.3.0)",
    55: b"451 qq unable to read configuration (#4.3.0)",
    56: b"451 qq trouble making network connection (#4.3.0)",
    NO_HOME: b"451 qq trouble in home directory (#4.3.0)",
    **dict.fromkeys(range(62, 67), b"451 qq trouble creating files in queue (#4.3.0)"),
    TEMPORARY: b"451 mail server temporarily rejected message (#4.3.0)",
    72: b"451 connection to mail server timed out (#4.4.1)",
    73: b"451 connection to mail server rejected (#4.4.1)",
    74: b"451 communication with mail server failed (#4.4.2)",
    81: b"451 qq internal bug (#4.3.0)",
    BAD_ENVELOPE: b"451 qq internal bug (#4.3.0)",
    115: b"554 envelope address too long for qq (#5.1.3)",
    NO_PROGRAM: b"451 unable to exec qq (#4.3.0)",
}
OTHER_PERMANENT = b"554 qq permanent problem (#5.3.0)"
OTHER_TEMPORARY = b"451 qq temporary problem (#4.3.0)"
CRASHED = b"451 qq crashed (#4.3.0)"


def refusal(code: int, custom: bytes = b"", whole: bool = True) -> bytes | None:
    """The reply without its CR LF, or None for a message that is safely stored.

    `code` is the exit code, negative for a signal; `custom` is what came on descriptor 6;
    `whole` is false where the program did not take everything that was written to it.
    """
    if code == 0:
        return None if whole else REPLIES[READ_ERROR]
    if code < 0:
        return CRASHED
    if code == CUSTOM and len(custom) >= CUSTOM_LEAST:
        return (b"554 " if custom.startswith(b"D") else b"451 ") + custom[1:CUSTOM_LIMIT]
    other = OTHER_PERMANENT if code in PERMANENT_RANGE else OTHER_TEMPORARY
    return REPLIES.get(code, other)
