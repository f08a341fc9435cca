"""Mail over TLS: tcpserver -N and -n, qmail-smtpd, and the clients of others."""

from __future__ import annotations

import re
import smtplib
import subprocess

import pytest

from tests.support import certificates, processes, recordings
from tests.support.certificates import OPENSSL
from tests.support.mail import Home
from tests.support.patience import PATIENCE, eventually
from tests.support.tcpservers import read_all, start

LEAN = ("-v", "-H", "-R", "-l0")
SWAKS = "/usr/bin/swaks"
READY = b"220 ready for tls\r\n"
HELLO = b"250-me.example\r\n250-PIPELINING\r\n250 8BITMIME\r\n"


@pytest.fixture
def background(background):
    """What a server leaves to end by itself, because its client is gone, is waited for."""
    yield background
    background.end()
    recordings.gone()


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home", rcpthosts="ours.example\n")


@pytest.fixture(params=["in place", "exec"])
def server(request, background, tmp_path, certificate, home):
    """Start qmail-smtpd behind TLS, called in place and as a program of its own."""

    def call(option="-N", *before, **variables):
        env = home.environment(PATH=processes.our_path(), **variables)
        if request.param == "exec":
            env["SUPERVISE_EXEC"] = "1"
        argv = (*LEAN, option, str(certificate.both), "--", *before, "qmail-smtpd")
        return start(background, tmp_path, *argv, env=env)

    return call


def client(server, certificate):
    """Python's own client, after EHLO over TLS."""
    one = smtplib.SMTP("127.0.0.1", server.port, "client.example", PATIENCE)
    one._host = certificates.NAME
    return one


def test_python_sends_a_message(server, certificate, home):
    running = server()
    with client(running, certificate) as one:
        assert one.ehlo()[0] == 250
        assert one.has_extn("starttls")
        one.starttls(context=certificates.client(certificate))
        assert one.ehlo()[0] == 250
        assert not one.has_extn("starttls")
        assert one.docmd("STARTTLS")[0] == 502
        one.sendmail("s@client.example", ["r@ours.example"], b"Subject: x\r\n\r\ntext\r\n")
    (message,) = home.messages
    assert b"\n  by 0 with ESMTPS; " in message
    assert message.endswith(b"Subject: x\n\ntext\n")
    assert running.lines(6)[4:] == ["tcpserver: end PID status 0", "tcpserver: status: 0/40"]


