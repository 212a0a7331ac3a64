"""Teach an agent: a training's text becomes passages, their vectors are kept, and a deleted training is forgotten
everywhere."""

from typing import Any

import structlog

from ..context import Tawkee
from ..db import LOST, run, transaction
from ..errors import TawkeeError
from ..models import new_id
from ..types import VectorPoint
from .search import embed_texts

MAX_ATTEMPTS = 5
LEASE_SECONDS = 120
log = structlog.get_logger()

CLAIM = """
with due as (
    select id from training where next_at <= now()
        and (status = 'PENDING' and deleted_at is null or status = 'TRAINING' and lease_until < now()
            or deleted_at is not null and (lease_until is null or lease_until < now()))
    order by next_at limit %(count)s for update skip locked
)
update training t set status = case when t.deleted_at is null then 'TRAINING' else t.status end, attempts = attempts +
1,
    lease_until = now() + make_interval(secs => %(lease)s)
from due where t.id = due.id returning t.*
"""


def claim_trainings(count: int) -> list[Any]:
    """Take up to `count` trainings that wait to be learnt or forgotten."""
    return run(CLAIM, {"count": count, "lease": LEASE_SECONDS})


def is_knowledge() -> bool:
    """Whether anybody was taught anything; also while the database cannot tell."""
    try:
        return bool(run("select exists (select from training where deleted_at is null) as taught")[0].taught)
    except LOST:
        return True


def train(tawkee: Tawkee, training: Any) -> None:
    """Learn or forget a claimed training; a failure is tried again a few times, then shown with its reason."""
    try:
        if training.deleted_at is not None:
            forget_training(tawkee, training)
        else:
            learn_training(tawkee, training)
    except TawkeeError as error:
        log.warning("training_failed", training_id=training.id, error=error.slug, detail=str(error)[:300])
        retry_training(training, f"{error.slug}: {error}")
    except LOST:
        raise
    except Exception as error:  # a plugin's fault counts like any other failure
        log.exception("training_crashed", training_id=training.id)
        retry_training(training, f"{type(error).__name__}: {error}")


def learn_training(tawkee: Tawkee, training: Any) -> None:
    texts = cut_passages(training.text)
    vectors = embed_texts(tawkee, texts)
    source = training.title or training.text[:60]
    ids = [new_id() for _ in texts]
    points = [
        VectorPoint(i, v, training.workspace_id, training.agent_id, training.id)
        for i, v in zip(ids, vectors, strict=True)
    ]
    keeper = tawkee.plugins.vectors(tawkee.settings)
    space = tawkee.settings.embedding
    keeper.vectors_delete(
        settings=tawkee.settings,
        space=space,
        workspace_id=training.workspace_id,
        agent_id=training.agent_id,
        training_id=training.id,
    )
    keeper.vectors_upsert(settings=tawkee.settings, space=space, dimensions=len(vectors[0]), points=points)
    keep_passages(training, ids, texts, source, space)


def cut_passages(text: str) -> list[str]:
    """A text of at most 1,028 characters is one passage."""
    return [text.strip()]


def keep_passages(training: Any, ids: list[str], texts: list[str], source: str, space: str) -> None:
    with transaction() as cursor:
        cursor.execute("delete from passage where training_id = %s", (training.id,))
        for position, (passage_id, text) in enumerate(zip(ids, texts, strict=True)):
            cursor.execute(
                "insert into passage (id, workspace_id, agent_id, training_id, position, text, source) values (%s,"
                " %s, %s, %s, %s, %s, %s)",
                (passage_id, training.workspace_id, training.agent_id, training.id, position, text, source),
            )
        cursor.execute(
            "update training set status = 'TRAINED', error = '', space = %s, lease_until = null where id = %s",
            (space, training.id),
        )


def forget_training(tawkee: Tawkee, training: Any) -> None:
    tawkee.plugins.vectors(tawkee.settings).vectors_delete(
        settings=tawkee.settings,
        space=training.space or tawkee.settings.embedding,
        workspace_id=training.workspace_id,
        agent_id=training.agent_id,
        training_id=training.id,
    )
    run("delete from training where id = %s and deleted_at is not null", (training.id,))


def retry_training(training: Any, error: str) -> None:
    run(
        "update training set error = %(error)s, lease_until = null, next_at = now() + make_interval(secs => least(5 *"
        " 2 ^ attempts, 600)),"
        " status = case when deleted_at is not null then status when attempts >= %(most)s then 'FAILED' else"
        " 'PENDING' end"
        " where id = %(id)s",
        {"error": error[:500], "most": MAX_ATTEMPTS, "id": training.id},
    )
