"""Mails: their words, the queue, the sending, and what providers tell of them."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jinja2 import UndefinedError

from tawkee_core import (
    Ambiguous,
    AuthLost,
    InvalidWebhook,
    Mail,
    MailEvent,
    NotSent,
    RateLimited,
    Refused,
    create_app,
    hookimpl,
)
from tawkee_core.context import Tawkee
from tawkee_core.db import run, transaction
from tawkee_core.mail.kinds import KINDS
from tawkee_core.mail.queue import queue_mail, unblock_address, why_undeliverable
from tawkee_core.mail.render import LANGUAGES, Language, render_mail
from tawkee_core.mail.send import claim_mails, deliver_mail, purge_mails
from tawkee_core.models import new_id
from tawkee_core.settings import Settings
from tawkee_core.work.kinds import find_due
from tests.callers import Client

AT = datetime(2026, 11, 22, 17, 3, tzinfo=UTC)
LINK = "https://app.example.com/reset?token=abc"
VALUES: dict[str, dict[str, Any]] = {
    "confirm_email": {"name": "Ana", "link": LINK, "hours": 24},
    "already_registered": {"name": "Ana", "link": LINK},
    "reset_password": {"name": "Ana", "link": LINK, "minutes": 30},
    "password_changed": {"name": "Ana", "link": LINK, "at": AT},
    "email_changed": {"name": "Ana", "new_email": "nova@example.com"},
    "two_factors_changed": {"name": "Ana", "link": LINK, "enabled": True},
    "new_sign_in": {"name": "Ana", "link": LINK, "device": "Firefox", "ip": "203.0.113.7", "at": AT},
    "invitation": {"inviter": "Bia", "workspace": "Loja", "role": "ATTENDANT", "link": LINK, "days": 7},
    "activation_code": {"workspace": "Loja", "code": "123456", "minutes": 10},
    "notice": {"name": "Ana", "title": "Canal caiu", "text": "O WhatsApp da loja está desconectado.", "link": LINK},
}


class Post:
    """A plugin that keeps what it is given, or fails as told."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []
        self.failures: list[Exception] = []

    @hookimpl
    def mail_send(self, settings: Settings, mail: Mail) -> str:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(mail)
        return f"post-{mail.id}"

    @hookimpl
    def mail_events(self, settings: Settings, headers: dict[str, str], body: bytes) -> list[MailEvent]:
        if headers.get("signature") != "good":
            raise InvalidWebhook()
        return [MailEvent(**json.loads(body))]


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def posting(config: Mapping[str, Any], app: Flask, post: Post) -> Flask:
    """An application whose mails go through `post`."""
    return create_app({**config, "mail": "post"}, [("post", post)])


def queue(app: Flask, to: str, template: str = "reset_password", language: Language = "pt-BR") -> str | None:
    with transaction() as cursor:
        settings = app.extensions["tawkee"].settings
        return queue_mail(cursor, settings, to, template, language, **VALUES[template])


def send(app: Flask, mail_id: str | None) -> Any:
    """Let the mail be due, send it as a worker does; its row."""
    tawkee: Tawkee = app.extensions["tawkee"]
    run("update mail set next_at = '-infinity' where id = %s", (mail_id,))
    for row in [row for row in claim_mails(100) if row.id == mail_id]:
        with app.app_context():
            deliver_mail(tawkee, row)
    return read(mail_id)


def read(mail_id: str | None) -> Any:
    (row,) = run("select *, extract(epoch from next_at - now())::float as pause from mail where id = %s", (mail_id,))
    return row


def address() -> str:
    return f"{new_id()}@example.com"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", KINDS)
def test_every_mail_can_be_written_in_both_languages(template: str, language: Language) -> None:
    words = render_mail(template, language, VALUES[template])
    assert words.subject and "\n" not in words.subject
    assert f'<html lang="{language}">' in words.html and words.subject in unescape(words.html)
    for value in VALUES[template].values():
        if isinstance(value, str):
            assert value in words.text + words.subject and value in words.html
    english = language == "en"
    assert bool(re.search(r"\b(your|you|Hello)\b", words.text)) == english, words.text
    assert "{{" not in words.text + words.html and "undefined" not in words.text + words.html


def test_what_people_wrote_is_no_markup_and_breaks_no_header() -> None:
    words = render_mail("notice", "en", {**VALUES["notice"], "title": "a\r\nBcc: x@y.z", "text": "<script>x</script>"})
    assert words.subject == "a Bcc: x@y.z"
    assert "<script>" not in words.html and "&lt;script&gt;" in words.html and "<script>" in words.text
    mail = Mail("1", "Tawkee <a@b.c>", "x@y.z", words.subject, words.text, words.html)
    assert "Bcc" not in mail.to_mime()


