"""Resend's wire: https://resend.com/docs/api-reference/emails/send-email, and what its answers mean."""

from typing import Any

from tawkee_core import (
    Ambiguous,
    AnswerLost,
    AuthLost,
    BadPayload,
    ConnectFailed,
    Mail,
    NotSent,
    RateLimited,
    Refused,
    Settings,
    TooLarge,
    safe_http,
)

API = "https://api.resend.com"
SECONDS = 20.0
MAX_ANSWER = 64 * 1024
TAG = "tawkee_mail"


def post_mail(settings: Settings, mail: Mail) -> str:
    """Send a mail; Resend's id of it. The mail's id is the Idempotency-Key, so that a repeated call sends once."""
    if not settings.mail_key:
        raise AuthLost("TAWKEE_MAIL_KEY is not set.")
    headers = {"Authorization": f"Bearer {settings.mail_key}", "Idempotency-Key": mail.id}
    url = f"{(settings.mail_url or API).rstrip('/')}/emails"
    try:
        answer = safe_http.request(
            "POST", url, json=show_mail(mail), headers=headers, timeout=SECONDS, max_bytes=MAX_ANSWER
        )
    except ConnectFailed as error:
        raise NotSent(str(error)) from error
    except (AnswerLost, TooLarge) as error:
        raise Ambiguous(str(error)) from error
    if 200 <= answer.status < 300:
        return read_id(answer)
    raise read_failure(answer)


def show_mail(mail: Mail) -> dict[str, Any]:
    shown = {
        "from": mail.sender,
        "to": [mail.to],
        "subject": mail.subject,
        "text": mail.text,
        "html": mail.html,
        "headers": {"Auto-Submitted": "auto-generated", "X-Entity-Ref-ID": mail.id},
        "tags": [{"name": TAG, "value": mail.id}],
    }
    return {**shown, "reply_to": [mail.reply_to]} if mail.reply_to else shown


def read_id(answer: safe_http.Answer) -> str:
    try:
        return str(answer.read_json()["id"])
    except (BadPayload, KeyError, TypeError) as error:
        raise Ambiguous("Resend accepted the mail and told no id.") from error


def read_failure(answer: safe_http.Answer) -> Exception:
    """Which error an answer means; 409 is another try of ours that is still under way."""
    reason = read_reason(answer)
    if answer.status in (401, 403):
        return AuthLost(reason)
    if answer.status == 429:
        return RateLimited(reason, retry_after=read_pause(answer, reason))
    if answer.status in (408, 409, 425) or answer.status >= 500:
        return NotSent(reason)
    return Refused(reason)


def read_reason(answer: safe_http.Answer) -> str:
    try:
        told = answer.read_json()
    except BadPayload:
        told = None
    found = told if isinstance(told, dict) else {}
    return f"Resend {answer.status} {found.get('name', '')}: {found.get('message', '')}"[:300]


def read_pause(answer: safe_http.Answer, reason: str) -> float:
    """Seconds to wait: what Resend asks for, and an hour when a day's or a month's quota is used up."""
    if "quota" in reason:
        return 3600.0
    asked = answer.headers.get("retry-after", "")
    return min(float(asked), 3600.0) if asked.isdigit() else 5.0
