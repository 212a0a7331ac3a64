"""Assistants and how they converse."""

from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from flask_smorest.pagination import PaginationParameters
from marshmallow import Schema, ValidationError, fields, validate

from ..agents import lifecycle
from ..agents.settings import change_agent_settings, read_agent_settings
from ..context import current
from ..models import Agent, AgentSettings
from .access import signed_in
from .outputs import Output
from .pages import SearchQuery, read_page
from .routes import ModelBlueprint, Text

blueprint = ModelBlueprint(
    "agents", __name__, url_prefix="/api/workspaces/<id:workspace_id>/agents", description="Assistants"
)
TYPES = ("SUPPORT", "SALE", "PERSONAL")
STYLES = ("FORMAL", "NORMAL", "RELAXED")


class AgentChange(Schema):
    name = Text(validate=validate.Length(1, 100))
    type = Text(validate=validate.OneOf(TYPES))
    communication_style = Text(validate=validate.OneOf(STYLES))
    job_name = Text(validate=validate.Length(0, 200))
    job_site = Text(validate=validate.Length(0, 500))
    job_description = Text(validate=validate.Length(0, 500))
    behavior = Text(validate=validate.Length(0, 3000))


class AgentInput(AgentChange):
    name = Text(required=True, validate=validate.Length(1, 100))


class AgentOutput(Output):
    id = fields.String()
    name = fields.String()
    type = fields.String()
    communication_style = fields.String()
    job_name = fields.String()
    job_site = fields.String()
    job_description = fields.String()
    behavior = fields.String()
    status = fields.String(validate=validate.OneOf(("ACTIVE", "INACTIVE")))
    created_at = fields.DateTime()
    updated_at = fields.DateTime()
    deleted_at = fields.DateTime(allow_none=True)


class AgentQuery(SearchQuery):
    status = Text(validate=validate.OneOf(("ACTIVE", "INACTIVE", "DELETED")), load_default=None)


@lru_cache(maxsize=1)
def timezones() -> frozenset[str]:
    return frozenset(available_timezones())


def check_timezone(name: str) -> None:
    if name not in timezones():
        raise ValidationError("Not a time zone, such as America/Sao_Paulo.")


class SettingsSchema(Schema):
    preferred_model = Text(
        validate=validate.Length(0, 200), metadata={"description": "Empty: the installation's model"}
    )
    fallback_model = Text(validate=validate.Length(0, 200), metadata={"description": "Asked when the other one fails"})
    message_grouping_time = fields.Integer(
        strict=True,
        validate=validate.Range(0, 60),
        metadata={"description": "Seconds to wait for more messages before answering them together"},
    )
    enabled_human_transfer = fields.Boolean()
    enabled_emoji = fields.Boolean()
    limit_subjects = fields.Boolean(metadata={"description": "Answer only what the job is about"})
    split_messages = fields.Boolean(metadata={"description": "Send long answers as several messages"})
    sign_messages = fields.Boolean(metadata={"description": "Begin each message with the agent's name"})
    timezone = Text(validate=check_timezone)


@blueprint.route("")
@signed_in
@blueprint.arguments(AgentQuery, location="query")
@blueprint.paginate()
@blueprint.response(200, AgentOutput(many=True))
def list_all(given: dict[str, Any], workspace_id: str, pagination_parameters: PaginationParameters) -> list[Agent]:
    """List the agents, newest first; status DELETED lists those that can be restored"""
    return read_page(lifecycle.list_agents(workspace_id, given["q"], given["status"]), pagination_parameters)


@blueprint.route("", methods=["POST"])
@signed_in
@blueprint.arguments(AgentInput)
@blueprint.response(201, AgentOutput)
def create(given: dict[str, Any], workspace_id: str) -> Agent:
    """Make an agent"""
    return lifecycle.create_agent(workspace_id, given)


@blueprint.route("/<id:agent_id>")
@signed_in
@blueprint.response(200, AgentOutput)
def read(workspace_id: str, agent_id: str) -> Agent:
    """Read an agent"""
    return Agent.find(workspace_id, agent_id)


@blueprint.route("/<id:agent_id>", methods=["PATCH"])
@signed_in
@blueprint.arguments(AgentChange)
@blueprint.response(200, AgentOutput)
def change(given: dict[str, Any], workspace_id: str, agent_id: str) -> Agent:
    """Change an agent"""
    return lifecycle.change_agent(workspace_id, agent_id, given)


@blueprint.route("/<id:agent_id>/activate", methods=["POST"])
@signed_in
@blueprint.response(200, AgentOutput)
def activate(workspace_id: str, agent_id: str) -> Agent:
    """Let an agent answer"""
    return lifecycle.set_active(workspace_id, agent_id, True)


@blueprint.route("/<id:agent_id>/deactivate", methods=["POST"])
@signed_in
@blueprint.response(200, AgentOutput)
def deactivate(workspace_id: str, agent_id: str) -> Agent:
    """Stop an agent from answering; messages to it are still kept"""
    return lifecycle.set_active(workspace_id, agent_id, False)


@blueprint.route("/<id:agent_id>", methods=["DELETE"])
@signed_in
@blueprint.response(204)
def delete(workspace_id: str, agent_id: str) -> None:
    """Delete an agent; it can be restored for thirty days"""
    lifecycle.delete_agent(workspace_id, agent_id)


@blueprint.route("/<id:agent_id>/restore", methods=["POST"])
@signed_in
@blueprint.response(200, AgentOutput)
def restore(workspace_id: str, agent_id: str) -> Agent:
    """Bring a deleted agent back"""
    return lifecycle.restore_agent(workspace_id, agent_id)


@blueprint.route("/<id:agent_id>/settings")
@signed_in
@blueprint.response(200, SettingsSchema)
def read_settings(workspace_id: str, agent_id: str) -> AgentSettings:
    """Read how an agent converses"""
    return read_agent_settings(workspace_id, agent_id)


@blueprint.route("/<id:agent_id>/settings", methods=["PATCH"])
@signed_in
@blueprint.arguments(SettingsSchema)
@blueprint.response(200, SettingsSchema)
def change_settings(given: dict[str, Any], workspace_id: str, agent_id: str) -> AgentSettings:
    """Change how an agent converses"""
    return change_agent_settings(current(), workspace_id, agent_id, given)
