"""The wire to Mercado Livre: the only file that calls it, and what its errors mean."""

from collections.abc import Mapping
from typing import Any

from tawkee_core import Ambiguous, AuthLost, Channel, NotSent, RateLimited, Refused, SendError, provider, safe_http

from .info import API, MAX_FILE

NAME = "Mercado Livre"


def base_of(channel: Channel) -> str:
    return str(channel.config.get("api_url") or API).rstrip("/")


def authorization(channel: Channel) -> dict[str, str]:
    return {"authorization": f"Bearer {channel.config.get('access_token', '')}"}


def call(
    channel: Channel,
    method: str,
    path: str,
    values: Mapping[str, Any] | None = None,
    files: provider.Files | None = None,
) -> Any:
    """One call under the seller's token; its answer. Raises a SendError."""
    url, headers = base_of(channel) + path, authorization(channel)
    return read_answer(provider.request(NAME, method, url, values, files=files, headers=headers))


def get(channel: Channel, path: str) -> Any:
    """Something fetched: what is ambiguous for a message may simply be asked again. Raises NotSent, Refused,
    AuthLost."""
    with provider.asking():
        return call(channel, "GET", path)


def post_form(channel: Channel, path: str, form: Mapping[str, str]) -> Any:
    """A form without a token, as OAuth wants it. Raises a SendError."""
    return read_answer(provider.request(NAME, "POST", base_of(channel) + path, data=form))


def download(channel: Channel, path: str) -> safe_http.Answer:
    """A file of a message. Raises NotSent, or Refused when it is gone."""
    base = base_of(channel) + "/"
    return provider.download(
        NAME, base_of(channel) + path, MAX_FILE, lambda at: authorization(channel) if at.startswith(base) else {}
    )


def read_answer(answer: safe_http.Answer) -> Any:
    body = provider.read_answer(answer)
    if answer.status < 300:
        return body
    raise send_error(answer, body if isinstance(body, dict) else {})


def send_error(answer: safe_http.Answer, body: Mapping[str, Any]) -> SendError:
    text = str(body.get("message") or body.get("error") or f"status {answer.status}")[:300]
    match answer.status:
        case 401:
            return AuthLost(f"Mercado Livre no longer accepts the seller's token: {text}")
        case 429:
            return RateLimited(text, retry_after=provider.retry_after(answer, 60.0))
        case 409:
            return NotSent(text)
        case 400 | 403 | 404 | 422 | 451:
            return Refused(text)
        case _:
            return Ambiguous(text)
