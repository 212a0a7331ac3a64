"""What QdrantClient may expect of the embedded vector service, and of a real Qdrant at TAWKEE_TEST_QDRANT_URL."""

import json
import os
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from tests.embedded.vector_process import API_KEY, VectorProcess

SERVERS = ["embedded", *(["real"] if os.environ.get("TAWKEE_TEST_QDRANT_URL") else [])]
EAST, NORTH, NORTH_EAST, WEST = [1.0, 0, 0, 0], [0, 1.0, 0, 0], [1.0, 1.0, 0, 0], [-1.0, 0, 0, 0]
IDS = [str(uuid.UUID(int=number)) for number in range(1, 5)]


@pytest.fixture(scope="module", params=SERVERS)
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[QdrantClient]:
    if request.param == "real":
        yield QdrantClient(url=os.environ["TAWKEE_TEST_QDRANT_URL"], timeout=30)
        return
    service = VectorProcess(tmp_path_factory.mktemp("vectors"))
    client = service.connect()
    yield client
    client.close()
    service.stop()


@pytest.fixture
def name(client: QdrantClient) -> Iterator[str]:
    """A collection of four points of two agents, deleted afterwards."""
    name = f"test-{uuid.uuid4().hex}"
    client.create_collection(name, models.VectorParams(size=4, distance=models.Distance.COSINE))
    payloads: list[dict[str, Any]] = [
        {"agent": "a", "n": 1},
        {"agent": "a", "n": 2, "tags": ["x", "y"]},
        {"agent": "b", "n": 3},
        {"agent": "b"},
    ]
    vectors = [EAST, NORTH, NORTH_EAST, WEST]
    points = [models.PointStruct(id=i, vector=v, payload=p) for i, v, p in zip(IDS, vectors, payloads, strict=True)]
    client.upsert(name, points, wait=True)
    yield name
    client.delete_collection(name)


def match(key: str, value: str) -> models.FieldCondition:
    return models.FieldCondition(key=key, match=models.MatchValue(value=value))


def found(client: QdrantClient, name: str, condition: models.Filter | None = None) -> set[int]:
    """The numbers of the points that a search under a filter finds."""
    points = client.query_points(name, EAST, query_filter=condition, limit=10).points
    return {IDS.index(str(point.id)) + 1 for point in points}


def test_collection_is_created_described_and_deleted(client: QdrantClient) -> None:
    name = f"test-{uuid.uuid4().hex}"
    assert not client.collection_exists(name)
    assert client.create_collection(name, models.VectorParams(size=7, distance=models.Distance.COSINE))
    assert client.collection_exists(name)
    assert name in [each.name for each in client.get_collections().collections]
    described = client.get_collection(name)
    assert described.config.params.vectors == models.VectorParams(size=7, distance=models.Distance.COSINE)
    assert (described.points_count, described.status) == (0, models.CollectionStatus.GREEN)
    with pytest.raises(UnexpectedResponse) as refused:
        client.create_collection(name, models.VectorParams(size=7, distance=models.Distance.COSINE))
    assert refused.value.status_code == 409
    assert client.delete_collection(name)
    assert not client.collection_exists(name)
    assert not client.delete_collection(name)


def test_nearest_come_first_with_cosine_scores(client: QdrantClient, name: str) -> None:
    points = client.query_points(name, EAST, limit=3, with_payload=["agent"], with_vectors=True).points
    assert [str(point.id) for point in points] == [IDS[0], IDS[2], IDS[1]]
    assert [round(point.score, 4) for point in points] == [1.0, 0.7071, 0.0]
    assert [point.payload for point in points] == [{"agent": "a"}, {"agent": "b"}, {"agent": "a"}]
    assert points[0].vector == EAST
    above = client.query_points(name, EAST, limit=3, score_threshold=0.5, offset=1).points
    assert [str(point.id) for point in above] == [IDS[2]]


def test_batch_of_queries_is_answered_in_order(client: QdrantClient, name: str) -> None:
    requests = [models.QueryRequest(query=vector, limit=1) for vector in (WEST, NORTH)]
    answers = client.query_batch_points(name, requests)
    assert [str(answer.points[0].id) for answer in answers] == [IDS[3], IDS[1]]


