"""The wire to the Bot API: the only file that calls it. The token is part of the address, so no address
is ever logged."""

from collections.abc import Mapping
from typing import Any

from tawkee_core import (
    Ambiguous,
    AuthLost,
    Channel,
    NotSent,
    RateLimited,
    Refused,
    SendError,
    provider,
    safe_http,
)

from .info import API, MAX_DOWNLOAD

NAME = "Telegram"


def base_of(channel: Channel) -> str:
    return str(channel.config.get("api_url") or API).rstrip("/")


def token_of(channel: Channel) -> str:
    token = str(channel.config.get("token", "")).strip()
    if not token or any(not (c.isascii() and (c.isalnum() or c in ":_-")) for c in token):
        raise AuthLost("The bot's token is missing or malformed.")
    return token


def call(channel: Channel, method: str, values: Mapping[str, Any], files: provider.Files | None = None) -> Any:
    """One method of the Bot API; its `result`. Raises a SendError: what may be done with the message after it."""
    url = f"{base_of(channel)}/bot{token_of(channel)}/{method}"
    return read_answer(provider.request(NAME, "POST", url, values, files=files))


def read_answer(answer: safe_http.Answer) -> Any:
    """The result of a call, or the error its code and description mean."""
    body = provider.read_answer(answer)
    if isinstance(body, dict) and body.get("ok") is True:
        return body.get("result")
    raise send_error(answer.status, body if isinstance(body, dict) else {})


def send_error(status: int, body: Mapping[str, Any]) -> SendError:
    """What {ok: false, description, parameters?} means. An answer that is not Telegram's own says nothing."""
    text = str(body.get("description") or f"status {status}")[:300]
    found = body.get("parameters")
    parameters: Mapping[str, Any] = found if isinstance(found, dict) else {}
    match status:
        case 429:
            seconds = parameters.get("retry_after")
            return RateLimited(text, retry_after=float(seconds) if isinstance(seconds, int) else 30.0)
        case 401 | 404:
            return AuthLost(f"Telegram does not know the bot's token: {text}")
        case 400 if "migrate_to_chat_id" in parameters:  # an update tells where to, and the next try goes there
            return NotSent(text)
        case 409:
            return NotSent(text)
        case 400 | 403 | 413:
            return Refused(text)
        case _:
            return Ambiguous(text)


def set_up(channel: Channel, method: str, values: Mapping[str, Any]) -> Any:
    """A method that changes the bot, not a message. Raises AuthLost, NotSent, or BadInput with Telegram's own words."""
    with provider.setting_up(NAME):
        return call(channel, method, values)


def download(channel: Channel, path: str) -> bytes:
    """A file by the path that getFile gave. Raises NotSent, or Refused when it is gone."""
    url = f"{base_of(channel)}/file/bot{token_of(channel)}/{path}"
    return provider.download(NAME, url, MAX_DOWNLOAD).body
