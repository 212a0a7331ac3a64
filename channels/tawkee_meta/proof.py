"""How Meta proves a webhook, and how we prove its address. Facts: developers.facebook.com/docs/graph-api/webhooks."""

import hashlib
import hmac

from tawkee_core import Channel, InvalidWebhook

SIGNATURE = "x-hub-signature-256"


def verify_signature(channel: Channel, headers: dict[str, str], body: bytes) -> bool:
    """HMAC-SHA256 of the raw body with the app's secret. Raises InvalidWebhook."""
    secret = str(channel.config.get("app_secret", ""))
    expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    given = headers.get(SIGNATURE, "").encode("utf-8", "replace")
    if not secret or not hmac.compare_digest(given, expected.encode()):
        raise InvalidWebhook()
    return True


def answer_challenge(channel: Channel, query: dict[str, str]) -> str:
    """The number Meta sends when the webhook is entered in its panel. Raises InvalidWebhook for a wrong verify
    token."""
    given = query.get("hub.verify_token", "").encode("utf-8", "replace")
    if query.get("hub.mode") != "subscribe" or not hmac.compare_digest(given, channel.webhook_secret.encode()):
        raise InvalidWebhook()
    return query.get("hub.challenge", "")