def test_a_name_is_no_link() -> None:
    """Or our mails would carry a stranger's advertising to whomever they name."""
    values = {**VALUES["invitation"], "inviter": "PIX: http://evil.example/pix", "workspace": "www.evil.example"}
    named = VALUES["confirm_email"] | {"name": "Dr.Ana HTTPS://EVIL.example"}
    for words in (render_mail("invitation", "pt-BR", values), render_mail("confirm_email", "en", named)):
        text = (words.subject + words.text + words.html).lower()
        assert "evil. example" in text and "evil.example" not in text and "://evil" not in text
    assert "Dr. Ana" in words.text


def test_a_moment_is_told_in_the_readers_zone() -> None:
    assert "14:03:00 (horário de Brasília)" in render_mail("password_changed", "pt-BR", VALUES["password_changed"]).text
    assert "5:03:00\u202fPM (UTC)" in render_mail("password_changed", "en", VALUES["password_changed"]).text


def test_a_value_that_is_missing_is_noticed_by_who_queues(app: Flask) -> None:
    with pytest.raises(UndefinedError), transaction() as cursor:
        queue_mail(cursor, app.extensions["tawkee"].settings, address(), "reset_password", "en", name="Ana")


def test_a_mail_is_part_of_its_transaction(app: Flask) -> None:
    to = address()
    with pytest.raises(ZeroDivisionError), transaction() as cursor:
        queue_mail(cursor, app.extensions["tawkee"].settings, to, "reset_password", "en", **VALUES["reset_password"])
        raise ZeroDivisionError
    assert run("select 1 from mail where recipient = %s", (to,)) == []


def test_without_a_plugin_mails_are_files_that_nobody_else_reads(app: Flask) -> None:
    mail_id = queue(app, to := address())
    assert mail_id in {row.id for row in find_due() if row.kind == "mails"}
    assert send(app, mail_id).state == "sent"
    path = Path(app.extensions["tawkee"].settings.data) / "mail" / f"{mail_id}.eml"
    assert path.stat().st_mode & 0o077 == 0 and path.parent.stat().st_mode & 0o077 == 0
    mail = message_from_bytes(path.read_bytes(), policy=default)
    assert (mail["To"], mail["Subject"]) == (to, "Redefinir sua senha")
    body = mail.get_body(("plain",))
    assert body and LINK in body.get_content()
    assert mail_id not in {row.id for row in find_due() if row.kind == "mails"}


def test_words_are_encrypted_while_they_wait_and_forgotten_when_sent(posting: Flask, post: Post) -> None:
    mail_id = queue(posting, address())
    waiting = read(mail_id)
    assert waiting.sealed and LINK not in waiting.sealed and "token" not in str(waiting)
    sent = send(posting, mail_id)
    assert (sent.state, sent.sealed, sent.sender, sent.provider_id) == ("sent", "", "post", f"post-{mail_id}")
    (mail,) = post.sent
    assert LINK in mail.text and mail.sender == posting.extensions["tawkee"].settings.mail_from
    assert send(posting, mail_id).state == "sent" and len(post.sent) == 1


@pytest.mark.parametrize("failure", [NotSent("down"), Ambiguous("silence"), AuthLost("key"), ZeroDivisionError()])
def test_what_may_pass_is_tried_again_with_growing_pauses(posting: Flask, post: Post, failure: Exception) -> None:
    mail_id = queue(posting, address())
    post.failures = [failure, failure]
    first = send(posting, mail_id)
    assert (first.state, first.attempts) == ("queued", 1) and 5 < first.pause < 15
    second = send(posting, mail_id)
    assert (second.attempts, 15 < second.pause < 25) == (2, True) and second.error
    assert send(posting, mail_id).state == "sent"


def test_a_mail_is_given_up_after_many_tries(posting: Flask, post: Post) -> None:
    mail_id = queue(posting, address())
    run("update mail set attempts = 11 where id = %s", (mail_id,))
    post.failures = [NotSent("down")]
    failed = send(posting, mail_id)
    assert (failed.state, failed.error, failed.sealed) == ("failed", "not_sent: down", "")


