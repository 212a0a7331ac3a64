"""What proves a webhook of Z-API, which signs nothing.

The secret is the token in the address, which the core has compared before it asks here. Beside it the body must name
our instance; and the header `z-api-token`, which Z-API's servers send although its documentation does not promise it,
must hold our instance's token where it is there."""

from hmac import compare_digest

from tawkee_core import BadPayload, Channel, InvalidWebhook, read_json

HEADER = "z-api-token"


def verify_origin(channel: Channel, headers: dict[str, str], body: bytes) -> bool:
    """True for a webhook of this channel's instance. Raises InvalidWebhook."""
    if HEADER in headers and not is_same(headers[HEADER], channel.config.get("token")):
        raise InvalidWebhook()
    try:
        payload = read_json(body)
    except BadPayload as error:
        raise InvalidWebhook() from error
    if not isinstance(payload, dict) or not is_same(payload.get("instanceId"), channel.config.get("instance_id")):
        raise InvalidWebhook()
    return True


def is_same(given: object, expected: object) -> bool:
    """Whether both are the same text, and not an empty one."""
    text = str(expected or "").strip()
    return isinstance(given, str) and bool(text) and compare_digest(given.encode("utf-8", "replace"), text.encode())
