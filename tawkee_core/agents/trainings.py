"""What assistants are taught. A worker turns each training into passages and vectors, and forgets removed ones."""

from collections.abc import Mapping
from typing import Any

from peewee import ModelSelect

from ..audit import note_change
from ..context import Tawkee
from ..db import database
from ..doorbell import ring
from ..errors import NotFound
from ..models import Agent, Training, now


def add_training(tawkee: Tawkee, workspace_id: str, agent_id: str, values: Mapping[str, Any]) -> Training:
    """Keep something to be learned, PENDING until a worker has learned it. Raises NotFound."""
    Agent.find(workspace_id, agent_id)
    with database.atomic():
        training = Training.create(workspace=workspace_id, agent=agent_id, **values)
        note_change(workspace_id, "training.add", training.id, after={"agent_id": agent_id, **told(training)})
    ring(tawkee.settings)
    return training


def list_trainings(workspace_id: str, agent_id: str, words: str = "") -> "ModelSelect[Training]":
    """What an assistant is taught, newest first, where title or text have these words. Raises NotFound."""
    Agent.find(workspace_id, agent_id)
    query = Training.within(workspace_id).where(Training.agent == agent_id, Training.deleted_at.is_null())
    if words:
        query = query.where(Training.title.contains(words) | Training.text.contains(words))
    return query.order_by(Training.created_at.desc(), Training.id.desc())


def find_training(workspace_id: str, agent_id: str, training_id: str) -> Training:
    """One training of this assistant. Raises NotFound."""
    Agent.find(workspace_id, agent_id)
    training = Training.find(workspace_id, training_id)
    if training.agent != agent_id:
        raise NotFound()
    return training


def delete_training(tawkee: Tawkee, workspace_id: str, agent_id: str, training_id: str) -> None:
    """Have a training forgotten: for people at once, in prompts as soon as a worker has seen it. Raises NotFound."""
    training = find_training(workspace_id, agent_id, training_id)
    with database.atomic():
        Training.update(deleted_at=now(), next_at=now()).where(Training.id == training.id).execute()
        note_change(workspace_id, "training.delete", training.id, before={"agent_id": agent_id, **told(training)})
    ring(tawkee.settings)


def told(training: Training) -> dict[str, Any]:
    """What the audit keeps of it."""
    return {"type": training.type, "title": training.title}
