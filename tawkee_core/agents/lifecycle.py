"""Making, finding, changing, pausing and removing assistants. A removed one can be brought back for thirty days."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

from peewee import ModelSelect

from ..db import database
from ..errors import NotFound
from ..models import Agent, AgentSettings, now

RESTORABLE = timedelta(days=30)
Status = Literal["ACTIVE", "INACTIVE", "DELETED"]


def create_agent(workspace_id: str, values: Mapping[str, Any]) -> Agent:
    """Make an assistant with the settings of a new one."""
    with database.atomic():
        agent = Agent.create(workspace=workspace_id, **values)
        AgentSettings.create(agent=agent.id, workspace=workspace_id)
    return agent


def list_agents(workspace_id: str, words: str = "", status: Status | None = None) -> "ModelSelect[Agent]":
    """The workspace's assistants with these words in their name, newest first; removed ones only under DELETED."""
    query = Agent.within(workspace_id).order_by(Agent.created_at.desc(), Agent.id.desc())
    if words:
        query = query.where(Agent.name.contains(words))
    if status == "DELETED":
        return query.where(Agent.deleted_at > now() - RESTORABLE)
    query = query.where(Agent.deleted_at.is_null())
    return query.where(Agent.status == status) if status else query


def change_agent(workspace_id: str, agent_id: str, values: Mapping[str, Any]) -> Agent:
    """Change an assistant; how it is now. Raises NotFound."""
    return update_agent(Agent.deleted_at.is_null(), workspace_id, agent_id, {**values, "updated_at": now()})


def delete_agent(workspace_id: str, agent_id: str) -> None:
    """Remove an assistant: it answers no more, and what it was taught stays for thirty days. Raises NotFound."""
    update_agent(Agent.deleted_at.is_null(), workspace_id, agent_id, {"deleted_at": now()})


def restore_agent(workspace_id: str, agent_id: str) -> Agent:
    """Bring a removed assistant back; one that was not removed stays as it is. Raises NotFound."""
    restorable = Agent.deleted_at.is_null() | (Agent.deleted_at > now() - RESTORABLE)
    return update_agent(restorable, workspace_id, agent_id, {"deleted_at": None})


def update_agent(condition: Any, workspace_id: str, agent_id: str, values: Mapping[str, Any]) -> Agent:
    mine = (Agent.workspace == workspace_id) & (Agent.id == agent_id)
    rows: list[Agent] = list(Agent.update(values).where(mine & condition).returning(Agent).execute())
    if not rows:
        raise NotFound()
    return rows[0]
