"""The wire to Mercado Livre: the only file that calls it, and what its errors mean."""

from collections.abc import Mapping
from typing import Any

from tawkee_core import (
    Ambiguous,
    AnswerLost,
    AuthLost,
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

from .info import API

SECONDS = 12.0


def base_of(channel: Channel) -> str:
    return str(channel.config.get("api_url") or API).rstrip("/")


def carry(channel: Channel, method: str, path: str, **sent: Any) -> safe_http.Answer:
    """One request. Raises NotSent, Ambiguous or AuthLost."""
    try:
        return safe_http.request(method, base_of(channel) + path, timeout=SECONDS, **sent)
    except UnsafeUrl as error:
        raise AuthLost("The API's address may not be called from here.") from error
    except ConnectFailed as error:
        raise NotSent("Mercado Livre could not be reached.") from error
    except (AnswerLost, TooLarge) as error:
        raise Ambiguous("Mercado Livre's answer was lost.") from error


def call(channel: Channel, method: str, path: str, values: Mapping[str, Any] | None = None) -> Any:
    """One call under the seller's token; its answer. Raises a SendError."""
    headers = {"authorization": f"Bearer {channel.config.get('access_token', '')}"}
    return read_answer(carry(channel, method, path, json=values, headers=headers))


def get(channel: Channel, path: str) -> Any:
    """Something fetched: what is ambiguous for a message may simply be asked again. Raises NotSent, Refused,
    AuthLost."""
    try:
        return call(channel, "GET", path)
    except (Ambiguous, RateLimited) as error:
        raise NotSent(str(error)) from error


def read_answer(answer: safe_http.Answer) -> Any:
    try:
        body = answer.read_json()
    except BadPayload as error:
        raise Ambiguous(f"The answer is no JSON (status {answer.status}).") from error
    if answer.status < 300:
        return body
    raise send_error(answer.status, body if isinstance(body, dict) else {})


def send_error(status: int, body: Mapping[str, Any]) -> SendError:
    text = str(body.get("message") or body.get("error") or f"status {status}")[:300]
    match status:
        case 401:
            return AuthLost(f"Mercado Livre no longer accepts the seller's token: {text}")
        case 429:
            return RateLimited(text, retry_after=60.0)
        case 409:
            return NotSent(text)
        case 400 | 403 | 404 | 422 | 451:
            return Refused(text)
        case _:
            return Ambiguous(text)
