from __future__ import annotations

import os
import ssl
import subprocess

import pytest

from supervise import errors
from supervise.drivers import certificate as reading
from supervise.drivers.certificate import Files
from tests.support import certificates
from tests.support.certificates import OPENSSL


@pytest.mark.parametrize(
    ("named", "environment", "files"),
    [
        ("c", {}, Files("c")),
        ("c", {"CERTFILE": "other", "KEYFILE": "k"}, Files("c", "k")),
        ("", {"CERTFILE": "c"}, Files("c")),
        ("c", {"CAFILE": "a", "CIPHERS": "x"}, Files("c", None, "a", "x")),
        ("c", {"KEYFILE": "", "CAFILE": "", "CIPHERS": ""}, Files("c")),
    ],
)
def test_which_files(named, environment, files):
    assert reading.files(named, environment) == files


@pytest.mark.parametrize("environment", [{}, {"CERTFILE": ""}])
def test_no_file_is_a_mistake(environment):
    with pytest.raises(errors.Mistake, match="no certificate"):
        reading.files("", environment)


def test_what_every_handshake_needs(certificate):
    made = reading.context(Files(str(certificate.chain), str(certificate.key)))
    assert made.minimum_version == ssl.TLSVersion.TLSv1_2
    assert made.verify_mode == ssl.CERT_NONE
    assert made.options & ssl.OP_NO_RENEGOTIATION
    assert made.options & ssl.OP_NO_COMPRESSION


def refused(files):
    with pytest.raises(errors.Failure) as failure:
        reading.context(files)
    assert failure.value.code == errors.TEMPORARY
    return failure.value.text


def test_what_is_not_there(certificate, tmp_path):
    chain = str(certificate.chain)
    assert refused(Files("none")) == "unable to read certificate none: file does not exist"
    assert (
        refused(Files(chain, "none"))
        == f"unable to read certificate {chain} with key none: file does not exist"
    )
    assert refused(Files(str(tmp_path))) == f"unable to read certificate {tmp_path}: is a directory"


def test_what_is_none(certificate, tmp_path):
    nonsense = tmp_path / "nonsense"
    nonsense.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    for path in (nonsense, certificate.chain, certificate.key):
        assert refused(Files(str(path))) == (
            f"unable to read certificate {path}: no certificate and key in pem format"
        )


def test_the_key_of_another_certificate(certificate, tmp_path):
    other = certificates.make(tmp_path, "other.example")
    assert refused(Files(str(certificate.chain), str(other.key))).endswith(": key values mismatch")


def test_a_key_with_a_passphrase(certificate, tmp_path):
    locked = tmp_path / "locked"
    subprocess.run(
        [OPENSSL, "pkey", "-aes128", "-passout", "pass:secret", "-in", certificate.key,
         "-out", locked], check=True, capture_output=True,
    )  # fmt: skip
    said = refused(Files(str(certificate.chain), str(locked)))
    assert said == "unable to read key: it wants a passphrase"


def test_clients_of_authorities_alone(certificate):
    files = Files(str(certificate.both), authorities=str(certificate.chain))
    assert reading.context(files).verify_mode == ssl.CERT_REQUIRED


def test_authorities_that_are_none(certificate, tmp_path):
    files = Files(str(certificate.both), authorities="none")
    assert refused(files) == "unable to read certificates none: file does not exist"
    empty = tmp_path / "empty"
    empty.write_text("")
    files = Files(str(certificate.both), authorities=str(empty))
    assert refused(files).startswith(f"unable to read certificates {empty}: ")


def test_ciphers(certificate):
    files = Files(str(certificate.both), ciphers="ECDHE-ECDSA-AES128-GCM-SHA256")
    names = {cipher["name"] for cipher in reading.context(files).get_ciphers()}
    assert "ECDHE-ECDSA-AES128-GCM-SHA256" in names
    assert "ECDHE-ECDSA-AES256-GCM-SHA384" not in names
    files = Files(str(certificate.both), ciphers="NOSUCH")
    assert refused(files) == "unable to use $CIPHERS: no cipher of that name"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_key_that_we_may_not_read(certificate, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(certificate.both.read_bytes())
    secret.chmod(0)
    assert refused(Files(str(secret))) == f"unable to read certificate {secret}: access denied"
