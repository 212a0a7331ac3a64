"""Where providers deliver: verified before it is read, kept before it is answered. Nothing here asks a model or
another server."""

import time
from typing import Any, NoReturn

import structlog
from flask import Blueprint, Response, jsonify, request

from ..channels.load import load_channel
from ..context import current
from ..conversation.receive import receive_webhook
from ..errors import InvalidWebhook, NotFound, Unavailable, UnknownPlugin
from ..metrics import INBOUND_EVENTS, WEBHOOK_ACK
from ..security import same_text
from ..types import Channel

log = structlog.get_logger()
blueprint = Blueprint("webhooks", __name__)


@blueprint.route("/webhooks/<channel_id>/<token>", methods=["POST"])
def receive(channel_id: str, token: str) -> Response:
    """A provider's event. Whatever is wrong with who sends it gets one and the same 401."""
    started = time.monotonic()
    body = request.get_data()
    headers = {name.lower(): value for name, value in request.headers.items()}
    channel = verified_channel(channel_id, token, headers, body)
    outcome = receive_webhook(current(), channel, headers, body)
    WEBHOOK_ACK.observe(time.monotonic() - started)
    answer = acknowledge(channel, headers, body)
    if isinstance(answer, str):
        return Response(answer, mimetype="text/plain")
    return jsonify(answer if answer is not None else {"status": outcome.state})


def acknowledge(channel: Channel, headers: dict[str, str], body: bytes) -> dict[str, Any] | str | None:
    """The plugin's own words to its provider, if it has any; the event is kept either way."""
    try:
        return current().plugins.channel(channel.kind).channel_acknowledge(channel=channel, headers=headers, body=body)
    except Exception:  # delivering again would not mend the plugin
        log.exception("acknowledge_failed", channel_id=channel.id, kind=channel.kind)
        return None


@blueprint.route("/webhooks/<channel_id>/<token>", methods=["GET"])
def challenge(channel_id: str, token: str) -> Response:
    """A provider that makes sure the address is ours before it delivers there."""
    channel = addressed_channel(channel_id, token)
    plugin = current().plugins.channel(channel.kind)
    try:
        answer = plugin.channel_challenge(channel=channel, query=request.args.to_dict())
    except InvalidWebhook:
        refuse(channel.kind)
    if answer is None:
        refuse(channel.kind)
    return Response(answer, mimetype="text/plain")


def addressed_channel(channel_id: str, token: str) -> Channel:
    """The channel of an address. Raises InvalidWebhook, and Unavailable when its plugin is not here."""
    tawkee = current()
    try:
        channel = load_channel(tawkee.settings, channel_id)
    except NotFound:
        refuse("unknown")
    if not same_text(token, channel.webhook_secret):
        refuse(channel.kind)
    try:
        tawkee.plugins.channel(channel.kind)
    except UnknownPlugin as error:
        raise Unavailable(str(error)) from error  # not the provider's fault: it should deliver again
    return channel


def verified_channel(channel_id: str, token: str, headers: dict[str, str], body: bytes) -> Channel:
    """The channel, when both the address and the plugin say that the request is its provider's. Raises
    InvalidWebhook."""
    channel = addressed_channel(channel_id, token)
    plugin = current().plugins.channel(channel.kind)
    try:
        verified = plugin.channel_verify(channel=channel, headers=headers, body=body)
    except InvalidWebhook:
        refuse(channel.kind)
    except Exception:  # a plugin that cannot tell has not verified
        log.exception("verify_failed", channel_id=channel.id, kind=channel.kind)
        refuse(channel.kind)
    if verified is not True:
        refuse(channel.kind)
    return channel


def refuse(kind: str) -> NoReturn:
    INBOUND_EVENTS.labels(kind, "refused").inc()
    raise InvalidWebhook()
