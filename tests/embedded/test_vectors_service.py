"""The embedded vector service as a process: kills, stops, keys, hostile bodies, its weight."""

import http.client
import json
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from tests.embedded.vector_process import API_KEY, VectorProcess, launch_service

COSINE = models.VectorParams(size=8, distance=models.Distance.COSINE)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[VectorProcess]:
    service = VectorProcess(tmp_path / "vectors")
    yield service
    if service.process.poll() is None:
        service.stop()


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VectorProcess]:
    """One service, with an empty collection `kept`, for all the requests that must leave no trace."""
    service = VectorProcess(tmp_path_factory.mktemp("attacked"))
    service.connect().create_collection("kept", COSINE)
    yield service
    assert service.stop() == 0


@pytest.fixture
def connection(attacked: VectorProcess) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(urlsplit(attacked.url).netloc, timeout=30)
    yield connection
    connection.close()


def make_point(number: int) -> models.PointStruct:
    return models.PointStruct(
        id=number, vector=[float(number % 7 + 1)] + [1.0] * 7, payload={"agent_id": str(number % 3)}
    )


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, Any]:
    connection.request(method, path, body, {"api-key": API_KEY, **{k.replace("_", "-"): v for k, v in headers.items()}})
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def test_what_was_acknowledged_survives_kill_9(service: VectorProcess) -> None:
    client = service.connect()
    client.create_collection("kept", COSINE)
    client.create_payload_index("kept", "agent_id", models.PayloadSchemaType.KEYWORD)
    acknowledged: list[int] = []

    def write_until_killed() -> None:
        writer = service.connect()
        for number in range(100_000):
            try:
                writer.upsert("kept", [make_point(number)], wait=True)
            except Exception:  # whatever the client raises when its server is killed ends the test's writing
                return
            acknowledged.append(number)

    writing = threading.Thread(target=write_until_killed)
    writing.start()
    while len(acknowledged) < 100:
        writing.join(0.01)
        assert writing.is_alive()
    assert service.stop(signal.SIGKILL) == -signal.SIGKILL
    writing.join(30)

    service.start()
    client = service.connect()
    present = {record.id for record in client.scroll("kept", limit=10_000)[0]}
    assert set(acknowledged) <= present
    assert len(present - set(acknowledged)) <= 1
    assert client.get_collection("kept").payload_schema["agent_id"].points == len(present)


def test_sigterm_ends_it_well_and_keeps_everything(service: VectorProcess) -> None:
    client = service.connect()
    client.create_collection("kept", COSINE)
    client.upsert("kept", [make_point(number) for number in range(500)], wait=True)
    assert service.stop(signal.SIGTERM) == 0
    service.start()
    assert service.connect().count("kept").count == 500


def test_deleted_points_are_vacuumed_and_searches_stay_right(service: VectorProcess) -> None:
    client = service.connect()
    client.create_collection("kept", COSINE)
    client.upsert("kept", [make_point(number) for number in range(3000)], wait=True)
    two = models.Filter(must=[models.FieldCondition(key="agent_id", match=models.MatchAny(any=["0", "1"]))])
    client.delete("kept", two, wait=True)
    segments = service.data / "collections" / "kept" / "shard" / "segments"
    before = {folder.name for folder in segments.iterdir()}
    deadline = time.monotonic() + 30
    while {folder.name for folder in segments.iterdir()} == before:
        assert client.count("kept").count == 1000
        assert time.monotonic() < deadline, "the deleted points were never vacuumed"
        time.sleep(0.1)
    assert client.count("kept").count == 1000
    client.upsert("kept", [make_point(9000)], wait=True)
    assert client.count("kept").count == 1001


