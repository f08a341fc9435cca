"""What name servers say, right and wrong: each is an answer of `answering`."""

from __future__ import annotations

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
from dns.message import Message

from tests.support.answering import Answer, Elsewhere, Question, Raw, Reply

LABEL = 63


def respond(question: Question, *texts: str, owner: str | None = None) -> Message:
    """A response with records of the kind that was asked for."""
    response = dns.message.make_response(question.query)
    (asked,) = question.query.question
    name = owner or asked.name
    if texts:
        response.answer.append(dns.rrset.from_text(name, 60, "IN", asked.rdtype, *texts))
    return response


def right(*texts: str) -> Answer:
    return lambda question: [respond(question, *texts).to_wire()]


def failing(rcode: str) -> Answer:
    def answer(question: Question) -> list[Reply]:
        response = respond(question)
        response.set_rcode(dns.rcode.from_text(rcode))
        return [response.to_wire()]

    return answer


def wrong_number(*texts: str) -> Answer:
    """An answer with another number than the question has."""

    def answer(question: Question) -> list[Reply]:
        response = respond(question, *texts)
        response.id ^= 1
        return [response.to_wire()]

    return answer


def wrong_question(*texts: str) -> Answer:
    """An answer to what was not asked."""

    def answer(question: Question) -> list[Reply]:
        response = respond(question, *texts)
        response.question = [dns.rrset.RRset(dns.name.from_text("x.test."), 1, 16)]
        return [response.to_wire()]

    return answer


def question_back(question: Question) -> list[Reply]:
    """The question itself."""
    return [question.query.to_wire()]


def other_owner(*texts: str) -> Answer:
    """Records of a name that nobody asked for."""
    return lambda question: [respond(question, *texts, owner="x.test.").to_wire()]


def elsewhere(*texts: str) -> Answer:
    """An answer that another port gives."""
    return lambda question: [Elsewhere(respond(question, *texts).to_wire())]


def second_time(answer: Answer) -> Answer:
    """Silent until asked again."""
    return lambda question: answer(question) if question.times > 1 else []


def after(other: Answer, answer: Answer) -> Answer:
    """First one answer, then another."""
    return lambda question: [*other(question), *answer(question)]


def truncated(answer: Answer) -> Answer:
    """Too long for a datagram; over TCP there is the answer."""

    def over_both(question: Question) -> list[Reply]:
        if question.over_tcp:
            return answer(question)
        response = respond(question)
        response.flags |= dns.flags.TC
        return [response.to_wire()]

    return over_both


def raw(stream: bytes) -> Answer:
    return lambda question: [Raw(stream)]


def garbage(question: Question) -> list[Reply]:
    """The right number, and nothing else that is right."""
    return [question.query.to_wire()[:2] + b"\x80\0" + b"\xff" * 30]


def too_short(question: Question) -> list[Reply]:
    return [question.query.to_wire()[:2], b"", b"x"]


def aliases(*chain: str, texts: tuple[str, ...] = ()) -> Answer:
    """Aliases from one name to the next; the last one has the records."""

    def answer(question: Question) -> list[Reply]:
        response = dns.message.make_response(question.query)
        (asked,) = question.query.question
        owner = str(asked.name)
        for target in chain:
            response.answer.append(dns.rrset.from_text(owner, 60, "IN", "CNAME", target))
            owner = target
        if texts:
            response.answer.append(dns.rrset.from_text(owner, 60, "IN", asked.rdtype, *texts))
        return [response.to_wire()]

    return answer


def loop(question: Question) -> list[Reply]:
    """Aliases that lead in a circle."""
    name = str(question.query.question[0].name)
    return aliases("a.test.", "b.test.", name)(question)


def unending(question: Question) -> list[Reply]:
    """More aliases than anybody follows."""
    return aliases(*(f"alias{number}.test." for number in range(40)))(question)
