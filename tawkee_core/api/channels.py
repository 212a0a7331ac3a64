"""The places customers write from: set up, connected, watched, removed."""

from typing import Any

from flask_smorest.pagination import PaginationParameters
from marshmallow import Schema, fields, validate

from ..channels import setup
from ..channels.connect import Step, ask_provider, list_templates
from ..channels.health import read_health
from ..channels.remove import delete_channel, list_removed, restore_channel
from ..channels.show import show_channels
from ..context import current
from ..db import connection
from ..models import Channel
from ..types import Connection, TemplateInfo
from .access import signed_in
from .catalogue import LabelOutput
from .outputs import Output
from .pages import read_page
from .routes import Blueprint, Text

blueprint = Blueprint(
    "channels", __name__, url_prefix="/api/workspaces/<id:workspace_id>", description="Places customers write from"
)
STATES = ("disconnected", "connecting", "connected", "failed")


class ChannelChange(Schema):
    name = Text(validate=validate.Length(1, 100))
    agent_id = fields.UUID(metadata={"description": "Let another agent answer"})
    config = fields.Dict(
        keys=fields.String(), metadata={"description": "Only what changes; null brings a default back"}
    )


class ChannelInput(Schema):
    kind = Text(required=True, validate=validate.Length(1, 60), metadata={"description": "See /api/channels/kinds"})
    name = Text(load_default="", validate=validate.Length(0, 100))
    config = fields.Dict(keys=fields.String(), load_default=dict)


class QrOutput(Output):
    image = fields.String(metadata={"description": "A PNG as data URL"})
    code = fields.String(metadata={"description": "What is in it"})


class ConnectionOutput(Output):
    sometimes = ("qr",)

    status = fields.String(validate=validate.OneOf(STATES))
    detail = fields.Nested(LabelOutput, allow_none=True)
    qr = fields.Nested(QrOutput, allow_none=True)


class ChannelOutput(ConnectionOutput):
    id = fields.String()
    agent_id = fields.String()
    kind = fields.String()
    name = fields.String()
    config = fields.Dict(metadata={"description": "Secrets are masked"})
    webhook_url = fields.String(metadata={"description": "Where the provider delivers; keep it to yourself"})
    created_at = fields.DateTime()
    updated_at = fields.DateTime()
    last_event_at = fields.DateTime(
        allow_none=True, metadata={"description": "When a contact wrote last, within seven days"}
    )
    paused_until = fields.DateTime(allow_none=True)
    deleted_at = fields.DateTime(allow_none=True)


class RemovalOutput(Output):
    id = fields.String()
    cleaned = fields.Boolean(metadata={"description": "Whether nothing is left at the provider"})
    reason = fields.String(metadata={"description": "If not, why"})


class WarmupOutput(Output):
    contacts_a_day = fields.Integer(metadata={"description": "How many people the number may write to today"})
    written_to = fields.Integer(metadata={"description": "How many it wrote to today"})
    waiting = fields.Integer(metadata={"description": "How many messages wait for tomorrow"})


class HealthOutput(ConnectionOutput):
    last_event_at = fields.DateTime(
        allow_none=True, metadata={"description": "When a contact wrote last, within seven days"}
    )
    last_sent_at = fields.DateTime(allow_none=True)
    paused_until = fields.DateTime(allow_none=True)
    received = fields.Integer()
    sent = fields.Integer()
    failed = fields.Integer()
    unconfirmed = fields.Integer()
    error_rate = fields.Float(metadata={"description": "Failed and unconfirmed among all that was tried"})
    reply_ratio = fields.Float(
        allow_none=True, metadata={"description": "The share of the contacts written to who wrote, too"}
    )
    warming_up = fields.Boolean(metadata={"description": "The number is new here: it writes to few people a day"})
    warmup = fields.Nested(WarmupOutput, allow_none=True)


class PartOutput(Output):
    place = fields.String(validate=validate.OneOf(("header", "button")))
    kind = fields.String(metadata={"description": "`text`, `image`, `video`, `document`; of a button `url` or `code`"})
    index = fields.Integer(metadata={"description": "Which button"})
    name = fields.String()


class TemplateOutput(Output):
    name = fields.String()
    language = fields.String()
    text = fields.String(metadata={"description": "With {{1}}, {{2}} … for its parameters"})
    status = fields.String()
    category = fields.String()
    parameters = fields.Integer(metadata={"description": "How many it takes"})
    names = fields.List(fields.String(), metadata={"description": "The parameters' names, where they have any"})
    parts = fields.List(fields.Nested(PartOutput), metadata={"description": "What it takes beside them"})


class ListQuery(Schema):
    status = Text(validate=validate.OneOf(("DELETED",)), load_default=None)


@blueprint.route("/agents/<id:agent_id>/channels")
@signed_in
@blueprint.paginate()
@blueprint.response(200, ChannelOutput(many=True))
def list_of_agent(
    workspace_id: str, agent_id: str, pagination_parameters: PaginationParameters
) -> list[dict[str, Any]]:
    """List an agent's channels, newest first"""
    with connection():
        return show_all(read_page(setup.list_channels(workspace_id, agent_id), pagination_parameters))


