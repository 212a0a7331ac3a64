"""The visitor's side over HTTP: the page, the widget, and what the widget calls."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Response, abort, g, render_template, request
from marshmallow import Schema, fields, validate

from tawkee_core import BadInput, Blueprint, Channel, Incoming, TooMany, inbox, read_json

from .access import Visitor, check_origin, cors_headers, frame_policy, new_visitor, read_visitor, sign_visitor
from .files import MAX_BYTES, check_upload
from .look import MAX_TEXT, describe_look
from .streams import answer_events, visitor_page
from .view import show_message
from .widget import build_widget, compress_widget, widget_tag

KIND = "webchat"
CLIENT_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
MARK = validate.Regexp(r"[0-9a-f-]{0,36}\Z")
MESSAGES_A_MINUTE = 30
RECENT = 2 * MESSAGES_A_MINUTE
FORM_BYTES = 64 * 1024
LANGUAGES = {"pt": "pt-BR", "en": "en"}
NOSCRIPT = {"pt": "Este chat precisa de JavaScript.", "en": "This chat needs JavaScript."}
NO_TOKEN: list[dict[str, Any]] = []

blueprint = Blueprint(
    "webchat", __name__, template_folder="templates", description="The web chat of a channel, as its visitors see it."
)
LANG = {"in": "query", "name": "lang", "schema": {"type": "string"}, "description": "`pt` or `en`"}


class SessionInput(Schema):
    name = fields.String(load_default="", metadata={"description": "What the visitor wants to be called."})


class SessionSchema(Schema):
    visitor_token = fields.String(
        required=True, metadata={"description": "Goes into `Authorization: Bearer`; lasts 30 days."}
    )
    chat_id = fields.UUID(required=True, allow_none=True)


class VisitorMessage(Schema):
    id = fields.UUID(required=True)
    seq = fields.Integer(required=True)
    direction = fields.String(required=True)
    author = fields.String(required=True)
    kind = fields.String(required=True)
    text = fields.String(required=True)
    data = fields.Dict()
    status = fields.String(required=True)
    provider_message_id = fields.String(required=True)
    client_id = fields.String(required=True)
    sent_at = fields.String(required=True, metadata={"format": "date-time"})
    media = fields.Dict()


class MessagesSchema(Schema):
    messages = fields.List(fields.Nested(VisitorMessage), required=True)
    cursor = fields.Integer(required=True, metadata={"description": "For the event stream's `Last-Event-ID`."})
    more = fields.Boolean(
        required=True, metadata={"description": "Whether the page is full, so that there may be more."}
    )
    owner = fields.String(required=True, metadata={"description": "Who answers now: `ai` or `human`."})
    waiting = fields.Boolean(required=True, metadata={"description": "Whether that human has yet to come."})


class PlaceQuery(Schema):
    after = fields.String(validate=MARK, metadata={"description": "A message's id: what was said after it"})
    before = fields.String(validate=MARK, metadata={"description": "A message's id: what was said before it"})


SAID = {
    "client_id": {"type": "string", "pattern": f"^{CLIENT_ID.pattern}$"},
    "text": {"type": "string", "maxLength": MAX_TEXT},
}
SENT_ALONG = {**SAID, "file": {"type": "string", "format": "binary"}}
POST_BODY = {
    "content": {
        "application/json": {"schema": {"type": "object", "required": list(SAID), "properties": SAID}},
        "multipart/form-data": {
            "schema": {"type": "object", "required": ["client_id", "file"], "properties": SENT_ALONG}
        },
    }
}


def told_as(mimetype: str, what: str) -> dict[str, Any]:
    """How an answer that is no JSON is described."""
    return {"200": {"description": what, "content": {mimetype: {"schema": {"type": "string"}}}}}


def find_channel() -> None:
    g.webchat = inbox.channel((request.view_args or {}).get("channel_id", ""), KIND)


def allow_pages(response: Response) -> Response:
    response.vary.add("Origin")
    if "webchat" in g:
        response.headers.update(cors_headers(g.webchat))
    return response


blueprint.before_request(find_channel)
blueprint.after_request(allow_pages)


def current_visitor() -> tuple[Channel, Visitor]:
    """Who asks. Raises Forbidden for a page that may not, Unauthorized."""
    check_origin(g.webchat)
    return g.webchat, read_visitor(g.webchat, request.headers.get("Authorization", ""))


@blueprint.route("/chat/<id:channel_id>")
@blueprint.doc(security=NO_TOKEN, responses=told_as("text/html", "The page"), parameters=[LANG])
def show_page(channel_id: str) -> Response:
    """The chat as a page of its own"""
    look = current_look()
    language = request.args.get("lang", look["language"])
    if language not in LANGUAGES:
        language = "en" if request.accept_languages.best_match(["pt-BR", "pt", "en"]) == "en" else "pt"
    page = render_template("page.html", look=look, language=LANGUAGES[language], noscript=NOSCRIPT[language])
    return Response(page, headers={"Content-Security-Policy": page_policy(g.webchat), "Cache-Control": "no-cache"})


def page_policy(channel: Channel) -> str:
    parts = (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "base-uri 'none'",
        "form-action 'none'",
        f"frame-ancestors {frame_policy(channel)}",
    )
    return "; ".join(parts)


@blueprint.route("/chat/<id:channel_id>/widget.js")
@blueprint.doc(security=NO_TOKEN, responses=told_as("text/javascript", "The script"))
def send_widget(channel_id: str) -> Response:
    """The widget: one script for any page"""
    script = build_widget(current_look())
    response = Response(script, mimetype="text/javascript", headers={"Cache-Control": "public, max-age=300"})
    response.vary.add("Accept-Encoding")
    if request.accept_encodings.quality("gzip") > 0:
        response.set_data(compress_widget(script))
        response.headers["Content-Encoding"] = "gzip"
    response.set_etag(widget_tag(response.get_data()))
    response.make_conditional(request)
    return response


def current_look() -> dict[str, Any]:
    return describe_look(g.webchat, inbox.agent(g.webchat), max_upload())


def max_upload() -> int:
    return min(MAX_BYTES, inbox.settings().max_upload_bytes)


@blueprint.route("/chat/<id:channel_id>/sessions", methods=["POST"])
@blueprint.doc(security=NO_TOKEN)
@blueprint.refuses(401, 403, 429)
@blueprint.arguments(SessionInput)
@blueprint.response(201, SessionSchema)
def start_session(given: dict[str, Any], channel_id: str) -> dict[str, Any]:
    """Become a visitor, or renew one's token by sending it along"""
    check_origin(g.webchat)
    header = request.headers.get("Authorization")
    visitor = read_visitor(g.webchat, header) if header else new_visitor(given["name"].strip()[:100])
    chat = inbox.find_chat(g.webchat, visitor.address)
    return {"visitor_token": sign_visitor(g.webchat, visitor), "chat_id": chat.id if chat else None}