def test_filters_narrow_the_search(client: QdrantClient, name: str) -> None:
    two_or_three = models.FieldCondition(key="n", match=models.MatchAny(any=[2, 3]))
    cases: list[tuple[models.Filter, set[int]]] = [
        (models.Filter(must=[match("agent", "a")]), {1, 2}),
        (models.Filter(must=match("agent", "a"), must_not=[models.HasIdCondition(has_id=[IDS[0]])]), {2}),
        (models.Filter(should=[match("agent", "b"), two_or_three]), {2, 3, 4}),
        (models.Filter(must=[match("agent", "b"), two_or_three]), {3}),
        (models.Filter(must=[match("tags", "y")]), {2}),
        (models.Filter(must_not=[models.FieldCondition(key="n", match=models.MatchExcept(**{"except": [1]}))]), {1, 4}),
        (models.Filter(must=[models.FieldCondition(key="n", range=models.Range(gte=2, lt=3))]), {2}),
        (models.Filter(must=[models.IsEmptyCondition(is_empty=models.PayloadField(key="n"))]), {4}),
        (models.Filter(must=[models.Filter(should=[match("agent", "b")], must_not=[two_or_three])]), {4}),
        (models.Filter(min_should=models.MinShould(conditions=[match("agent", "b"), two_or_three], min_count=2)), {3}),
        (models.Filter(must=[match("agent", "nobody")]), set()),
    ]
    for condition, expected in cases:
        assert found(client, name, condition) == expected, condition
        assert client.count(name, condition, exact=True).count == len(expected), condition


def test_payload_index_keeps_filters_right(client: QdrantClient, name: str) -> None:
    tenant = models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True)
    client.create_payload_index(name, "agent", tenant, wait=True)
    client.create_payload_index(name, "agent", tenant, wait=True)
    client.create_payload_index(name, "n", models.PayloadSchemaType.INTEGER, wait=True)
    schema = client.get_collection(name).payload_schema
    assert {field: (index.data_type, index.points) for field, index in schema.items()} == {
        "agent": (models.PayloadSchemaType.KEYWORD, 4),
        "n": (models.PayloadSchemaType.INTEGER, 3),
    }
    assert found(client, name, models.Filter(must=[match("agent", "b")])) == {3, 4}
    client.delete_payload_index(name, "n", wait=True)
    assert set(client.get_collection(name).payload_schema) == {"agent"}


def test_upsert_replaces_a_point_of_the_same_id(client: QdrantClient, name: str) -> None:
    batch = models.Batch(ids=[IDS[0], 77], vectors=[WEST, NORTH], payloads=[{"agent": "z"}, {}])
    client.upsert(name, batch, wait=True)
    assert client.count(name).count == 5
    record = client.retrieve(name, [IDS[0]], with_vectors=True)[0]
    assert (record.payload, record.vector) == ({"agent": "z"}, WEST)
    assert [record.id for record in client.retrieve(name, [77, 78])] == [77]


def test_points_are_deleted_by_filter_and_by_id(client: QdrantClient, name: str) -> None:
    client.delete(name, models.Filter(must=[match("agent", "a")]), wait=True)
    assert found(client, name) == {3, 4}
    client.delete(name, [IDS[3], str(uuid.uuid4())], wait=True)
    assert found(client, name) == {3}


def test_scroll_reads_every_point_once(client: QdrantClient, name: str) -> None:
    pages: list[list[str]] = []
    offset = None
    while not pages or offset is not None:
        records, offset = client.scroll(name, limit=3, offset=offset, with_payload=True)
        pages.append([str(record.id) for record in records])
    assert pages == [IDS[:3], IDS[3:]]
    only_b, _ = client.scroll(name, models.Filter(must=[match("agent", "b")]), limit=3)
    assert [str(record.id) for record in only_b] == IDS[2:]


def test_wrong_requests_get_their_status_and_a_reason(client: QdrantClient, name: str) -> None:
    point = models.PointStruct(id=IDS[0], vector=[1.0, 2.0], payload={})
    cases: list[tuple[Callable[[], object], int, str]] = [
        (lambda: client.count("no-such-collection"), 404, "doesn't exist"),
        (lambda: client.upsert(name, [point], wait=True), 400, "expected dim: 4, got 2"),
        (lambda: client.query_points(name, [1.0], limit=1), 400, "expected dim: 4, got 1"),
    ]
    for call, status, reason in cases:
        with pytest.raises(UnexpectedResponse) as refused:
            call()
        assert refused.value.status_code == status
        assert reason in json.loads(refused.value.content)["status"]["error"]
    assert client.count(name).count == 4


def test_a_client_made_as_in_the_quick_start_finds_its_version(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    service = VectorProcess(tmp_path)
    client = QdrantClient(url=service.url, api_key=API_KEY)
    for thread in threading.enumerate():
        if "_check_compatibility" in thread.name:
            thread.join(30)
    assert client.get_collections().collections == []
    client.close()
    service.stop()
    assert [str(warning.message) for warning in recwarn] == ["Api key is used with an insecure connection."]
