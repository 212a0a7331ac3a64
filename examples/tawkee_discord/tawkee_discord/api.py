"""The wire to Discord's REST API: the only file that calls it. Facts: discord.com/developers/docs/resources/message."""

from hashlib import blake2b
from typing import Any

from tawkee_core import (
    Ambiguous,
    AuthLost,
    BadInput,
    BadPayload,
    Channel,
    Connection,
    Contact,
    Label,
    Message,
    RateLimited,
    Refused,
    SendError,
    provider,
    safe_http,
)

from .interactions import NO_MENTIONS

API = "https://discord.com/api/v10"
AGENT = "DiscordBot (https://github.com/tawkee/tawkee, 1.0)"
QUESTION = {"type": 3, "name": "text", "description": "What do you want to know?", "required": True}
COMMAND = {"name": "ask", "type": 1, "description": "Ask us something", "options": [QUESTION]}


def call(channel: Channel, method: str, path: str, values: Any = None) -> Any:
    """One call; its JSON, {} where there is none. Raises a SendError."""
    headers = {"authorization": f"Bot {channel.config['token']}", "user-agent": AGENT}
    url = str(channel.config.get("api_url") or API).rstrip("/") + path
    answer = provider.request("Discord", method, url, values, headers=headers)
    if answer.status >= 300:
        raise send_error(answer)
    return provider.read_answer(answer)


def send_error(answer: safe_http.Answer) -> SendError:
    """What may be done next. The errors' bodies: {code, message}, and {retry_after} (seconds) for a 429."""
    try:
        body = answer.read_json()
    except BadPayload:
        body = {}
    body = body if isinstance(body, dict) else {}
    text = str(body.get("message") or f"status {answer.status}")[:300]
    match answer.status:
        case 429:
            seconds = body.get("retry_after")
            return RateLimited(text, retry_after=float(seconds) if isinstance(seconds, int | float) else 30.0)
        case 401:
            return AuthLost(f"Discord does not know the bot's token: {text}")
        case status if status >= 500:
            return Ambiguous(text)
        case _:  # 403: not in that server any more, or the person takes no messages; 404: the place is gone
            return Refused(text)


def send_message(channel: Channel, contact: Contact, message: Message, client_id: str) -> str:
    """Send one message, by its nonce only once; its id."""
    values: dict[str, Any] = {
        "content": message.text,
        "nonce": blake2b(client_id.encode(), digest_size=12).hexdigest(),  # at most 25 characters
        "enforce_nonce": True,
        **NO_MENTIONS,
    }
    if message.buttons:
        values["components"] = [{"type": 1, "components": [button_of(b.id, b.title) for b in message.buttons]}]
    match call(channel, "POST", f"/channels/{contact.address.value}/messages", values):
        case {"id": str(id)}:
            return id
        case _:
            raise Ambiguous("Discord's answer names no message.")


def button_of(id: str, title: str) -> dict[str, Any]:
    return {"type": 2, "style": 2, "label": title, "custom_id": id[:100]}


def connect(channel: Channel) -> Connection:
    """Make /ask known, then point the interactions at us; Discord tries the address with a ping before it agrees."""
    with provider.setting_up("Discord"):
        application = call(channel, "GET", "/applications/@me")
        if str(application.get("verify_key")) != channel.config["public_key"]:
            raise BadInput("The public key is another application's.", slug="provider_refused")
        call(channel, "POST", f"/applications/{application['id']}/commands", COMMAND)
        call(channel, "PATCH", "/applications/@me", {"interactions_endpoint_url": channel.webhook_url})
    return Connection("connected")


def get_status(channel: Channel) -> Connection:
    application = call(channel, "GET", "/applications/@me")
    if application.get("interactions_endpoint_url") == channel.webhook_url:
        return Connection("connected")
    elsewhere = Label("As interações vão para outro endereço.", "Its interactions go elsewhere.")
    return Connection("disconnected", detail=elsewhere)


def disconnect(channel: Channel) -> Connection:
    call(channel, "PATCH", "/applications/@me", {"interactions_endpoint_url": None})
    return Connection("disconnected")
