"""TLS between a network and a program, without either: ciphertext on one side, text on the other.

    network --- arrived ---> [ TLS ] --- to_program ---> program
    network <-- to_network - [ TLS ] <--- said --------- program

Each side is read only while nothing waits for the other one, so that a slow reader slows its
writer, and no more than a few chunks are ever held. The directions end one by one: whoever has said
everything may still be told something.

The library works on memory here, so it is as pure as what surrounds it.
"""

from __future__ import annotations

import ssl

from supervise.formats import tlsfacts

CHUNK = 65536  # bytes of text that are taken from TLS at once
# Answers that TLS gives by itself (of which a client can demand some) are few; a client who wants
# them and reads none is read no more beyond this.
UNSENT = 4 * CHUNK


class Tunnel:
    """One end of a connection, a server's unless told otherwise.

    Events: arrived, said, hung_up, and sent, taken, unsendable, unwanted about what is in
    `to_network` and `to_program`. Until `shaken` is true or `failure` has a reason it is a
    handshake; `over` when nobody has anything more to say or to be told.
    """

    def __init__(
        self, context: ssl.SSLContext, server: bool = True, name: str | None = None
    ) -> None:
        self.arriving, self.leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.arriving, self.leaving, server, name)
        self.to_network, self.to_program = bytearray(), bytearray()
        self.hearing = True  # the network may have more
        self.speaking = True  # the program may have more
        self.shaken = False
        self.failure: str | None = None

    def begin(self) -> None:
        """Say the first word, as a client does."""
        self.advance()

    @property
    def wants_network(self) -> bool:
        return self.hearing and not self.to_program and len(self.to_network) < UNSENT

    @property
    def wants_program(self) -> bool:
        return self.shaken and self.speaking and not self.to_network

    @property
    def program_has_all(self) -> bool:
        """Whether the program is to see the end of its input."""
        return not self.hearing and not self.to_program

    @property
    def parting(self) -> bool:
        """Whether only the network has to take what is left."""
        return self.program_has_all and not self.speaking

    @property
    def over(self) -> bool:
        return self.parting and not self.to_network

    def arrived(self, chunk: bytes) -> None:
        """Ciphertext came; an empty chunk is the end of the stream.

        One that nobody announced ends the text too: many clients leave so, and the program sees
        what it would see without TLS. It is not told to the library, which would end both
        directions.
        """
        if chunk:
            self.arriving.write(chunk)
            self.advance()
        elif self.shaken:
            self.hearing = False
        else:
            self.fail("connection closed")

    def advance(self) -> None:
        try:
            if not self.shaken:
                self.tls.do_handshake()
                self.shaken = True
            self.take_text()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.hearing = False
        except ssl.SSLError as error:
            self.fail(tlsfacts.reason(error.reason))
        self.to_network += self.leaving.read()

    def take_text(self) -> None:
        """All the text there is, and then SSLWantReadError; at the announced end nothing, or, where
        we have announced ours, SSLZeroReturnError."""
        while text := self.tls.read(CHUNK):
            self.to_program += text
        self.hearing = False

    def fail(self, reason: str) -> None:
        """TLS is broken: nothing can be heard or said any more, but what it leaves to send."""
        self.failure = reason
        self.hearing = self.speaking = False

    def said(self, text: bytes) -> None:
        """The program said something; empty: it has said everything."""
        if not text:
            self.end_speech()
            return
        while text:
            text = text[self.tls.write(text) :]
        self.to_network += self.leaving.read()

    def end_speech(self) -> None:
        """Announce the end of what we say; what we hear goes on."""
        self.speaking = False
        try:
            self.tls.unwrap()
        except ssl.SSLError:
            pass  # the other end has not announced its own yet
        self.to_network += self.leaving.read()

    def sent(self, count: int) -> None:
        """The network took that much."""
        del self.to_network[:count]

    def taken(self, count: int) -> None:
        """The program took that much."""
        del self.to_program[:count]

    def unsendable(self) -> None:
        """The network is gone. What it said before still has a reader."""
        self.to_network.clear()
        self.hearing = self.speaking = False

    def unwanted(self) -> None:
        """The program reads no more. It may yet have much to say."""
        self.to_program.clear()
        self.hearing = False