@blueprint.route("/agents/<id:agent_id>/channels", methods=["POST"])
@signed_in
@blueprint.arguments(ChannelInput)
@blueprint.response(201, ChannelOutput)
def create(given: dict[str, Any], workspace_id: str, agent_id: str) -> dict[str, Any]:
    """Make a channel; then connect it"""
    kind, name = given["kind"], given["name"] or given["kind"]
    return show(setup.create_channel(current(), workspace_id, agent_id, kind, name, given["config"]))


@blueprint.route("/channels")
@signed_in
@blueprint.arguments(ListQuery, location="query")
@blueprint.paginate()
@blueprint.response(200, ChannelOutput(many=True))
def list_all(
    given: dict[str, Any], workspace_id: str, pagination_parameters: PaginationParameters
) -> list[dict[str, Any]]:
    """List the workspace's channels, newest first; status DELETED lists those that can be restored"""
    query = list_removed(workspace_id) if given["status"] else setup.list_channels(workspace_id)
    with connection():
        return show_all(read_page(query, pagination_parameters))


@blueprint.route("/channels/<id:channel_id>")
@signed_in
@blueprint.response(200, ChannelOutput)
def read(workspace_id: str, channel_id: str) -> dict[str, Any]:
    """Read a channel"""
    with connection():
        return show(Channel.find(workspace_id, channel_id))


@blueprint.route("/channels/<id:channel_id>", methods=["PATCH"])
@signed_in
@blueprint.arguments(ChannelChange)
@blueprint.response(200, ChannelOutput)
def change(given: dict[str, Any], workspace_id: str, channel_id: str) -> dict[str, Any]:
    """Change a channel; a new address or key has to be connected again"""
    if "agent_id" in given:
        given["agent_id"] = str(given["agent_id"])
    return show(setup.change_channel(current(), workspace_id, channel_id, given))


@blueprint.route("/channels/<id:channel_id>", methods=["DELETE"])
@signed_in
@blueprint.response(200, RemovalOutput)
def delete(workspace_id: str, channel_id: str) -> dict[str, Any]:
    """Remove a channel, and what it left at its provider; it can be restored for thirty days"""
    return {"id": channel_id, **delete_channel(current(), workspace_id, channel_id)._asdict()}


@blueprint.route("/channels/<id:channel_id>/restore", methods=["POST"])
@signed_in
@blueprint.response(200, ChannelOutput)
def restore(workspace_id: str, channel_id: str) -> dict[str, Any]:
    """Bring a removed channel back; then connect it"""
    return show(restore_channel(current(), workspace_id, channel_id))


@blueprint.route("/channels/<id:channel_id>/connect", methods=["POST"])
@signed_in
@blueprint.refuses(409)
@blueprint.response(200, ConnectionOutput)
def connect(workspace_id: str, channel_id: str) -> dict[str, Any]:
    """Set the channel up at its provider; calling it again does no harm"""
    return take_step(workspace_id, channel_id, "connect")


@blueprint.route("/channels/<id:channel_id>/qr")
@signed_in
@blueprint.refuses(409)
@blueprint.response(200, ConnectionOutput)
def qr(workspace_id: str, channel_id: str) -> dict[str, Any]:
    """Get a fresh code to scan"""
    return take_step(workspace_id, channel_id, "qr")


@blueprint.route("/channels/<id:channel_id>/status")
@signed_in
@blueprint.refuses(409)
@blueprint.response(200, ConnectionOutput)
def status(workspace_id: str, channel_id: str) -> dict[str, Any]:
    """Ask the provider how the channel stands"""
    return take_step(workspace_id, channel_id, "status")


@blueprint.route("/channels/<id:channel_id>/disconnect", methods=["POST"])
@signed_in
@blueprint.refuses(409)
@blueprint.response(200, ConnectionOutput)
def disconnect(workspace_id: str, channel_id: str) -> dict[str, Any]:
    """Log out at the provider and keep the set-up"""
    return take_step(workspace_id, channel_id, "disconnect")


@blueprint.route("/channels/<id:channel_id>/health")
@signed_in
@blueprint.response(200, HealthOutput)
def health(workspace_id: str, channel_id: str) -> dict[str, Any]:
    """How the channel fared in the last 24 hours"""
    return read_health(current(), workspace_id, channel_id)


@blueprint.route("/channels/<id:channel_id>/templates")
@signed_in
@blueprint.refuses(409)
@blueprint.response(200, TemplateOutput(many=True))
def templates(workspace_id: str, channel_id: str) -> list[TemplateInfo]:
    """List the templates that the provider approved"""
    return list_templates(current(), workspace_id, channel_id)


def take_step(workspace_id: str, channel_id: str, step: Step) -> dict[str, Any]:
    return show_connection(ask_provider(current(), workspace_id, channel_id, step))


def show_connection(stands: Connection) -> dict[str, Any]:
    shown: dict[str, Any] = {"status": stands.state, "detail": stands.detail}
    return shown | {"qr": stands.qr} if stands.qr else shown


def show(row: Channel) -> dict[str, Any]:
    return show_all([row])[0]


def show_all(rows: list[Channel]) -> list[dict[str, Any]]:
    return show_channels(current(), rows)