def test_many_threads_write_and_search_at_once(service: VectorProcess) -> None:
    client = service.connect()
    client.create_collection("kept", COSINE)
    failed: list[Exception] = []

    def write_and_search(start: int) -> None:
        try:
            own = service.connect()
            for number in range(start, start + 40):
                own.upsert("kept", [make_point(number)], wait=True)
                assert own.query_points("kept", [1.0] * 8, limit=3).points
        except Exception as error:  # kept for the assertion below, in the test's own thread
            failed.append(error)

    threads = [threading.Thread(target=write_and_search, args=(start * 100,)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failed
    assert client.count("kept").count == 320


def test_half_made_collections_are_swept_at_start(service: VectorProcess) -> None:
    service.connect().create_collection("kept", COSINE)
    service.stop(signal.SIGKILL)
    litter = service.data / "collections" / "half"
    (litter / "shard").mkdir(parents=True)
    service.start()
    assert not litter.exists()
    client = service.connect()
    assert [each.name for each in client.get_collections().collections] == ["kept"]
    client.create_collection("half", COSINE)


def test_a_collection_that_cannot_be_read_does_not_stop_the_others(service: VectorProcess) -> None:
    client = service.connect()
    for name in ("kept", "spoilt"):
        client.create_collection(name, COSINE)
        client.upsert(name, [make_point(1)], wait=True)
    service.stop()
    shard = service.data / "collections" / "spoilt" / "shard"
    (shard / "edge_config.json").write_text("{")
    service.start()
    client = service.connect()
    assert client.count("kept").count == 1
    with pytest.raises(UnexpectedResponse) as unavailable:
        client.count("spoilt")
    assert unavailable.value.status_code == 503
    assert b"cannot be read" in unavailable.value.content
    assert shard.exists()
    assert client.delete_collection("spoilt")
    client.create_collection("spoilt", COSINE)
    assert client.count("spoilt").count == 0


def test_a_port_in_use_is_told(service: VectorProcess, tmp_path: Path) -> None:
    second = launch_service(tmp_path / "second", port=urlsplit(service.url).port or 0)
    output, _ = second.communicate(timeout=30)
    assert second.returncode == 2
    assert "cannot serve on 127.0.0.1" in output


def test_a_second_service_on_the_same_data_refuses_to_start(service: VectorProcess) -> None:
    second = launch_service(service.data)
    output, _ = second.communicate(timeout=30)
    assert second.returncode == 2
    assert "in use by another vector service" in output


def test_it_does_not_start_without_a_key(tmp_path: Path) -> None:
    process = launch_service(tmp_path, api_key="")
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "TAWKEE_QDRANT_API_KEY is not set" in output


def test_only_readiness_is_answered_without_the_key(connection: http.client.HTTPConnection) -> None:
    for path in ("/", "/collections", "/collections/kept", "/no-such-path"):
        assert ask(connection, "GET", path, api_key="wrong")[0] == 401
        assert ask(connection, "GET", path, api_key="ключ".encode().decode("latin-1"))[0] == 401
    assert ask(connection, "GET", "/collections", api_key="", Authorization=f"Bearer {API_KEY}")[0] == 200
    assert ask(connection, "GET", "/readyz", api_key="")[0] == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("points/query", b"{"),
        ("points/query", b"[" * 100_000),
        ("points/query", b"null"),
        ("points/query", b'{"query": [NaN, 1, 1, 1, 1, 1, 1, 1]}'),
        ("points/query", b'{"query": [1e999, 1, 1, 1, 1, 1, 1, 1]}'),
        ("points/query", b'{"query": [1e300, 1, 1, 1, 1, 1, 1, 1]}'),
        ("points/query", b'{"query": [true, 1, 1, 1, 1, 1, 1, 1]}'),
        ("points/query", b'{"limit": 1000000000}'),
        ("points/query", b'{"limit": -1}'),
        ("points/query", b'{"offset": -1}'),
        ("points/query", b'{"offset": 99999999999999999999999}'),
        ("points/query", b'{"filter": {"must": [{"key": "a", "match": {"value": 1.5}}]}}'),
        ("points/query", b'{"filter": {"must": [{"key": 1, "match": {"value": 1}}]}}'),
        ("points/query", b'{"filter": {"must": [{"key": "\\ud800", "match": {"value": "\\ud800"}}]}}'),
        ("points/query", b'{"filter": ' + b'{"must": ' * 500 + b"{}" + b"}" * 501),
        ("points/query", b'{"filter": {"must": [{"geo_radius": {}}]}}'),
        ("points/query", b'{"using": "other", "query": [1, 1, 1, 1, 1, 1, 1, 1]}'),
        ("points/query", b'{"with_payload": 7}'),
        ("points/delete", b"{}"),
        ("points/delete", b'{"points": ["no-uuid"]}'),
        ("points/delete", b'{"points": 3}'),
        ("points/scroll", b'{"offset": "no-uuid"}'),
        ("points/count", b'{"exact": "maybe"}'),
    ],
)
def test_hostile_reads_are_refused_and_the_connection_goes_on(
    connection: http.client.HTTPConnection, path: str, body: bytes
) -> None:
    status, answer = ask(connection, "POST", f"/collections/kept/{path}", body)
    assert status in (400, 422), answer
    assert answer["status"]["error"]
    assert ask(connection, "GET", "/collections/kept")[0] == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("points", b'{"points": [{"id": 1, "vector": {"image": [1]}}]}'),
        ("points", b'{"points": [{"id": -1, "vector": [1, 1, 1, 1, 1, 1, 1, 1]}]}'),
        ("points", b'{"points": [{"vector": [1, 1, 1, 1, 1, 1, 1, 1]}]}'),
        ("points", b'{"points": [{"id": 1, "vector": [1, 1, 1, 1, 1, 1, 1, 1], "payload": {"a": "\\ud800"}}]}'),
        ("points", b'{"points": [{"id": 1, "vector": [1, 1, 1, 1, 1, 1, 1, 1], "payload": "text"}]}'),
        ("points", b'{"batch": {"ids": [1, 2], "vectors": [[1, 1, 1, 1, 1, 1, 1, 1]]}}'),
        ("index", b'{"field_name": "a", "field_schema": "text"}'),
        ("index", b'{"field_schema": "keyword"}'),
        ("../../../etc", b'{"vectors": {"size": 4, "distance": "Cosine"}}'),
        ("%2e%2e", b'{"vectors": {"size": 4, "distance": "Cosine"}}'),
    ],
)
def test_hostile_writes_are_refused_and_nothing_is_stored(
    connection: http.client.HTTPConnection, path: str, body: bytes
) -> None:
    status, answer = ask(connection, "PUT", f"/collections/kept/{path}", body)
    assert status in (400, 404, 422), answer
    assert ask(connection, "POST", "/collections/kept/points/count", b"{}")[1]["result"] == {"count": 0}


