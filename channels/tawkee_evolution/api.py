"""The wire to an Evolution API v2 server: the only file that calls it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from tawkee_core import (
    Ambiguous,
    AnswerLost,
    AuthLost,
    BadInput,
    BadPayload,
    Channel,
    ConnectFailed,
    NotSent,
    TooLarge,
    Unavailable,
    UnsafeUrl,
    safe_http,
)

from .decode import object_of
from .failures import send_error, setup_error

SECONDS = 12.0
SETUP_SECONDS = 25.0  # creating an instance waits 5 s for its first code
MIB = 1024 * 1024


def instance_of(channel: Channel) -> str:
    """The channel's instance: the one its owner named, else one of our own making."""
    return str(channel.config.get("instance") or own_instance(channel))


def own_instance(channel: Channel) -> str:
    return f"tawkee-{channel.id[-12:]}"


def call(
    channel: Channel, method: str, route: str, json: Any = None, timeout: float = SECONDS, max_bytes: int = MIB
) -> safe_http.Answer:
    """One call with the channel's key, `route/instance`. Raises what safe_http raises."""
    path = route if route == "/instance/create" else f"{route}/{quote(instance_of(channel), safe='')}"
    url = str(channel.config.get("base_url", "")).rstrip("/") + path
    headers = {"apikey": str(channel.config.get("api_key", "")).strip()}
    return safe_http.request(method, url, json=json, headers=headers, timeout=timeout, max_bytes=max_bytes)


def carry(channel: Channel, route: str, json: Any, timeout: float = SECONDS, max_bytes: int = MIB) -> safe_http.Answer:
    """A POST whose failures are those of sending. Raises NotSent, Ambiguous or AuthLost."""
    try:
        return call(channel, "POST", route, json, timeout, max_bytes)
    except (UnsafeUrl, BadInput) as error:
        raise AuthLost("The Evolution server's address or key cannot be used.") from error
    except ConnectFailed as error:
        raise NotSent("The Evolution server could not be reached.") from error
    except (AnswerLost, TooLarge) as error:
        raise Ambiguous("The Evolution server's answer was lost.") from error


def send(channel: Channel, route: str, json: Mapping[str, Any]) -> str:
    """Send a message; its id. Raises NotSent, RateLimited, Refused, Ambiguous or AuthLost."""
    answer = carry(channel, route, json)
    if answer.status not in (200, 201):
        raise send_error(answer)
    try:
        message_id = object_of(object_of(answer.read_json()).get("key")).get("id")
    except BadPayload as error:
        raise Ambiguous("The answer is no JSON; it may come from a proxy before the Evolution server.") from error
    if not isinstance(message_id, str) or not message_id:
        raise Ambiguous("The Evolution server's answer names no message.")
    return message_id


def ask(channel: Channel, method: str, route: str, json: Any = None, accept: tuple[int, ...] = ()) -> dict[str, Any]:
    """Set something up, or ask how it stands: the answer as an object, {} for a status in `accept`.

    Raises AuthLost for a wrong key, LicenseRequired, NotFound for an unknown instance, Conflict for a name in use,
    BadInput for what the server refuses, Unavailable for what is broken there, and what safe_http raises."""
    answer = call(channel, method, route, json, SETUP_SECONDS)
    if answer.status in accept:
        return {}
    if answer.status not in (200, 201):
        raise setup_error(answer)
    try:
        return object_of(answer.read_json())
    except BadPayload as error:
        raise Unavailable(
            "What answers at that address is no Evolution API v2 server.", slug="not_evolution"
        ) from error
