"""The wire to the Bot API: the only file that calls it. The token is part of the address, so no address
is ever logged."""

from collections.abc import Mapping
from typing import Any

from tawkee_core import (
    Ambiguous,
    AnswerLost,
    AuthLost,
    BadInput,
    BadPayload,
    Channel,
    ConnectFailed,
    NotSent,
    RateLimited,
    Refused,
    SendError,
    TooLarge,
    UnsafeUrl,
    safe_http,
)

from .info import API, MAX_DOWNLOAD

SECONDS = 12.0
Files = Mapping[str, tuple[str, bytes, str]]


def base_of(channel: Channel) -> str:
    return str(channel.config.get("api_url") or API).rstrip("/")


def token_of(channel: Channel) -> str:
    token = str(channel.config.get("token", "")).strip()
    if not token or any(not (c.isalnum() or c in ":_-") for c in token):
        raise AuthLost("The bot's token is missing or malformed.")
    return token


def call(channel: Channel, method: str, values: Mapping[str, Any], files: Files | None = None) -> Any:
    """One method of the Bot API; its `result`. Raises a SendError: what may be done with the message after it."""
    url = f"{base_of(channel)}/bot{token_of(channel)}/{method}"
    try:
        if files:
            form = {name: str(value) for name, value in values.items()}
            answer = safe_http.request("POST", url, data=form, files=files, timeout=SECONDS)
        else:
            answer = safe_http.request("POST", url, json=values, timeout=SECONDS)
    except UnsafeUrl as error:
        raise AuthLost("The Bot API server's address may not be called from here.") from error
    except ConnectFailed as error:
        raise NotSent("Telegram could not be reached.") from error
    except (AnswerLost, TooLarge) as error:
        raise Ambiguous("Telegram's answer was lost.") from error
    return read_answer(answer)


def read_answer(answer: safe_http.Answer) -> Any:
    """The result of a call, or the error its code and description mean."""
    try:
        body = answer.read_json()
    except BadPayload as error:
        raise Ambiguous(f"The answer is no JSON (status {answer.status}).") from error
    if isinstance(body, dict) and body.get("ok") is True:
        return body.get("result")
    raise send_error(answer.status, body if isinstance(body, dict) else {})


def send_error(status: int, body: Mapping[str, Any]) -> SendError:
    text = str(body.get("description") or f"status {status}")[:300]
    parameters = body.get("parameters")
    match status:
        case 429:
            seconds = parameters.get("retry_after") if isinstance(parameters, dict) else None
            return RateLimited(text, retry_after=float(seconds) if isinstance(seconds, int) else 30.0)
        case 401 | 404:
            return AuthLost(f"Telegram does not know the bot's token: {text}")
        case 409:
            return NotSent(text)
        case 400 | 403 | 413:
            return Refused(text)
        case _:
            return Ambiguous(text)


def set_up(channel: Channel, method: str, values: Mapping[str, Any]) -> Any:
    """A method that changes the bot, not a message. Raises AuthLost, NotSent, or BadInput with Telegram's own words."""
    try:
        return call(channel, method, values)
    except Refused as error:
        raise BadInput(f"Telegram refuses: {error}", slug="provider_refused") from error
    except Ambiguous as error:
        raise NotSent(str(error)) from error


def download(channel: Channel, path: str) -> bytes:
    """A file by the path that getFile gave. Raises NotSent, or Refused when it is gone."""
    url = f"{base_of(channel)}/file/bot{token_of(channel)}/{path}"
    try:
        answer = safe_http.request("GET", url, timeout=30.0, max_bytes=MAX_DOWNLOAD)
    except TooLarge as error:
        raise Refused("The file is too large.") from error
    except (ConnectFailed, AnswerLost) as error:
        raise NotSent("Telegram could not be reached.") from error
    if answer.status != 200:
        raise Refused("The file is gone.") if answer.status in (400, 404) else NotSent(f"status {answer.status}")
    return answer.body
