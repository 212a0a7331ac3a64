"""The wire to Z-API: the only file that calls it. The instance's token is part of the address, so no address is ever
logged."""

from collections.abc import Mapping
from typing import Any

from tawkee_core import Ambiguous, AuthLost, Channel, NotSent, RateLimited, Refused, SendError, provider, safe_http

NAME = "Z-API"
API = "https://api.z-api.io"
MIB = 1024 * 1024
MAX_FILE = 25 * MIB
SECONDS = 15.0
# what a 400 says when the account, the instance or its token is wrong or unpaid
LOST = ("client-token", "null not allowed", "instance not found", "must subscribe", "token not found")


def call(channel: Channel, method: str, path: str, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """One call for the channel's instance. Raises a SendError: what may be done with the message after it."""
    client_token = str(channel.config.get("client_token") or "").strip()
    headers = {"client-token": client_token} if client_token else {}
    url = instance_url(channel) + path
    answer = provider.request(NAME, method, url, values, headers=headers, timeout=SECONDS, max_bytes=4 * MIB)
    return read_answer(answer)


def instance_url(channel: Channel) -> str:
    """Where the instance is called. Raises AuthLost when its id or token cannot be one."""
    instance, token = (str(channel.config.get(name) or "").strip() for name in ("instance_id", "token"))
    if not all(part and all(c.isascii() and (c.isalnum() or c in "_-") for c in part) for part in (instance, token)):
        raise AuthLost("The instance's id or token is missing or malformed.")
    base = str(channel.config.get("api_url") or API).rstrip("/")
    return f"{base}/instances/{instance}/token/{token}"


def read_answer(answer: safe_http.Answer) -> dict[str, Any]:
    """A call's result; empty for 204. A few errors come with status 200 and {error, message}."""
    body = provider.read_answer(answer)
    fields = body if isinstance(body, dict) else {}
    if answer.status >= 400:
        raise send_error(answer, explain(answer.status, fields))
    return fields


def send_error(answer: safe_http.Answer, text: str) -> SendError:
    match answer.status:
        case 400 if any(words in text.lower() for words in LOST):
            return AuthLost(f"Z-API refuses the account or the instance: {text}")
        case 400 if "not connected" in text.lower():
            return NotSent(text)
        case 401 | 402 | 403 | 404:
            return AuthLost(f"Z-API refuses the account or the instance: {text}")
        case 429:
            return RateLimited(text, retry_after=provider.retry_after(answer))
        case status if status < 500:
            return Refused(text)
        case _:
            return Ambiguous(text)


def explain(status: int, body: Mapping[str, Any]) -> str:
    """Z-API's own words: {error, message}, of which either may be missing."""
    words = [text for key in ("error", "message") if isinstance(text := body.get(key), str) and text]
    return ": ".join(dict.fromkeys(words))[:300] or f"status {status}"


def set_up(channel: Channel, method: str, path: str, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A call that changes or asks the instance, not a message. Raises AuthLost, NotSent, RateLimited, BadInput."""
    with provider.setting_up(NAME):
        return call(channel, method, path, values)
