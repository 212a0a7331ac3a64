"""Resend's webhooks: Standard Webhooks under Svix's header names, https://resend.com/docs/webhooks."""

from tawkee_core import BadPayload, InvalidWebhook, MailEvent, read_json

from .api import TAG

FAILURES = {"email.bounced": "bounce", "email.failed": "failed", "email.suppressed": "suppressed"}


def verify_webhook(secret: str, headers: dict[str, str], body: bytes) -> None:
    """Raise InvalidWebhook unless the signature is ours and at most five minutes old."""
    from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook, WebhookVerificationError

    signed = {name.replace("svix-", "webhook-", 1): value for name, value in headers.items()}
    try:
        Webhook(secret).verify(body, signed, json_parse=False)
    except (EmptyWebhookSecretError, WebhookVerificationError, ValueError) as error:  # also no base64, no UTF-8
        raise InvalidWebhook() from error


def read_event(body: bytes) -> list[MailEvent]:
    """What a webhook tells; nothing for what we do not follow (opened, clicked …). Raises BadPayload."""
    told = read_json(body)
    match told:
        case {"type": str(kind), "data": {"email_id": str(mail_id), "to": list(addresses)} as data}:
            return [make_event(kind, mail_id, str(to), data) for to in addresses if kind in FOLLOWED]
        case {"type": str()}:
            return []
    raise BadPayload("That is no event of Resend's.")


FOLLOWED = {"email.delivered", "email.bounced", "email.complained", "email.failed", "email.suppressed"}


def make_event(kind: str, mail_id: str, to: str, data: dict[str, object]) -> MailEvent:
    tags = data.get("tags")
    ours = str(tags.get(TAG, "")) if isinstance(tags, dict) else ""
    found = data.get(FAILURES.get(kind, ""))
    detail = found if isinstance(found, dict) else {}
    reason = str(detail.get("message") or detail.get("reason") or "")[:300]
    match kind, detail.get("type"):
        case "email.delivered", _:
            return MailEvent("delivered", mail_id, to, ours)
        case "email.complained", _:
            return MailEvent("complained", mail_id, to, ours, reason)
        case ("email.failed", _) | ("email.bounced", "Transient"):
            return MailEvent("failed", mail_id, to, ours, reason)
    return MailEvent("bounced", mail_id, to, ours, reason)
