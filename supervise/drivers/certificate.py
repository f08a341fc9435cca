"""The certificate and the key of a server, read while we may still read them."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import NamedTuple, NoReturn

from supervise.errors import Failure, Mistake, unable_to
from supervise.formats import tlsfacts


class Files(NamedTuple):
    """Where they are; and the authorities whose clients alone are served, None for everybody."""

    chain: str
    key: str | None = None  # None: in the same file
    authorities: str | None = None
    ciphers: str | None = None  # None: those of the library


def files(named: str, environment: Mapping[str, str]) -> Files:
    """What an option and the environment name: $CERTFILE counts where the option is empty, and an
    empty variable is none."""
    chain = named or environment.get("CERTFILE")
    if not chain:
        raise Mistake("no certificate: the option is empty, and so is $CERTFILE")
    others = (environment.get(name) or None for name in ("KEYFILE", "CAFILE", "CIPHERS"))
    return Files(chain, *others)


def context(where: Files) -> ssl.SSLContext:
    """What every handshake needs; an errors.Failure where a file is not what it should be."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    load_chain(made, where)
    if where.authorities is not None:
        require_clients(made, where.authorities)
    if where.ciphers is not None:
        try:
            made.set_ciphers(where.ciphers)
        except ssl.SSLError as error:
            raise Failure("unable to use $CIPHERS: no cipher of that name") from error
    return made


def load_chain(made: ssl.SSLContext, where: Files) -> None:
    both = where.chain if where.key is None else f"{where.chain} with key {where.key}"
    what = f"read certificate {both}"
    with unable_to(what):
        for path in filter(None, (where.chain, where.key)):
            open(path, "rb").close()  # the library says only that one of them is missing
        try:
            made.load_cert_chain(where.chain, where.key, no_passphrase)
        except ssl.SSLError as error:
            why = tlsfacts.reason(error.reason or "no certificate and key in PEM format")
            raise Failure(f"unable to {what}: {why}") from error


def no_passphrase() -> NoReturn:
    """A server starts alone; the library would ask on the terminal."""
    raise Failure("unable to read key: it wants a passphrase")


def require_clients(made: ssl.SSLContext, authorities: str) -> None:
    what = f"read certificates {authorities}"
    with unable_to(what):
        open(authorities, "rb").close()
        try:
            made.load_verify_locations(authorities)
        except ssl.SSLError as error:
            raise Failure(f"unable to {what}: {tlsfacts.reason(error.reason)}") from error
    made.verify_mode = ssl.CERT_REQUIRED
