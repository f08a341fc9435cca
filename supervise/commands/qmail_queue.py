"""Store a message in the Maildir of qmail's home directory, whole and synced, or not at all.

qmail-queue <message 1<envelope

The message is read from descriptor 0 to its end, then the envelope from descriptor 1: F sender NUL,
T recipient NUL for each recipient, NUL. The home directory is $QMAILHOME, or /var/qmail.

Exits 0 once the message is safely stored; 11 for an address that is too long, 51 without memory,
52 after 24 hours, 53 for trouble in writing, 54 for trouble in reading or an envelope without its
end, 61 for trouble with the home directory, 62 to 66 with the Maildir, 71 when told to stop, 91 for
a bad envelope. It says nothing.
"""

from __future__ import annotations

from supervise.drivers import storing

USAGE = "qmail-queue: usage: qmail-queue"


def main(argv: list[str]) -> int:
    return storing.run()
