"""A name server for tests: says what a table says, over UDP and TCP, and who asked.

Called with an address, a port (0 for any) and the table in JSON: «NAME TYPE» → texts of records,
the first of which may be one of MOODS («classes»: records of other classes come first); «OTHER. =
TEXT» is a record reached by an alias. Unknown names do not exist. Prints the port, then
one line «PORT ID NAME TYPE» for each question.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys

import dns.flags
import dns.message
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset

MOODS = {"servfail", "silent", "garbage", "truncated", "refused", "classes"}
FOREIGN_CLASSES = (3, 55)  # Chaos, where an address is a name and a number, and an unknown one
ATTEMPTS = 50


def reply(wire: bytes, table: dict[str, list[str]], over_tcp: bool) -> bytes | None:
    query = dns.message.from_wire(wire)
    question = query.question[0]
    kind = dns.rdatatype.to_text(question.rdtype)
    records = table.get(f"{str(question.name).lower()} {kind}")
    answer = dns.message.make_response(query)
    mood = records[0] if records and records[0] in MOODS else None
    texts = [text for text in records or [] if text not in MOODS]
    if mood == "silent":
        return None
    if mood == "garbage":
        return wire[:2] + b"\xff" * 30
    if mood == "truncated" and not over_tcp:
        answer.flags |= dns.flags.TC
        return answer.to_wire()
    if mood in ("servfail", "refused"):
        answer.set_rcode(dns.rcode.from_text(mood))
    elif records is None:
        answer.set_rcode(dns.rcode.NXDOMAIN)
    if mood == "classes":
        for foreign in FOREIGN_CLASSES:
            record = dns.rdata.GenericRdata(foreign, question.rdtype, b"\0\0\7")
            answer.answer.append(dns.rrset.from_rdata(question.name, 60, record))
    for text in texts:
        alias, _, target = text.partition(" = ")
        if target:
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", "CNAME", alias))
        owner = alias if target else question.name
        answer.answer.append(dns.rrset.from_text(owner, 60, "IN", kind, target or text))
    return answer.to_wire()


def note(wire: bytes, port: int) -> None:
    query = dns.message.from_wire(wire)
    question = query.question[0]
    kind = dns.rdatatype.to_text(question.rdtype)
    os.write(1, f"{port} {query.id} {question.name} {kind}\n".encode())


def bind(ip: str, port: int) -> tuple[socket.socket, socket.socket]:
    """The same port for UDP and TCP."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    for attempt in range(ATTEMPTS):
        udp = socket.socket(family, socket.SOCK_DGRAM)
        tcp = socket.socket(family, socket.SOCK_STREAM)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            udp.bind((ip, port))
            tcp.bind((ip, udp.getsockname()[1]))
        except OSError:
            udp.close()
            tcp.close()
            if port or attempt == ATTEMPTS - 1:
                raise
        else:
            tcp.listen(5)
            return udp, tcp
    raise AssertionError


def main(ip: str, port: str, table: str) -> None:
    answers = json.loads(table)
    udp, tcp = bind(ip, int(port))
    os.write(1, b"%d\n" % udp.getsockname()[1])
    while True:
        ready, _, _ = select.select([udp, tcp], [], [])
        if udp in ready:
            wire, client = udp.recvfrom(4096)
            note(wire, client[1])
            answer = reply(wire, answers, False)
            if answer is not None:
                udp.sendto(answer, client)
        if tcp in ready:
            connection, client = tcp.accept()
            with connection:
                wire = connection.recv(4096)[2:]
                note(wire, client[1])
                answer = reply(wire, answers, True)
                if answer is not None:
                    connection.sendall(len(answer).to_bytes(2) + answer)


if __name__ == "__main__":
    main(*sys.argv[1:])
