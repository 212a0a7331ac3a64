"""What an answer other than success means.

Facts (2.3.7, fa09d378): errors are {status, error, response: {message}}, `message` a text, a list, a list in a list
(schema) or a list of objects (number not on WhatsApp). Whatever fails while a message is being sent answers 400 with
that error's own text; a 500 comes from what is done before. An unactivated server (2.4+) answers 503 with the code
LICENSE_REQUIRED."""

import re
from typing import Any

from tawkee_core import (
    Ambiguous,
    AuthLost,
    BadInput,
    BadPayload,
    Conflict,
    NotFound,
    NotSent,
    RateLimited,
    Refused,
    TawkeeError,
    Unavailable,
    provider,
    safe_http,
)

from . import words
from .decode import object_of

WHILE_SENDING = re.compile(r"^\w*(Error|Exception)\b")


class LicenseRequired(Unavailable):
    """The Evolution server is not activated yet."""

    slug = "license_required"


def send_error(answer: safe_http.Answer) -> TawkeeError:
    """What may be done with a message after this answer."""
    text = explain(answer)
    match answer.status:
        case 400:
            return refusal(answer, text)
        case 401 | 403 | 404:
            return AuthLost(f"The Evolution server refuses the key or does not know the instance: {text}")
        case 413 | 415 | 422:
            return Refused(text)
        case 429:
            return RateLimited(text, retry_after=provider.retry_after(answer))
        case 503 if is_unlicensed(answer):
            return AuthLost(words.UNLICENSED)
        case 503:
            return NotSent(text)
        case 500 if is_own_error(answer):
            return NotSent(text)
        case _:
            return Ambiguous(text)


def refusal(answer: safe_http.Answer, text: str) -> TawkeeError:
    """A 400: a wrong request, or an error while sending, of which only a closed connection surely sent nothing."""
    if not is_own_error(answer):
        return Ambiguous(text)
    if "Connection Closed" in text:
        return NotSent("WhatsApp is not connected on the Evolution server.")
    return Ambiguous(text) if WHILE_SENDING.match(text) else Refused(text)


def setup_error(answer: safe_http.Answer) -> TawkeeError:
    """What to tell who sets a channel up."""
    text = explain(answer)
    match answer.status:
        case 403 if "in use" in text:
            return Conflict(text)
        case 401 | 403:
            return AuthLost(f"The Evolution server refuses the key: {text}")
        case 404 if "Cannot " not in text and is_own_error(answer):
            return NotFound(text)
        case 503 if is_unlicensed(answer):
            return LicenseRequired()
        case 400 | 404 | 422:
            return BadInput(f"The Evolution server refuses: {text}", slug="provider_refused")
        case status:
            return Unavailable(f"The Evolution server answered {status}: {text}", slug="provider_failed")


def error_body(answer: safe_http.Answer) -> dict[str, Any]:
    try:
        return object_of(answer.read_json())
    except BadPayload:
        return {}


def is_own_error(answer: safe_http.Answer) -> bool:
    """Whether Evolution itself answered, and no proxy before it."""
    return "response" in error_body(answer)


def is_unlicensed(answer: safe_http.Answer) -> bool:
    return error_body(answer).get("code") == "LICENSE_REQUIRED"


def explain(answer: safe_http.Answer) -> str:
    """The server's own words in one line; the page of a proxy says nothing."""
    body = error_body(answer)
    message = object_of(body.get("response")).get("message") or body.get("message") or body.get("error")
    while isinstance(message, list) and message:
        message = message[0]
    if isinstance(message, dict) and message.get("exists") is False:
        return f"The number {message.get('number')} is not on WhatsApp."
    return message[:300] if isinstance(message, str) else f"status {answer.status}"