def test_patience_counts_as_no_try_and_a_refusal_ends_it(posting: Flask, post: Post) -> None:
    mail_id = queue(posting, address())
    post.failures = [RateLimited(retry_after=90), Refused("no such mailbox")]
    waits = send(posting, mail_id)
    assert (waits.state, waits.attempts) == ("queued", 0) and 80 < waits.pause <= 90
    refused = send(posting, mail_id)
    assert (refused.state, refused.error, refused.sealed) == ("failed", "no such mailbox", "")


def test_a_mail_that_is_of_no_use_any_more_is_not_sent(posting: Flask, post: Post) -> None:
    mail_id = queue(posting, address())
    run("update mail set expires_at = now() - interval '1 second' where id = %s", (mail_id,))
    assert send(posting, mail_id).state == "failed" and post.sent == []


def test_a_worker_that_dies_leaves_its_mail_to_another(posting: Flask, post: Post) -> None:
    mail_id = queue(posting, address())
    assert mail_id in {row.id for row in claim_mails(100)}
    assert mail_id not in {row.id for row in claim_mails(100)}, "while it is being sent"
    assert send(posting, mail_id).attempts == 2 and len(post.sent) == 1


def test_an_address_gets_so_many_an_hour(app: Flask) -> None:
    to = address()
    assert all(queue(app, spelling) for spelling in (to, to.upper(), to))
    assert queue(app, to) is None
    assert queue(app, to, "confirm_email"), "another kind is another matter"
    run("update mail set created_at = now() - interval '61 minutes' where recipient = %s", (to,))
    assert queue(app, to)


def tell(app: Flask, event: MailEvent, signature: str = "good") -> tuple[int, Any]:
    client: Client = app.test_client()
    values = {name: getattr(event, name) for name in event.__slots__}
    told = client.post("/webhooks/mail/post", json=values, headers={"signature": signature})
    return told.status_code, told.json


def test_an_address_that_bounced_gets_no_more(posting: Flask, post: Post) -> None:
    mail_id = queue(posting, to := address())
    sent = send(posting, mail_id)
    event = MailEvent("bounced", sent.provider_id, to.upper(), detail="no such mailbox")
    assert tell(posting, event, "forged")[0] == 401 and why_undeliverable(to) is None
    assert tell(posting, event) == (200, {"status": "ok", "applied": 1})
    assert tell(posting, event)[0] == 200, "told twice"
    assert (read(mail_id).state, read(mail_id).error) == ("failed", "bounced: no such mailbox")
    assert why_undeliverable(to.upper()) == "bounced"
    refused = read(queue(posting, to))
    assert (refused.state, refused.error, refused.sealed) == ("failed", "address bounced", "")
    assert unblock_address(to) and not unblock_address(to)
    assert send(posting, queue(posting, to)).state == "sent"


def test_a_complaint_outweighs_a_bounce_and_a_delivery_changes_nothing(posting: Flask, post: Post) -> None:
    mail_id = queue(posting, to := address())
    send(posting, mail_id)
    for kind, then in (("delivered", None), ("failed", None), ("complained", "complained"), ("bounced", "complained")):
        tell(posting, MailEvent(kind, "unknown", to, mail_id=str(mail_id)))  # type: ignore[arg-type]  # a Literal
        assert why_undeliverable(to) == then


def test_events_of_what_we_did_not_send_block_nobody(posting: Flask) -> None:
    mail_id = queue(posting, to := address())
    for event in (MailEvent("bounced", "unknown", to), MailEvent("bounced", "", address(), mail_id=str(mail_id))):
        assert tell(posting, event) == (200, {"status": "ok", "applied": 0})
    assert why_undeliverable(to) is None


def test_only_the_chosen_plugin_is_listened_to(posting: Flask, client: Client) -> None:
    event = {"kind": "bounced", "id": "x", "address": "a@b.c"}
    for asked, path in ((posting.test_client(), "/webhooks/mail/smtp"), (client, "/webhooks/mail/post")):
        refused: Any = asked.post(path, json=event, headers={"signature": "good"})
        assert (refused.status_code, refused.json["error"]) == (401, "invalid_webhook")


def test_a_plugin_that_fails_to_read_has_not_verified(posting: Flask) -> None:
    refused: Any = posting.test_client().post("/webhooks/mail/post", data=b"{", headers={"signature": "good"})
    assert refused.status_code == 401


def test_a_month_later_nothing_is_known_of_a_mail(app: Flask) -> None:
    old, new = queue(app, address()), queue(app, address())
    run("update mail set state = 'sent', done_at = now() - interval '31 days' where id = %s", (old,))
    purge_mails()
    assert run("select id from mail where id in (%s, %s)", (old, new))[0].id == new
