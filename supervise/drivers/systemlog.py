"""The system's log. While nobody takes what is sent there it is lost, but told of and counted."""

from __future__ import annotations

import socket
import time

from supervise import errors
from supervise.formats import syslog
from supervise.machines.syslogentries import Entry

PATH = "/dev/log"


class SystemLog:
    """Sends entries under a tag and a facility; `lost` says how many of them in a row have not
    arrived."""

    def __init__(self, program: str, tag: bytes, facility: int) -> None:
        self.program = program
        self.tag = tag
        self.facility = facility
        self.socket: socket.socket | None = None
        self.lost = 0

    def put(self, entry: Entry) -> None:
        try:
            if self.lost:
                self.send(Entry(syslog.WARNING, b"warning: %d entries lost" % self.lost))
                self.lost = 0
            self.send(entry)
        except OSError as error:
            if not self.lost:
                why = errors.reason(error)
                errors.warn(self.program, f"unable to write to {PATH}, entries are lost: {why}")
            self.lost += 1

    def send(self, entry: Entry) -> None:
        date = time.strftime("%b %e %T").encode()
        record = syslog.record(self.facility, entry.level, date, self.tag, entry.text)
        if self.socket is not None:
            try:
                self.socket.send(record)
                return
            except OSError:
                self.close()  # the log's daemon has left; perhaps another is there by now
        self.open().send(record)

    def open(self) -> socket.socket:
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            opened.connect(PATH)
        except OSError:
            opened.close()
            raise
        self.socket = opened
        return opened

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None
