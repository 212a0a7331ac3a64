"""Setting a bot up: who it is, where its updates go, how it stands."""

from collections.abc import Mapping
from typing import Any

from tawkee_core import BadInput, Channel, Connection, Label

from .api import set_up

UPDATES = ["message", "edited_message", "callback_query", "message_reaction", "my_chat_member"]
NEEDS_HTTPS = (
    "Telegram delivers only to a public https address on port 443, 80, 88 or 8443: set TAWKEE_PUBLIC_URL to one."
)


def connect(channel: Channel) -> Connection:
    """Point the bot's webhook at us. Raises AuthLost for a wrong token, BadInput where Telegram refuses our address."""
    bot = set_up(channel, "getMe", {})
    values = {"url": channel.webhook_url, "secret_token": channel.webhook_secret, "allowed_updates": UPDATES}
    try:
        set_up(channel, "setWebhook", values)
    except BadInput as error:
        if "webhook" in str(error).lower():
            raise BadInput(f"{NEEDS_HTTPS} ({error})", slug="public_url_needed") from error
        raise
    username = bot.get("username", "") if isinstance(bot, dict) else ""
    detail = Label(f"Conectado como @{username}.", f"Connected as @{username}.")
    return Connection("connected", detail, config={"username": username})


def get_status(channel: Channel) -> Connection:
    """Whether the bot's webhook is ours, and what Telegram last complained of."""
    found = set_up(channel, "getWebhookInfo", {})
    if not isinstance(found, Mapping) or found.get("url") != channel.webhook_url:
        return Connection("disconnected")
    return Connection("connected", complaint_of(found))


def complaint_of(found: Mapping[str, Any]) -> Label | None:
    complaint, waiting = found.get("last_error_message"), found.get("pending_update_count", 0)
    if not complaint:
        return None
    return Label(
        f"O Telegram não conseguiu entregar ({waiting} esperando): {complaint}",
        f"Telegram could not deliver ({waiting} waiting): {complaint}",
    )


def disconnect(channel: Channel) -> Connection:
    """Take the webhook away; updates wait at Telegram for a day."""
    set_up(channel, "deleteWebhook", {})
    return Connection("disconnected")
