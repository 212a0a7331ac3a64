"""Collections: one an embedding model and dimension, made when first written to, with every tenant in it."""

import re
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tawkee_core import VectorMatch, VectorPoint

from .api import explain_failures, is_missing

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

OWNERS = ("workspace_id", "agent_id", "training_id")
# 200 vectors of 3,072 numbers are some 12 MB of JSON; Qdrant takes 32.
POINTS_A_CALL = 200

known: set[tuple[int, str]] = set()
making = threading.Lock()


def name_space(space: str) -> str:
    """The beginning of a space's collections' names; different spaces never share one."""
    return "tawkee_" + re.sub(r"[^A-Za-z0-9-]", lambda found: f"_{ord(found.group()):x}_", space)


def name_collection(space: str, dimensions: int) -> str:
    return f"{name_space(space)}__{dimensions}"


def upsert_vectors(client: "QdrantClient", space: str, dimensions: int, points: Sequence[VectorPoint]) -> None:
    from qdrant_client.http.exceptions import UnexpectedResponse

    name = name_collection(space, dimensions)
    with explain_failures():
        ensure_collection(client, name, dimensions)
        try:
            write_points(client, name, points)
        except UnexpectedResponse as error:
            if not is_missing(error):
                raise
            known.discard((id(client), name))  # deleted behind our back
            ensure_collection(client, name, dimensions)
            write_points(client, name, points)


def write_points(client: "QdrantClient", name: str, points: Sequence[VectorPoint]) -> None:
    from qdrant_client.models import PointStruct

    for start in range(0, len(points), POINTS_A_CALL):
        batch = [
            PointStruct(
                id=point.id,
                vector=[float(number) for number in point.vector],
                payload={owner: getattr(point, owner) for owner in OWNERS},
            )
            for point in points[start : start + POINTS_A_CALL]
        ]
        client.upsert(name, batch, wait=True)


def ensure_collection(client: "QdrantClient", name: str, dimensions: int) -> None:
    """Make the collection and its indexes where they are missing; asks once a process."""
    if (id(client), name) in known:
        return
    with making:
        if not client.collection_exists(name):
            make_collection(client, name, dimensions)
        make_indexes(client, name)
    known.add((id(client), name))


def make_collection(client: "QdrantClient", name: str, dimensions: int) -> None:
    from qdrant_client import models
    from qdrant_client.http.exceptions import UnexpectedResponse

    vectors = models.VectorParams(size=dimensions, distance=models.Distance.COSINE)
    # Graphs by tenant and none over all, as Qdrant's page on multitenancy says.
    graphs = models.HnswConfigDiff(m=0, payload_m=16)
    try:
        client.create_collection(name, vectors, hnsw_config=graphs)
    except UnexpectedResponse as error:
        if error.status_code != 409:  # another process was faster
            raise


def make_indexes(client: "QdrantClient", name: str) -> None:
    from qdrant_client import models

    present = client.get_collection(name).payload_schema
    for owner in OWNERS:
        if owner not in present:
            tenant = models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=owner == "workspace_id")
            client.create_payload_index(name, owner, tenant, wait=True)


def search_vectors(
    client: "QdrantClient", space: str, workspace_id: str, agent_id: str, vector: Sequence[float], limit: int
) -> list[VectorMatch]:
    """The nearest first; nothing where nothing was ever kept."""
    from qdrant_client.http.exceptions import UnexpectedResponse

    name = name_collection(space, len(vector))
    with explain_failures():
        try:
            found = client.query_points(
                name,
                query=[float(number) for number in vector],
                query_filter=owned_by(workspace_id=workspace_id, agent_id=agent_id),
                limit=limit,
                with_payload=False,
            )
        except UnexpectedResponse as error:
            if is_missing(error):
                return []
            raise
    return [VectorMatch(str(point.id), point.score) for point in found.points]


def delete_vectors(
    client: "QdrantClient", space: str, workspace_id: str, agent_id: str | None, training_id: str | None
) -> None:
    """From every dimension that the space ever had."""
    owners = {"workspace_id": workspace_id, "agent_id": agent_id, "training_id": training_id}
    condition = owned_by(**{owner: value for owner, value in owners.items() if value is not None})
    with explain_failures():
        for collection in client.get_collections().collections:
            if collection.name.rpartition("__")[0] == name_space(space):
                client.delete(collection.name, condition, wait=True)


def owned_by(**owners: str) -> Any:
    from qdrant_client import models

    return models.Filter(
        must=[models.FieldCondition(key=key, match=models.MatchValue(value=value)) for key, value in owners.items()]
    )
