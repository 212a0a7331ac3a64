"""A person's own messages: writing one, with or without a file, and sending one again."""

import re
from typing import Any

from flask import request
from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from ..context import current
from ..conversation.compose import Draft, resend_message, send_draft
from ..conversation.history import read_message
from ..errors import BadInput
from ..types import Button, Media, Template, TemplatePart
from ..wire import clean_text
from .access import signed_in, user_id
from .outputs import Output
from .routes import Blueprint, Parser, Text

blueprint = Blueprint(
    "messages",
    __name__,
    url_prefix="/api/workspaces/<id:workspace_id>/chats/<id:chat_id>/messages",
    description="Conversations",
)
FORM_BYTES = 64 * 1024
MIMETYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}")
FILE_KINDS = ("image", "video", "document")
BUTTON_KINDS = ("url", "code")
PART_KINDS = ("text", *FILE_KINDS, *BUTTON_KINDS)
TEXT_LENGTH = validate.Length(0, 10_000)


class MessageInput(Schema):
    text = Text(load_default="", validate=TEXT_LENGTH)
    client_id = Text(load_default=None, validate=validate.Length(1, 100))


class ButtonInput(Schema):
    id = Text(required=True, validate=validate.Length(1, 64))
    title = Text(required=True, validate=validate.Length(1, 60))

    @post_load
    def make(self, values: dict[str, Any], **_: Any) -> Button:
        return Button(**values)


class PartInput(Schema):
    place = Text(required=True, validate=validate.OneOf(("header", "button")))
    kind = Text(required=True, validate=validate.OneOf(PART_KINDS))
    index = fields.Integer(load_default=0, validate=validate.Range(0, 9), metadata={"description": "Which button"})
    name = Text(load_default="", validate=validate.Length(0, 100))
    value = Text(
        required=True,
        validate=validate.Length(1, 2000),
        metadata={"description": "The text, the end of the button's address, the code, or the file's https address"},
    )

    @validates_schema
    def check_place(self, values: dict[str, Any], **_: Any) -> None:
        if (values["place"] == "button") != (values["kind"] in BUTTON_KINDS):
            raise ValidationError("A header takes a text or a file, a button a `url` or a `code`.", "kind")

    @validates_schema
    def check_file(self, values: dict[str, Any], **_: Any) -> None:
        if values["kind"] in FILE_KINDS and not values["value"].startswith("https://"):
            raise ValidationError("A file is given by its https address.", "value")

    @post_load
    def make(self, values: dict[str, Any], **_: Any) -> TemplatePart:
        return TemplatePart(**values)


class TemplateInput(Schema):
    name = Text(required=True, validate=validate.Length(1, 512))
    language = Text(required=True, validate=validate.Length(2, 10))
    parameters = fields.List(Text(validate=validate.Length(1, 1024)), load_default=(), validate=validate.Length(0, 20))

    names = fields.List(
        Text(validate=validate.Length(1, 100)),
        load_default=(),
        validate=validate.Length(0, 20),
        metadata={"description": "The parameters' names, in the same order, where the template's list gives any"},
    )
    parts = fields.List(
        fields.Nested(PartInput),
        load_default=(),
        validate=validate.Length(0, 11),
        metadata={"description": "What the template's list says it takes beside them, each with its `value`"},
    )

    @post_load
    def make(self, values: dict[str, Any], **_: Any) -> Template:
        return Template(**values | {name: tuple(values[name]) for name in ("parameters", "names", "parts")})


class DraftInput(MessageInput):
    buttons = fields.List(
        fields.Nested(ButtonInput),
        load_default=(),
        validate=validate.Length(0, 10),
        metadata={"description": "Choices; numbered in the text where the channel has no buttons"},
    )
    template = fields.Nested(
        TemplateInput, load_default=None, metadata={"description": "The only way outside a window"}
    )


class FileInput(MessageInput):
    file = fields.Raw(metadata={"type": "string", "format": "binary"})


class MediaOutput(Output):
    id = fields.String()
    url = fields.String(allow_none=True, metadata={"description": "Signed; null until the file is here"})
    mimetype = fields.String()
    filename = fields.String()
    size = fields.Integer(allow_none=True)
    state = fields.String(validate=validate.OneOf(("remote", "stored", "failed")))


class MessageOutput(Output):
    sometimes = ("media",)

    id = fields.String()
    seq = fields.Integer(metadata={"description": "Its place in the chat"})
    direction = fields.String(validate=validate.OneOf(("in", "out")))
    author = fields.String(validate=validate.OneOf(("contact", "agent", "person", "system")))
    kind = fields.String()
    text = fields.String()
    data = fields.Dict(metadata={"description": "What its kind needs, e.g. a location's latitude and longitude"})
    sender = fields.String(
        metadata={"description": "Who wrote it in a group, by address; data's `sender_name` is the name"}
    )
    status = fields.String()
    error = fields.String()
    quoted_id = fields.String(allow_none=True)
    provider_message_id = fields.String(allow_none=True)
    user_id = fields.String(allow_none=True, metadata={"description": "The person who wrote it"})
    sent_at = fields.String(metadata={"format": "date-time"})
    edited_at = fields.String(allow_none=True)
    deleted_at = fields.String(allow_none=True)
    media = fields.Nested(MediaOutput)


BODY = {
    "content": {
        "application/json": {"schema": DraftInput},
        "multipart/form-data": {"schema": FileInput},
    }
}


@blueprint.route("", methods=["POST"])
@signed_in
@blueprint.doc(requestBody=BODY)
@blueprint.refuses(409)
@blueprint.response(201, MessageOutput)
def write(workspace_id: str, chat_id: str) -> dict[str, Any] | None:
    """Write to the contact as a person, which takes the chat over; the same `client_id` again sends nothing more"""
    media = None
    form = request.mimetype == "multipart/form-data"
    if form:
        request.max_content_length = current().settings.max_upload_bytes + FORM_BYTES
        media = read_file()
    schema, location = (MessageInput(), "form") if form else (DraftInput(), "json")
    draft = Draft(media=media, **Parser().parse(schema, request, location=location))
    message_id = send_draft(current(), workspace_id, chat_id, user_id(), draft)
    return read_message(current().settings, chat_id, message_id)


@blueprint.route("/<id:message_id>/resend", methods=["POST"])
@signed_in
@blueprint.refuses(409)
@blueprint.response(200, MessageOutput)
def resend(workspace_id: str, chat_id: str, message_id: str) -> dict[str, Any] | None:
    """Send again what failed, or what nobody knows to have arrived"""
    resend_message(current(), workspace_id, chat_id, message_id)
    return read_message(current().settings, chat_id, message_id)


def read_file() -> Media | None:
    """The one file of a form. Raises BadInput when there are others."""
    if not request.files:
        return None
    if list(request.files) != ["file"] or len(request.files.getlist("file")) > 1:
        raise BadInput("Send one file, in the field `file`.")
    upload = request.files["file"]
    filename = clean_text(upload.filename or "").replace("\\", "/").rpartition("/")[2][:200]
    mimetype = upload.mimetype if MIMETYPE.fullmatch(upload.mimetype or "") else "application/octet-stream"
    data = upload.read()
    return Media(mimetype=mimetype, filename=filename, size=len(data), data=data)
