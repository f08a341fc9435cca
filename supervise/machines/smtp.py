"""A session of qmail-smtpd: bytes from the client and answers from the queue in, effects out.

After OpenQueue, Commit, FindHosts or StartTls the session waits for the answer to it and leaves
what the client has sent meanwhile where it is; one of these is always the last of a list of
effects.
"""

from __future__ import annotations

from collections.abc import Callable

from supervise.formats import envelope, received, smtp
from supervise.machines import mailpolicy
from supervise.machines.commandlines import CommandLines
from supervise.machines.mailpolicy import Verdict
from supervise.machines.messagedata import MessageData, State
from supervise.machines.smtpeffects import (
    Abandon,
    Commit,
    Effect,
    Effects,
    Exit,
    FindHosts,
    Flush,
    OpenQueue,
    Reply,
    StartTls,
    Store,
)
from supervise.machines.smtpsettings import Settings

RECIPIENT_LIMIT = 10_000  # of one message, so that a client cannot fill our memory


class Session:
    """One client's dialogue."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.policy = settings.policy
        self.lines = CommandLines()
        self.secure = settings.secure
        self.hello: bytes | None = None
        self.sender: bytes | None = None
        self.barred = False
        self.recipients: list[bytes] = []
        self.candidate = b""  # the recipient that an answer decides about
        self.message: MessageData | None = None
        self.asking = False
        self.ended = False

    def greet(self) -> Effects:
        return [Reply(smtp.greeting(self.settings.greeting)), Flush()]

    def received(self, chunk: bytes) -> Effects:
        self.lines.add(chunk)
        return self.go_on()

    def hung_up(self) -> Effects:
        """The client is gone, or takes no more."""
        return self.end(1)

    def timed_out(self) -> Effects:
        return [Reply(smtp.TIMED_OUT), *self.end(1)]

    def controls_unreadable(self) -> Effects:
        return [Reply(smtp.CONTROLS_UNREADABLE), *self.end(1)]

    def end(self, code: int) -> Effects:
        abandon: Effects = [] if self.message is None else [Abandon()]
        self.message, self.ended = None, True
        return [*abandon, Exit(code)]

    def ask(self, question: Effect) -> Effects:
        self.asking = True
        return [question]

    def answered(self, *effects: Effect) -> Effects:
        """Go on, after these, with what the client has sent while the answer was waited for."""
        self.asking = False
        return [*effects, *self.go_on()]

    def go_on(self) -> Effects:
        effects: Effects = []
        while not (self.ended or self.asking) and self.lines.waiting:
            if self.message is not None:
                effects += self.take_data(self.message)
                continue
            line = self.lines.next()
            if line is None:
                break
            effects += self.obey(line)
        return effects

    def obey(self, line: bytes) -> Effects:
        if self.lines.too_long(line):
            return [Reply(smtp.LINE_TOO_LONG), Flush()]
        verb, argument = smtp.command(line)
        effects = COMMANDS.get(verb, unimplemented)(self, argument)
        if self.asking or self.ended or verb in GROUPED:
            return effects
        return [*effects, Flush()]

    def introduced(self, name: bytes, reply: Callable[[bytes], bytes]) -> Effects:
        self.hello, self.sender = name, None
        return [Reply(reply(self.settings.greeting))]

    @property
    def offers_tls(self) -> bool:
        return self.settings.offers_tls and not self.secure

    def start_tls(self, argument: bytes) -> Effects:
        if not self.offers_tls:
            return [Reply(smtp.UNIMPLEMENTED)]
        return [Reply(smtp.NO_ARGUMENT)] if argument else self.ask(StartTls(smtp.TLS_READY))

    def tls_started(self) -> Effects:
        """Begin anew (RFC 3207 §4.2): what was said before, and what came with it and is not
        worked on yet, anybody on the way may have said."""
        self.lines.take_all()
        self.hello, self.sender, self.secure = None, None, True
        return self.answered()

    def tls_unavailable(self) -> Effects:
        return self.answered(Reply(smtp.TLS_UNAVAILABLE), Flush())

    def mail(self, argument: bytes) -> Effects:
        if self.settings.forces_tls and not self.secure:
            return [Reply(smtp.TLS_FIRST)]
        address = self.address(argument)
        if address is None:
            return [Reply(smtp.SYNTAX_ERROR)]
        self.sender, self.recipients = address, []
        self.barred = mailpolicy.bars(self.policy, address)
        return [Reply(smtp.OK)]

    def rcpt(self, argument: bytes) -> Effects:
        if self.sender is None:
            return [Reply(smtp.MAIL_FIRST)]
        address = self.address(argument)
        if address is None:
            return [Reply(smtp.SYNTAX_ERROR)]
        if self.barred:
            return [Reply(smtp.BAD_SENDER)]
        self.candidate = address + (self.policy.relay or b"")
        match mailpolicy.judge(self.policy, address):
            case Verdict.ACCEPTED:
                return [self.admit()]
            case Verdict.REFUSED:
                return [Reply(smtp.NOT_OURS)]
        names = mailpolicy.host_names(smtp.domain(address) or b"")
        return self.ask(FindHosts(names))

    def hosts_found(self, found: bool) -> Effects:
        return self.answered(self.admit() if found else Reply(smtp.NOT_OURS))

    def admit(self) -> Reply:
        if len(self.recipients) >= RECIPIENT_LIMIT:
            return Reply(smtp.TOO_MANY_RECIPIENTS)
        self.recipients.append(self.candidate)
        return Reply(smtp.OK)

    def address(self, argument: bytes) -> bytes | None:
        """The address in an argument as we know it; None where it is too long."""
        address = mailpolicy.localised(self.policy, smtp.address(argument))
        return address if len(address) <= smtp.ADDRESS_LIMIT else None

    def data(self, argument: bytes) -> Effects:
        if self.sender is None:
            return [Reply(smtp.MAIL_FIRST)]
        if not self.recipients:
            return [Reply(smtp.RCPT_FIRST)]
        return self.ask(OpenQueue())

    def queue_opened(self, seconds: int) -> Effects:
        """The queue program runs, at this Unix time."""
        self.message = MessageData(self.settings.size_limit)
        local, peer = self.settings.local, self.settings.peer
        trace = received.from_network(peer, self.hello, local, seconds, self.secure)
        return self.answered(Reply(smtp.GO_AHEAD), Store(trace))

    def queue_not_opened(self) -> Effects:
        self.sender = None
        return self.answered(Reply(smtp.QUEUE_NOT_STARTED), Flush())

    def take_data(self, message: MessageData) -> Effects:
        piece = message.feed(self.lines.take_all())
        if piece.state is State.BROKEN:
            return [Reply(smtp.BARE_LINE_FEED), *self.end(1)]
        store: Effects = [] if message.too_big or not piece.stored else [Store(piece.stored)]
        if piece.state is State.ENDED:
            self.lines.add(piece.rest)
            return [*store, *self.judge(message)]
        return store

    def judge(self, message: MessageData) -> Effects:
        sender, self.sender, self.message = self.sender or b"", None, None
        if message.looping:
            return [Abandon(), Reply(smtp.TOO_MANY_HOPS), Flush()]
        if message.too_big:
            return [Abandon(), Reply(smtp.TOO_BIG), Flush()]
        return self.ask(Commit(envelope.pack(sender, self.recipients)))

    def message_stored(self, seconds: int, pid: int) -> Effects:
        return self.answered(Reply(smtp.accepted(seconds, pid)), Flush())

    def message_refused(self, reply: bytes) -> Effects:
        return self.answered(Reply(reply + smtp.LINE_END), Flush())


Obey = Callable[[Session, bytes], Effects]


def extended_hello(session: Session, name: bytes) -> Effects:
    return session.introduced(
        name, smtp.hello_with_tls if session.offers_tls else smtp.extended_hello
    )


def reset(session: Session, argument: bytes) -> Effects:
    session.sender = None
    return [Reply(smtp.FLUSHED)]


def leave(session: Session, argument: bytes) -> Effects:
    return [Reply(smtp.goodbye(session.settings.greeting)), *session.end(0)]


def unimplemented(session: Session, argument: bytes) -> Effects:
    return [Reply(smtp.UNIMPLEMENTED)]


def say(text: bytes) -> Obey:
    return lambda session, argument: [Reply(text)]


COMMANDS: dict[bytes, Obey] = {
    b"helo": lambda session, name: session.introduced(name, smtp.hello),
    b"ehlo": extended_hello,
    b"starttls": Session.start_tls,
    b"mail": Session.mail,
    b"rcpt": Session.rcpt,
    b"data": Session.data,
    b"rset": reset,
    b"noop": say(smtp.OK),
    b"vrfy": say(smtp.VRFY),
    b"help": say(smtp.HELP),
    b"quit": leave,
}
# The replies to these wait for those to the rest of a pipelined group.
GROUPED = {b"mail", b"rcpt", b"rset"}
