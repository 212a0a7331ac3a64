"""Making, finding, changing, pausing and removing assistants. A removed one can be brought back for thirty days."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

from peewee import ModelSelect

from ..audit import changes, note_change
from ..db import connection, database
from ..errors import NotFound
from ..models import Agent, AgentSettings, now

RESTORABLE = timedelta(days=30)
Status = Literal["ACTIVE", "INACTIVE", "DELETED"]


def create_agent(workspace_id: str, values: Mapping[str, Any]) -> Agent:
    """Make an assistant with the settings of a new one."""
    with database.atomic():
        agent = Agent.create(workspace=workspace_id, **values)
        AgentSettings.create(agent=agent.id, workspace=workspace_id)
        note_change(workspace_id, "agent.create", agent.id, after=values)
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
    return update_agent("change", Agent.deleted_at.is_null(), workspace_id, agent_id, values)


def set_active(workspace_id: str, agent_id: str, active: bool) -> Agent:
    """Let an assistant answer, or stop it; how it is now. Raises NotFound."""
    action, status = ("activate", "ACTIVE") if active else ("deactivate", "INACTIVE")
    return update_agent(action, Agent.deleted_at.is_null(), workspace_id, agent_id, {"status": status})


def delete_agent(workspace_id: str, agent_id: str) -> None:
    """Remove an assistant: it answers no more, and what it was taught stays for thirty days. Raises NotFound."""
    update_agent("delete", Agent.deleted_at.is_null(), workspace_id, agent_id, {"deleted_at": now()})


def restore_agent(workspace_id: str, agent_id: str) -> Agent:
    """Bring a removed assistant back; one that was not removed stays as it is. Raises NotFound."""
    restorable = Agent.deleted_at.is_null() | (Agent.deleted_at > now() - RESTORABLE)
    return update_agent("restore", restorable, workspace_id, agent_id, {"deleted_at": None})


def update_agent(action: str, condition: Any, workspace_id: str, agent_id: str, values: Mapping[str, Any]) -> Agent:
    mine = (Agent.workspace == workspace_id) & (Agent.id == agent_id)
    with connection(), database.atomic():
        found: Agent | None = Agent.select().where(mine & condition).for_update().first()
        if found is None:
            raise NotFound()
        changed = {**values, "updated_at": now()}
        rows: list[Agent] = list(Agent.update(changed).where(mine).returning(Agent).execute())
        before, after = changes(found.__data__, rows[0].__data__, values)
        note_change(workspace_id, f"agent.{action}", agent_id, before, after)
    return rows[0]
