"""What a person is told of a workspace: the bell."""

import re
from typing import Any

from flask import Response, request
from marshmallow import Schema, fields, validate

from ..context import current
from ..notifications.live import live_rooms
from ..notifications.read import count_unread, list_notices, read_all, read_notice
from ..streams import answer_stream
from .access import person, signed_in
from .outputs import Output
from .routes import Blueprint, Text

blueprint = Blueprint(
    "notifications",
    __name__,
    url_prefix="/api/workspaces/<id:workspace_id>/notifications",
    description="What one is told",
)
EVENTS = ("SUBSCRIPTION", "PAYMENT", "CONNECTION", "DELIVERY", "CREDITS")


class NoticeQuery(Schema):
    before = fields.UUID(load_default=None, metadata={"description": "The last one of the page before"})
    page_size = fields.Integer(load_default=30, validate=validate.Range(1, 100))
    unread = fields.Boolean(load_default=False, metadata={"description": "Only those that were not read"})
    event = Text(load_default=None, validate=validate.OneOf(EVENTS))


class NoticeOutput(Output):
    id = fields.String()
    event = fields.String(validate=validate.OneOf(EVENTS))
    kind = fields.String(metadata={"description": "What happened, as a stable name"})
    description = fields.String(metadata={"description": "In the reader's language"})
    page = fields.String(metadata={"description": "Where it leads: channel, chat, billing …"})
    object_id = fields.String(allow_none=True, metadata={"description": "What of: the channel, the chat …"})
    times = fields.Integer(metadata={"description": "How often it happened since it was last read"})
    happened_at = fields.DateTime(metadata={"description": "The last time"})
    read_at = fields.DateTime(allow_none=True)
    resolved_at = fields.DateTime(allow_none=True, metadata={"description": "Since when it is over, if it is"})
    created_at = fields.DateTime()


class UnreadOutput(Output):
    unread = fields.Integer()


class ReadOutput(Output):
    read = fields.Integer(metadata={"description": "How many were unread"})


@blueprint.route("")
@signed_in
@blueprint.arguments(NoticeQuery, location="query")
@blueprint.response(200, NoticeOutput(many=True))
def list_own(given: dict[str, Any], workspace_id: str) -> list[dict[str, Any]]:
    """List one's notifications, what happened last first"""
    before = str(given["before"]) if given["before"] else None
    return list_notices(workspace_id, person().id, given["page_size"], before, given["unread"], given["event"])


@blueprint.route("/unread")
@signed_in
@blueprint.response(200, UnreadOutput)
def unread(workspace_id: str) -> dict[str, int]:
    """How many one has not read"""
    return {"unread": count_unread(workspace_id, person().id)}


@blueprint.route("/read", methods=["POST"])
@signed_in
@blueprint.response(200, ReadOutput)
def mark_all(workspace_id: str) -> dict[str, int]:
    """Mark all as read"""
    return {"read": read_all(workspace_id, person().id)}


@blueprint.route("/<id:notification_id>/read", methods=["POST"])
@signed_in
@blueprint.response(200, NoticeOutput)
def mark_one(workspace_id: str, notification_id: str) -> dict[str, Any]:
    """Mark one as read; doing so again changes nothing"""
    return read_notice(workspace_id, person().id, notification_id)


@blueprint.route("/events")
@signed_in
@blueprint.doc(responses={"200": {"description": "Server-sent events", "content": {"text/event-stream": {}}}})
def stream(workspace_id: str) -> Response:
    """Live: `notification` and `unread` as server-sent events; resumes after `Last-Event-ID`.

    The stream ends when an access token would; come back with a fresh one. Nothing is told to who has signed out."""
    place = request.headers.get("Last-Event-ID", "")
    cursor = int(place) if re.fullmatch(r"\d{1,17}", place) else None
    seconds, key = current().settings.access_minutes * 60, (workspace_id, person().id, person().session_id)
    return answer_stream(live_rooms(), key, cursor, request.environ, seconds)
