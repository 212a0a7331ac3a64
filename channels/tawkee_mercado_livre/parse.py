"""From a notification, which only names a resource, to where to look. Pure: no I/O, no clock."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tawkee_core import BadPayload, Channel, ChannelEvent, Fetch, Ignored, InvalidWebhook, read_json

from .api import get

QUESTION = re.compile(r"/?questions/(\d{1,20})")
MESSAGE = re.compile(r"(?:/?messages/)?([0-9a-fA-F]{16,64})")
TOPICS = ("questions", "messages")
TRIED_SECONDS = 2 * 3600.0


def verify_application(channel: Channel, body: bytes) -> bool:
    """The notification is for our app. Raises InvalidWebhook."""
    try:
        payload = read_json(body)
    except BadPayload as error:
        raise InvalidWebhook() from error
    ours = str(channel.config.get("client_id", ""))
    if not isinstance(payload, dict) or not ours or str(payload.get("application_id")) != ours:
        raise InvalidWebhook()
    return True


def parse_notification(channel: Channel, body: bytes) -> ChannelEvent:
    """The event of one notification. Raises BadPayload."""
    payload = read_json(body)
    if not isinstance(payload, dict):
        raise BadPayload("The notification is not an object.")
    return read_notification(channel, payload)


def read_notification(channel: Channel, payload: Mapping[str, Any]) -> ChannelEvent:
    topic, resource = payload.get("topic"), payload.get("resource")
    seller = channel.config.get("user_id")
    if not isinstance(topic, str) or not isinstance(resource, str):
        raise BadPayload("The notification names no topic or no resource.")
    if seller is not None and str(payload.get("user_id")) != str(seller):
        return Ignored("notification of another seller")
    if channel.config.get("access_token") == "":
        return Ignored("the seller was disconnected")
    question, message = QUESTION.fullmatch(resource), MESSAGE.fullmatch(resource)
    if topic == "questions" and question:
        return Fetch(f"/questions/{question[1]}")
    if topic == "messages" and message:
        actions = payload.get("actions")
        if isinstance(actions, list) and actions and "created" not in actions:
            return Ignored("messages: " + ", ".join(str(a) for a in actions)[:60])
        return Fetch(f"/messages/{message[1]}")
    return Ignored(f"notification of {topic[:60]}")


def list_missed(channel: Channel, since: float) -> list[ChannelEvent]:
    """Where to look for what Mercado Livre gave up delivering, after an hour of trying. It lists two days of it, of
    which those before `since` were seen."""
    missed: list[ChannelEvent] = []
    for topic in TOPICS:
        found = get(channel, f"/missed_feeds?app_id={channel.config.get('client_id')}&topic={topic}")
        rows = found.get("messages") if isinstance(found, dict) else None
        new = [row for row in rows or () if isinstance(row, dict) and is_later(row, since - TRIED_SECONDS)]
        missed += [event for event in (read_missed(channel, row) for row in new) if isinstance(event, Fetch)]
    return list(dict.fromkeys(missed))


def is_later(row: Mapping[str, Any], since: float) -> bool:
    """Whether a notification was sent since then; one without a time may have been."""
    try:
        return datetime.fromisoformat(str(row.get("sent"))).timestamp() >= since
    except ValueError:
        return True


def read_missed(channel: Channel, row: Mapping[str, Any]) -> ChannelEvent:
    try:
        return read_notification(channel, row)
    except BadPayload as error:
        return Ignored(str(error))
