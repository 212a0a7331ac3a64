"""Find what an agent knows about a question."""

import structlog

from ..context import Tawkee
from ..db import run
from ..errors import ModelError, TawkeeError
from ..types import Agent, Passage

PASSAGES = 5
MAX_QUESTION = 1000
log = structlog.get_logger()


def find_passages(tawkee: Tawkee, agent: Agent, question: str) -> list[Passage]:
    """The passages nearest to a question, best first. Knowledge that cannot be reached is logged, and the answer goes
    on without it."""
    if not question.strip():
        return []
    try:
        return search_passages(tawkee, agent, question[-MAX_QUESTION:])
    except TawkeeError as error:
        log.warning("knowledge_unreachable", agent_id=agent.id, error=error.slug, detail=str(error)[:300])
    except Exception:  # a plugin's fault costs the answer its knowledge, never the customer their answer
        log.exception("knowledge_crashed", agent_id=agent.id)
    return []


def search_passages(tawkee: Tawkee, agent: Agent, question: str) -> list[Passage]:
    vector = embed_texts(tawkee, [question])[0]
    matches = tawkee.plugins.vectors(tawkee.settings).vectors_search(
        settings=tawkee.settings,
        space=tawkee.settings.embedding,
        workspace_id=agent.workspace_id,
        agent_id=agent.id,
        vector=vector,
        limit=PASSAGES,
    )
    scores = {match.id: match.score for match in matches or ()}
    # the database says what may be told: a vector of something deleted, or of another workspace, finds no text here
    rows = run(
        "select p.id, p.text, p.source from passage p join training t on t.id = p.training_id"
        " where p.id = any(%s::uuid[]) and p.workspace_id = %s and p.agent_id = %s and t.deleted_at is null",
        (list(scores), agent.workspace_id, agent.id),
    )
    found = [Passage(row.id, row.text, row.source, scores[row.id]) for row in rows]
    return sorted(found, key=lambda passage: -passage.score)


def embed_texts(tawkee: Tawkee, texts: list[str]) -> list[list[float]]:
    """One vector a text. Raises a ModelError."""
    model = tawkee.settings.embedding
    embedded = tawkee.plugins.model(tawkee.settings, model).model_embed(
        settings=tawkee.settings, model=model, texts=texts
    )
    if embedded is None or len(embedded.vectors) != len(texts):
        raise ModelError(f"{model} did not embed the texts.")
    return [list(vector) for vector in embedded.vectors]
