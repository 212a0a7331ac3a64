"""How an assistant converses."""

from collections.abc import Mapping
from typing import Any

from ..audit import changes, note_change
from ..context import Tawkee
from ..db import database
from ..errors import NotFound
from ..models import Agent, AgentSettings
from .models import check_chat_model

MODEL_FIELDS = ("preferred_model", "fallback_model")


def read_agent_settings(workspace_id: str, agent_id: str) -> AgentSettings:
    """An assistant's settings. Raises NotFound."""
    mine = (AgentSettings.agent == agent_id) & Agent.deleted_at.is_null()
    query = AgentSettings.within(workspace_id).join(Agent, on=AgentSettings.agent == Agent.id)
    found: AgentSettings | None = query.where(mine).first()
    if found is None:
        raise NotFound()
    return found


def change_agent_settings(tawkee: Tawkee, workspace_id: str, agent_id: str, values: Mapping[str, Any]) -> AgentSettings:
    """Change an assistant's settings; how they are now. Raises NotFound, and UnknownPlugin for an unknown model."""
    Agent.find(workspace_id, agent_id)
    for name in MODEL_FIELDS:
        if values.get(name):
            check_chat_model(tawkee, values[name])
    mine = (AgentSettings.workspace == workspace_id) & (AgentSettings.agent == agent_id)
    with database.atomic():
        kept = AgentSettings.select().where(mine).for_update().get()
        if values:
            AgentSettings.update(values).where(mine).execute()
        note_change(
            workspace_id, "agent.settings", agent_id, *changes(kept.__data__, {**kept.__data__, **values}, values)
        )
    return read_agent_settings(workspace_id, agent_id)