@pytest.mark.parametrize("option", ["-N", "-n"])
def test_swaks_sends_a_message(server, certificate, home, option):
    running = server(option)
    how = {"-N": "--tls", "-n": "--tls-on-connect"}[option]
    done = subprocess.run(
        [SWAKS, "--server", "127.0.0.1", "--port", str(running.port), how, "--helo", "c.example",
         "--from", "s@client.example", "--to", "r@ours.example", "--body", "hello"],
        capture_output=True, timeout=PATIENCE, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "TLS started with cipher TLSv1.3" in done.stdout
    (message,) = home.messages
    assert b" with ESMTPS; " in message


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_openssl_starts_tls(server, certificate, version):
    done = subprocess.run(
        [OPENSSL, "s_client", "-starttls", "smtp", "-connect", f"127.0.0.1:{server().port}",
         "-quiet", "-verify_quiet", "-CAfile", certificate.chain, version],
        input=b"EHLO x\r\nQUIT\r\n", capture_output=True, timeout=PATIENCE,
    )  # fmt: skip
    assert done.stdout.endswith(HELLO + b"221 me.example\r\n")


def test_without_tls_it_is_as_ever(server, home):
    running = server()
    with smtplib.SMTP("127.0.0.1", running.port, "client.example", PATIENCE) as one:
        one.sendmail("s@client.example", ["r@ours.example"], b"Subject: x\r\n\r\ntext\r\n")
    assert b" with SMTP; " in home.messages[0]
    assert running.lines(6)[4] == "tcpserver: end PID status 0"


def test_mail_has_to_wait_for_tls_where_that_is_wanted(server, certificate, home):
    running = server(FORCETLS="1")
    with client(running, certificate) as one:
        with pytest.raises(smtplib.SMTPSenderRefused, match="STARTTLS"):
            one.sendmail("s@client.example", ["r@ours.example"], b"text\r\n")
        one.starttls(context=certificates.client(certificate))
        one.sendmail("s@client.example", ["r@ours.example"], b"text\r\n")
    assert len(home.messages) == 1


def line(plain):
    """The next line, and not a byte more."""
    heard = b""
    while not heard.endswith(b"\n"):
        heard += plain.recv(1) or b"[EOF]\n"
    return heard


def wrap(plain, certificate):
    context = certificates.client(certificate)
    return context.wrap_socket(plain, server_hostname=certificates.NAME)


def test_what_is_sent_with_starttls_is_not_obeyed(server, certificate):
    running = server()
    with running.connect() as plain:
        assert line(plain).startswith(b"220 ")
        plain.sendall(b"STARTTLS\r\nMAIL FROM:<injected@x>\r\n")
        assert line(plain) == READY
        with wrap(plain, certificate) as secure:
            secure.sendall(b"RCPT TO:<r@ours.example>\r\nQUIT\r\n")
            assert read_all(secure) == b"503 MAIL first (#5.5.1)\r\n221 me.example\r\n"


def test_what_is_sent_after_it_is_no_tls(server):
    """Whatever of it qmail-smtpd had not read is not read by it."""
    running = server()
    with running.connect() as plain:
        line(plain)
        plain.sendall(b"STARTTLS\r\n")
        assert line(plain) == READY
        plain.sendall(b"MAIL FROM:<injected@x>\r\n")
        assert b"250" not in read_all(plain)
    assert running.lines(7)[4:] == [
        "tcpserver: warning: dropping connection, unable to accept TLS: wrong version number",
        "tcpserver: end PID status 256",
        "tcpserver: status: 0/40",
    ]


def test_a_client_that_does_not_go_on(server):
    running = server()
    with running.connect() as plain:
        line(plain)
        plain.sendall(b"STARTTLS\r\n")
        assert line(plain) == READY
    assert running.lines(7)[4:6] == [
        "tcpserver: warning: dropping connection, unable to accept TLS: connection closed",
        "tcpserver: end PID status 256",
    ]


def test_the_queue_program_has_no_descriptor_of_tls(server, certificate, home):
    script = home.script(
        "look", f"ls -l /proc/$$/fd >{home.path}/held; cat >/dev/null; cat <&1 >/dev/null\n"
    )
    running = server(QMAILQUEUE=str(home.path / script))
    with client(running, certificate) as one:
        one.starttls(context=certificates.client(certificate))
        one.sendmail("s@client.example", ["r@ours.example"], b"text\r\n")
    held = (home.path / "held").read_text()
    assert "socket" not in held
    assert len(re.findall(r"-> pipe", held)) == 3, held


def test_a_program_that_asks_for_no_variables(background, tmp_path, certificate):
    """The smallest one that begins TLS: it writes «y»."""
    script = 'printf y >&$SSLCTLFD; read line <&$SSLREADFD; echo "heard $line" >&$SSLWRITEFD'
    running = start(
        background, tmp_path, *LEAN, "-N", str(certificate.both), "--", "/bin/bash", "-c", script
    )
    with running.connect() as plain, wrap(plain, certificate) as secure:
        secure.sendall(b"hello\n")
        assert read_all(secure) == b"heard hello\n"


def test_a_program_that_never_begins_leaves_nobody(background, tmp_path, certificate):
    running = start(
        background, tmp_path, *LEAN, "-N", str(certificate.both), "--", "/bin/echo", "hello"
    )
    assert running.talk() == b"hello\n"
    assert running.lines(6)[4:] == ["tcpserver: end PID status 0", "tcpserver: status: 0/40"]
    (keyholder,) = processes.children(running.process.pid)
    eventually(lambda: processes.children(keyholder) == [])


def test_recordio_records_the_text_before_and_after(server, certificate, home):
    running = server("-N", "recordio")
    with client(running, certificate) as one:
        one.starttls(context=certificates.client(certificate))
        one.sendmail("s@client.example", ["r@ours.example"], b"Subject: x\r\n\r\ntext\r\n")
        assert one.docmd("RCPT TO:<x@elsewhere.example>")[0] == 503
    assert b" with ESMTPS; " in home.messages[0]
    eventually(lambda: b" end " in running.log())
    pid = re.search(rb"pid (\d+) from", running.log())[1]
    dialogue = re.findall(rb"^%s ([<>] [A-Z0-9]+)" % pid, running.log().upper(), re.M)
    assert dialogue.index(b"< STARTTLS") < dialogue.index(b"> 220", 1) < dialogue.index(b"< MAIL")
    assert dialogue[-4:] == [b"< RCPT", b"> 503", b"< QUIT", b"> 221"]
    assert "tcpserver: end PID status 0" in running.lines(1)


def test_a_client_that_is_fast_loses_nothing_to_recordio(server, certificate):
    """Its first word of TLS comes together with the answer, again and again."""
    running = server("-N", "recordio")
    for _ in range(10):
        with running.connect() as plain:
            assert line(plain).startswith(b"220 ")
            plain.sendall(b"STARTTLS\r\n")
            assert line(plain) == READY
            with wrap(plain, certificate) as secure:
                secure.sendall(b"QUIT\r\n")
                assert read_all(secure) == b"221 me.example\r\n"
