"""Taking an agent to another workspace."""

from typing import Any

from marshmallow import Schema, fields

from ..accounts.move import move_agent
from ..context import current
from .access import person, signed_in
from .outputs import Output
from .routes import Blueprint

blueprint = Blueprint(
    "moves", __name__, url_prefix="/api/workspaces/<id:workspace_id>/agents", description="Assistants"
)


class MoveInput(Schema):
    workspace_id = fields.UUID(required=True, metadata={"description": "Where to; one of the same owner"})


class MoveOutput(Output):
    id = fields.String()
    workspace_id = fields.String()


@blueprint.route("/<id:agent_id>/move", methods=["POST"])
@signed_in
@blueprint.arguments(MoveInput)
@blueprint.refuses(409)
@blueprint.response(200, MoveOutput)
def move(given: dict[str, Any], workspace_id: str, agent_id: str) -> dict[str, str]:
    """Move an agent, what it is taught, its channels and their chats; its trainings are learnt anew there"""
    target = str(given["workspace_id"])
    move_agent(current(), person().id, workspace_id, agent_id, target)
    return {"id": agent_id, "workspace_id": target}
