"""Certificates for the length of a test run, made by openssl; and clients that believe them."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path
from typing import NamedTuple

OPENSSL = "/usr/bin/openssl"
NAME = "server.example"


class Certificate(NamedTuple):
    """The certificate, its key, and both in one file."""

    chain: Path
    key: Path
    both: Path


def make(folder: Path, name: str = NAME) -> Certificate:
    """One that is signed by itself, so that it is its own authority."""
    made = Certificate(*(folder / f"{name}.{part}" for part in ("cert", "key", "both")))
    subprocess.run(
        [OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "30", "-subj", f"/O=tests/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
         "-keyout", made.key, "-out", made.chain],
        check=True, capture_output=True,
    )  # fmt: skip
    made.both.write_bytes(made.key.read_bytes() + made.chain.read_bytes())
    return made


def client(trusted: Certificate, version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """What a client needs that trusts this certificate alone, and may know one version alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(trusted.chain)
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return context
