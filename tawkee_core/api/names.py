"""Who the ids in chats and messages are, for everybody who looks after chats: an attendant sees neither the team's
page nor the agents'."""

from typing import Any

from marshmallow import fields

from ..accounts.team import list_people
from ..agents.lifecycle import list_agents
from .access import signed_in
from .account import photo_url
from .chats import AgentPlaceOutput
from .outputs import Output
from .routes import ModelBlueprint

blueprint = ModelBlueprint(
    "names", __name__, url_prefix="/api/workspaces/<id:workspace_id>/chats", description="Conversations"
)


class PersonOutput(Output):
    id = fields.String(metadata={"description": "A chat's `owner_id`, a message's `user_id`"})
    name = fields.String()
    photo_url = fields.String(allow_none=True)


class NamesOutput(Output):
    people = fields.List(fields.Nested(PersonOutput), metadata={"description": "Everybody with a role here"})
    agents = fields.List(fields.Nested(AgentPlaceOutput), metadata={"description": "What chats are filtered by"})


@blueprint.route("/names")
@signed_in
@blueprint.response(200, NamesOutput)
def list_all(workspace_id: str) -> dict[str, Any]:
    """List the people and agents that chats and messages name, by name"""
    agents = sorted(list_agents(workspace_id), key=lambda agent: agent.name.casefold())
    people = [{**row, "photo_url": photo_url(row["photo_tag"])} for row in list_people(workspace_id)]
    return {"people": people, "agents": agents}
