"""The wire to an Evolution API v2 server: the only file that calls it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from tawkee_core import Ambiguous, BadPayload, Channel, Unavailable, provider, safe_http

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


def instance_url(channel: Channel, route: str) -> str:
    """`route/instance` on the channel's server."""
    path = route if route == "/instance/create" else f"{route}/{quote(instance_of(channel), safe='')}"
    return str(channel.config.get("base_url", "")).rstrip("/") + path


def key_of(channel: Channel) -> dict[str, str]:
    return {"apikey": str(channel.config.get("api_key", "")).strip()}


def carry(channel: Channel, route: str, json: Any, timeout: float = SECONDS, max_bytes: int = MIB) -> safe_http.Answer:
    """A POST whose failures are those of sending. Raises NotSent, Ambiguous or AuthLost."""
    url = instance_url(channel, route)
    return provider.request(
        "the Evolution server", "POST", url, json, headers=key_of(channel), timeout=timeout, max_bytes=max_bytes
    )


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
    url = instance_url(channel, route)
    answer = safe_http.request(method, url, json=json, headers=key_of(channel), timeout=SETUP_SECONDS)
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