@pytest.mark.parametrize("name", ["..", "a b", "x" * 300, "a/b", "ünï"])
def test_collection_names_cannot_leave_the_folder(
    attacked: VectorProcess, connection: http.client.HTTPConnection, name: str
) -> None:
    quoted = "/collections/" + "".join(f"%{byte:02x}" for byte in name.encode())
    status, _ = ask(connection, "PUT", quoted, b'{"vectors": {"size": 4, "distance": "Cosine"}}')
    assert status == 422
    assert [folder.name for folder in (attacked.data / "collections").iterdir()] == ["kept"]


def test_a_body_that_is_too_large_or_of_unknown_length_is_not_read(connection: http.client.HTTPConnection) -> None:
    assert ask(connection, "PUT", "/collections/kept/points", b"{}", Content_Length=str(33 * 1024 * 1024))[0] == 413
    assert ask(connection, "PUT", "/collections/kept/points", b"", Content_Length="x")[0] == 411
    assert ask(connection, "PUT", "/collections/kept/points", b"", Transfer_Encoding="chunked")[0] == 411
    assert ask(connection, "GET", "/collections/kept")[0] == 200


def test_it_is_a_light_process(service: VectorProcess) -> None:
    assert service.read_memory("VmRSS") <= 60
    look = (
        "import sys, tawkee_core.embedded.vectors; print({'numpy', 'flask', 'peewee', 'requests'} & set(sys.modules))"
    )
    seen = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "set()"


def test_unmodified_client_reads_ids_of_both_kinds(service: VectorProcess) -> None:
    client: QdrantClient = service.connect()
    client.create_collection("kept", COSINE)
    point_id = str(uuid.uuid4())
    client.upsert("kept", [make_point(2**63), models.PointStruct(id=point_id, vector=[1.0] * 8)], wait=True)
    assert {record.id for record in client.scroll("kept")[0]} == {2**63, point_id}
