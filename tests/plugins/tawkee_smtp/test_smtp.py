"""Mails over SMTP, on a real line to a small server."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tawkee_core import Mail
from tawkee_core.errors import Ambiguous, AuthLost, NotSent, Refused
from tawkee_core.settings import Settings
from tawkee_smtp import mail_send
from tawkee_smtp.api import Server, read_server
from tests.fakes.smtp_server import SmtpServer

MAIL = Mail("0192-mail", "Loja São João <loja@example.com>", "ana@example.com", "Olá, Ana", "Oi!", "<p>Oi, Ção!</p>")


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


def send(url: str) -> str:
    return mail_send(settings=Settings(mail_url=url), mail=MAIL)


def test_a_mail_arrives_as_text_and_html(server: SmtpServer) -> None:
    assert send(server.url) == "<0192-mail@example.com>"
    (mail,) = server.mails
    assert (mail["From"], mail["To"], mail["Subject"]) == (MAIL.sender, MAIL.to, MAIL.subject)
    assert mail["Message-ID"] == "<0192-mail@example.com>" and mail["Auto-Submitted"] == "auto-generated"
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text and text.get_content().strip() == "Oi!"
    assert html and html.get_content().strip() == "<p>Oi, Ção!</p>"


@pytest.mark.parametrize(
    ("command", "answer", "error"),
    [
        ("RCPT", "550 no such mailbox", Refused),
        ("RCPT", "451 greylisted", NotSent),
        ("MAIL", "553 not your address", Refused),
        ("DATA", "554 spam", Refused),
        ("END", "452 disk full", NotSent),
        ("END", "", Ambiguous),
        ("AUTH", "535 wrong", AuthLost),
    ],
)
def test_failures_say_what_may_be_done(server: SmtpServer, command: str, answer: str, error: type[Exception]) -> None:
    server.answers[command] = answer
    with pytest.raises(error):
        send(server.url)
    assert server.mails == []


def test_without_encryption_nothing_is_said_unless_that_was_asked_for(server: SmtpServer) -> None:
    with pytest.raises(AuthLost):
        send(server.url.removesuffix("?tls=none"))
    with pytest.raises(NotSent):
        send(server.url.replace("smtp://", "smtps://"))
    assert server.mails == []


def test_addresses_with_letters_beyond_ascii(server: SmtpServer) -> None:
    """A domain has another spelling for every server; a person's part needs one that takes it."""
    settings = Settings(mail_url=server.url)
    mail_send(settings=settings, mail=replace(MAIL, to="ana@exämple.com"))
    assert [mail["To"] for mail in server.mails] == ["ana@xn--exmple-cua.com"]
    with pytest.raises(Refused):
        mail_send(settings=settings, mail=replace(MAIL, to="joão@example.com"))
    assert len(server.mails) == 1


def test_a_server_that_is_not_there_gets_the_mail_later() -> None:
    with SmtpServer() as gone:
        url = gone.url
    with pytest.raises(NotSent):
        send(url)


def test_the_address_says_port_and_encryption() -> None:
    assert read_server("smtps://a%40b:c%3Ad@mx.example") == Server("mx.example", 465, "a@b", "c:d", "implicit")
    assert read_server("smtp://mx.example") == Server("mx.example", 587, "", "", "starttls")
    assert read_server("smtp://[::1]:25?tls=none") == Server("::1", 25, "", "", "none")


@pytest.mark.parametrize("url", ["", "mx.example", "http://mx.example", "smtp://", "smtp://x:99999", "smtp://[x"])
def test_a_setting_that_cannot_be_used_keeps_mails_waiting(url: str) -> None:
    with pytest.raises(AuthLost):
        send(url)
