"""Mails through Resend: what is posted, what its answers mean, and its signed webhook."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tawkee_core import Ambiguous, AuthLost, BadPayload, InvalidWebhook, Mail, MailEvent, NotSent, RateLimited, Refused
from tawkee_core.safe_http import allow_hosts
from tawkee_core.settings import Settings
from tawkee_resend import mail_events, mail_send
from tests.fakes.wire_server import WireServer, reply

PAYLOADS = Path(__file__).parents[2] / "payloads" / "resend"
KEY = b"resend-fake-secret-32-bytes-long"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
MAIL = Mail("0192-mail", "Tawkee <no-reply@tawkee.example>", "maria@example.com", "Olá", "Oi!", "<p>Oi!</p>", "a@b.c")


@pytest.fixture(autouse=True)
def loopback() -> Iterator[None]:
    allow_hosts("127.0.0.1")
    yield
    allow_hosts("")


def answer(status: int, body: Any, header: str = "") -> WireServer:
    text = json.dumps(body)
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(text)}\r\n{header}\r\n"
    return WireServer(reply(f"{head}{text}".encode()))


def send(server: WireServer, key: str = "re_key") -> str:
    return mail_send(settings=Settings(mail_url=server.url, mail_key=key), mail=MAIL)


def test_a_mail_is_posted_once_per_id() -> None:
    with answer(200, {"id": "f0e449ae"}) as server:
        assert send(server) == "f0e449ae"
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /emails ")
    assert {b"idempotency-key: 0192-mail", b"authorization: Bearer re_key"} <= set(head.split(b"\r\n"))
    posted = json.loads(body)
    assert (posted["from"], posted["to"], posted["reply_to"]) == (MAIL.sender, [MAIL.to], ["a@b.c"])
    assert (posted["subject"], posted["text"], posted["html"]) == ("Olá", "Oi!", "<p>Oi!</p>")
    assert posted["tags"] == [{"name": "tawkee_mail", "value": "0192-mail"}]


@pytest.mark.parametrize(
    ("status", "name", "error"),
    [
        (422, "validation_error", Refused),
        (400, "validation_error", Refused),
        (401, "missing_api_key", AuthLost),
        (403, "invalid_api_key", AuthLost),
        (409, "concurrent_idempotent_requests", NotSent),
        (500, "application_error", NotSent),
        (200, "an answer without an id", Ambiguous),
    ],
)
def test_answers_say_what_may_be_done(status: int, name: str, error: type[Exception]) -> None:
    with answer(status, {"statusCode": status, "name": name, "message": "why"}) as server, pytest.raises(error):
        send(server)


def test_patience_is_kept_as_long_as_asked() -> None:
    told = {"statusCode": 429, "name": "rate_limit_exceeded", "message": "Too many"}
    with answer(429, told, "Retry-After: 7\r\n") as server, pytest.raises(RateLimited) as limited:
        send(server)
    assert limited.value.retry_after == 7
    with answer(429, {**told, "name": "daily_quota_exceeded"}) as server, pytest.raises(RateLimited) as limited:
        send(server)
    assert limited.value.retry_after == 3600


def test_a_lost_answer_is_ambiguous_and_a_dead_server_was_sent_nothing() -> None:
    with WireServer(reply(b"", then_close=True)) as server, pytest.raises(Ambiguous):
        send(server)
    with pytest.raises(NotSent):
        send(server)
    with pytest.raises(AuthLost):
        send(server, key="")


def sign(body: bytes, at: float, key: bytes = KEY) -> dict[str, str]:
    """Written after Svix's documentation."""
    text = f"msg_1.{int(at)}.".encode() + body
    digest = base64.b64encode(hmac.digest(key, text, hashlib.sha256)).decode()
    return {"svix-id": "msg_1", "svix-timestamp": str(int(at)), "svix-signature": f"v1,{digest}"}


def read(body: bytes, headers: dict[str, str], secret: str = SECRET) -> list[MailEvent]:
    return mail_events(settings=Settings(mail_webhook_secret=secret), headers=headers, body=body)


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("bounced", ["bounced"]),
        ("complained", ["complained"]),
        ("delivered", ["delivered"]),
        ("failed", ["failed"]),
        ("suppressed", ["bounced"]),
        ("sent", []),
    ],
)
def test_signed_events_are_read(name: str, kinds: list[str]) -> None:
    body = (PAYLOADS / f"email_{name}.json").read_bytes()
    events = read(body, sign(body, time.time()))
    assert [event.kind for event in events] == kinds
    for event in events:
        assert (event.id, event.address) == ("56761188-7520-42d8-8898-ff6fc54ce618", "maria@example.com")


def test_a_bounce_that_may_pass_blocks_nobody_and_our_own_id_comes_back() -> None:
    told = json.loads((PAYLOADS / "email_bounced.json").read_bytes())
    told["data"]["bounce"]["type"] = "Transient"
    told["data"]["tags"] = {"tawkee_mail": "0192-mail"}
    body = json.dumps(told).encode()
    (event,) = read(body, sign(body, time.time()))
    assert (event.kind, event.mail_id) == ("failed", "0192-mail")


def test_what_is_not_signed_so_is_not_read() -> None:
    body = (PAYLOADS / "email_bounced.json").read_bytes()
    good = sign(body, time.time())
    assert read(body, good)
    bad = [
        sign(body, time.time(), b"another secret"),
        sign(body, time.time() - 400),
        sign(body, time.time() + 400),
        {**good, "svix-signature": "v1"},
        {**good, "svix-signature": "v1,é"},
        {**good, "svix-signature": "v2," + good["svix-signature"][3:]},
        {**good, "svix-timestamp": "1e400"},
        {name: value for name, value in good.items() if name != "svix-id"},
        {},
    ]
    for headers in bad:
        with pytest.raises(InvalidWebhook):
            read(body, headers)
    for spoilt, secret in ((body + b" ", SECRET), (b"\xff" + body, SECRET), (body, ""), (body, "whsec_")):
        with pytest.raises(InvalidWebhook):
            read(spoilt, good, secret)


@pytest.mark.parametrize("body", [b"[]", b"{}", b"nonsense", b'{"type": 7}'])
def test_what_is_signed_and_no_event_is_told_so(body: bytes) -> None:
    with pytest.raises(BadPayload):
        read(body, sign(body, time.time()))
