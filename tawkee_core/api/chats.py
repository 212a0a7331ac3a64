"""Conversations: looking through them, and what a person does in one."""

from typing import Any

from marshmallow import Schema, fields, validate

from ..context import current
from ..conversation.chats import find_chat, list_chats, mark_read, read_chat
from ..conversation.handover import hand_back, take_over
from ..conversation.history import check_mark, read_messages
from ..conversation.interactions import resolve_chat
from .access import signed_in, user_id
from .messages import MessageOutput
from .outputs import Output
from .pages import SearchQuery
from .routes import Blueprint, Text

blueprint = Blueprint(
    "chats", __name__, url_prefix="/api/workspaces/<id:workspace_id>/chats", description="Conversations"
)


class ChatQuery(SearchQuery):
    agent_id = fields.UUID()
    channel_id = fields.UUID()
    status = Text(validate=validate.OneOf(("open", "waiting", "resolved")))
    owner = Text(validate=validate.OneOf(("ai", "human")))
    before = fields.UUID(metadata={"description": "The last chat of the page before"})
    page_size = fields.Integer(load_default=30, validate=validate.Range(1, 100))


class MessagesQuery(Schema):
    before = Text(validate=validate.Regexp(r"[0-9a-f-]{1,36}$"), metadata={"description": "A message's id or seq"})
    after = Text(validate=validate.Regexp(r"[0-9a-f-]{1,36}$"), metadata={"description": "A message's id or seq"})
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 100))


class ContactOutput(Output):
    id = fields.String()
    name = fields.String()
    phone = fields.String(allow_none=True)
    is_group = fields.Boolean()


class ChannelPlaceOutput(Output):
    id = fields.String()
    kind = fields.String()
    name = fields.String()


class AgentPlaceOutput(Output):
    id = fields.String()
    name = fields.String()


class LastMessageOutput(Output):
    id = fields.String()
    direction = fields.String()
    author = fields.String()
    kind = fields.String()
    text = fields.String()
    status = fields.String()
    sent_at = fields.DateTime()


class ChatOutput(Output):
    id = fields.String()
    status = fields.String(validate=validate.OneOf(("open", "waiting", "resolved")))
    owner = fields.String(validate=validate.OneOf(("ai", "human")))
    owner_id = fields.String(allow_none=True, metadata={"description": "The person who took it over"})
    attention = fields.String(metadata={"description": "Why a person is asked for; empty when none is"})
    contact = fields.Nested(ContactOutput)
    channel = fields.Nested(ChannelPlaceOutput)
    agent = fields.Nested(AgentPlaceOutput)
    unread = fields.Integer()
    last_message = fields.Nested(LastMessageOutput, allow_none=True)
    last_message_at = fields.DateTime()
    created_at = fields.DateTime()


class TakeoverOutput(ChatOutput):
    in_flight = fields.Integer(metadata={"description": "Messages of the AI that were already being sent"})


@blueprint.route("")
@signed_in
@blueprint.arguments(ChatQuery, location="query")
@blueprint.response(200, ChatOutput(many=True))
def list_all(given: dict[str, Any], workspace_id: str) -> list[dict[str, Any]]:
    """List the chats, those with the newest message first; `q` looks at the contact's name and phone"""
    limit = given.pop("page_size")
    return list_chats(workspace_id, limit, **{name: str(value) for name, value in given.items()})


@blueprint.route("/<id:chat_id>")
@signed_in
@blueprint.response(200, ChatOutput)
def read(workspace_id: str, chat_id: str) -> dict[str, Any]:
    """Read a chat"""
    return read_chat(workspace_id, chat_id)


@blueprint.route("/<id:chat_id>/messages")
@signed_in
@blueprint.arguments(MessagesQuery, location="query")
@blueprint.response(200, MessageOutput(many=True))
def messages(given: dict[str, Any], workspace_id: str, chat_id: str) -> list[dict[str, Any]]:
    """Read a chat's messages, oldest first: the last ones, or those before or after one"""
    find_chat(workspace_id, chat_id)
    check_mark(chat_id, given.get("before"))
    check_mark(chat_id, given.get("after"))
    return read_messages(current().settings, chat_id, **given)


@blueprint.route("/<id:chat_id>/takeover", methods=["POST"])
@signed_in
@blueprint.response(200, TakeoverOutput)
def takeover(workspace_id: str, chat_id: str) -> dict[str, Any]:
    """Speak instead of the AI, which falls silent at once"""
    in_flight = take_over(current(), workspace_id, chat_id, user_id())
    return {**read_chat(workspace_id, chat_id), "in_flight": in_flight}


@blueprint.route("/<id:chat_id>/handback", methods=["POST"])
@signed_in
@blueprint.response(200, ChatOutput)
def handback(workspace_id: str, chat_id: str) -> dict[str, Any]:
    """Let the AI go on"""
    hand_back(current(), workspace_id, chat_id, user_id())
    return read_chat(workspace_id, chat_id)


@blueprint.route("/<id:chat_id>/resolve", methods=["POST"])
@signed_in
@blueprint.response(200, ChatOutput)
def resolve(workspace_id: str, chat_id: str) -> dict[str, Any]:
    """Close the attendance; the contact's next message opens another"""
    resolve_chat(current(), workspace_id, chat_id, user_id())
    return read_chat(workspace_id, chat_id)


@blueprint.route("/<id:chat_id>/read", methods=["POST"])
@signed_in
@blueprint.response(200, ChatOutput)
def seen(workspace_id: str, chat_id: str) -> dict[str, Any]:
    """Mark a chat as read"""
    mark_read(workspace_id, chat_id)
    return read_chat(workspace_id, chat_id)
