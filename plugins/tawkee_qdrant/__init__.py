"""Vectors in Qdrant, or in the embedded service that speaks its REST: one collection an embedding model and dimension.

Every point carries whose it is, and every search and deletion is filtered by it.
"""

from collections.abc import Sequence

from tawkee_core import Settings, VectorMatch, VectorPoint, hookimpl

from .api import connect
from .spaces import delete_vectors, search_vectors, upsert_vectors


@hookimpl
def worker_started(settings: Settings, trained: bool) -> None:
    """Import qdrant_client (0.8 s) before the first turn, where there is knowledge to be searched."""
    if trained and settings.qdrant_url:
        connect(settings.qdrant_url, settings.qdrant_api_key)


@hookimpl
def vectors_upsert(settings: Settings, space: str, dimensions: int, points: Sequence[VectorPoint]) -> bool:
    upsert_vectors(connect(settings.qdrant_url, settings.qdrant_api_key), space, dimensions, points)
    return True


@hookimpl
def vectors_search(
    settings: Settings, space: str, workspace_id: str, agent_id: str, vector: Sequence[float], limit: int
) -> list[VectorMatch]:
    client = connect(settings.qdrant_url, settings.qdrant_api_key)
    return search_vectors(client, space, workspace_id, agent_id, vector, limit)


@hookimpl
def vectors_delete(
    settings: Settings, space: str, workspace_id: str, agent_id: str | None, training_id: str | None
) -> bool:
    delete_vectors(connect(settings.qdrant_url, settings.qdrant_api_key), space, workspace_id, agent_id, training_id)
    return True