@blueprint.route("/chat/<id:channel_id>/messages", methods=["POST"])
@blueprint.doc(requestBody=POST_BODY)
@blueprint.refuses(429)
@blueprint.response(201, VisitorMessage)
def post_message(channel_id: str) -> dict[str, Any]:
    """Write to the company; the same `client_id` again is the same message, answered once"""
    request.max_content_length = max_upload() + FORM_BYTES
    channel, visitor = current_visitor()
    given = request.form if request.mimetype == "multipart/form-data" else read_object()
    client_id = check_client_id(given.get("client_id"))
    text = check_text(given.get("text") or "", needed="file" not in request.files)
    message_id = f"{visitor.id}:{client_id}"
    known = find_recent(channel, visitor, message_id)
    if known:
        return show_message(known)
    media, kind = take_file(channel)
    incoming = Incoming(message_id, (visitor.address,), kind, text, name=visitor.name, media=media)
    return show_message(inbox.receive(channel, incoming))


def read_object() -> dict[str, Any]:
    request.max_content_length = FORM_BYTES
    if not request.is_json:
        abort(415, "The body must be JSON or a form with a file, and Content-Type must say so.")
    body = read_json(request.get_data())
    if not isinstance(body, dict):
        raise BadInput("The body must be a JSON object.")
    return body


def check_client_id(value: Any) -> str:
    """An id made by the caller, so that a message sent twice is kept once. Raises BadInput."""
    if not isinstance(value, str) or not CLIENT_ID.fullmatch(value):
        raise BadInput("client_id must be 1 to 64 letters, digits, '-', '_' or '.'.", slug="client_id_invalid")
    return value


def check_text(value: Any, needed: bool) -> str:
    if not isinstance(value, str):
        raise BadInput("text must be a text.", slug="text_invalid")
    text = value.replace("\0", "").strip()
    if needed and not text:
        raise BadInput("text is missing or empty.", slug="text_missing")
    if len(text) > MAX_TEXT:
        raise BadInput(f"text may have at most {MAX_TEXT} characters.", slug="text_too_long")
    return text


def find_recent(channel: Channel, visitor: Visitor, message_id: str) -> dict[str, Any] | None:
    """The message where it is here already. Raises TooMany for a visitor who writes faster than people do."""
    recent = [each for each in inbox.messages(channel, visitor.address, limit=RECENT) if each["direction"] == "in"]
    known = next((each for each in recent if each["provider_message_id"] == message_id), None)
    since = datetime.now(UTC) - timedelta(minutes=1)
    fresh = sum(datetime.fromisoformat(each["sent_at"]) > since for each in recent)
    if known is None and fresh >= MESSAGES_A_MINUTE:
        raise TooMany(f"At most {MESSAGES_A_MINUTE} messages a minute are taken; wait a little.", slug="visitor_flood")
    return known


def take_file(channel: Channel) -> tuple[Any, Any]:
    """The uploaded file, kept, and the kind of message it makes. Raises TooLarge, BadInput."""
    file = request.files.get("file")
    if file is None:
        return None, "text"
    data = file.stream.read(max_upload() + 1)
    upload = check_upload(data, file.mimetype, file.filename or "", max_upload())
    return inbox.upload(channel, upload.data, upload.mimetype, upload.filename), upload.kind


@blueprint.route("/chat/<id:channel_id>/messages", methods=["GET"])
@blueprint.arguments(PlaceQuery, location="query")
@blueprint.response(200, MessagesSchema)
def list_messages(given: dict[str, str], channel_id: str) -> dict[str, Any]:
    """What was said: the newest page, or the one `after` or `before` a message's id"""
    channel, visitor = current_visitor()
    page = visitor_page(channel, visitor.address, **{name: mark for name, mark in given.items() if mark})
    return {"messages": page.messages, "cursor": page.upto, "more": page.full, **page.speaker()}


@blueprint.route("/chat/<id:channel_id>/events")
@blueprint.doc(responses=told_as("text/event-stream", "Events, without end"))
@blueprint.refuses(429)
def stream_events(channel_id: str) -> Response:
    """Live: `message`, `message-changed`, `typing`, `owner` as server-sent events; resumes after `Last-Event-ID`"""
    channel, visitor = current_visitor()
    place = request.headers.get("Last-Event-ID", "")
    return answer_events(channel, visitor, int(place) if re.fullmatch(r"\d{1,15}", place) else None)
