"""Vectors as the core asks for them, over real HTTP to the embedded service (or TAWKEE_TEST_QDRANT_URL)."""

import os
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

import tawkee_qdrant
from tawkee_core import Unavailable, VectorPoint
from tawkee_core.hookspecs import VectorHooks
from tawkee_core.plugins import Plugins
from tawkee_core.settings import Settings
from tawkee_qdrant.spaces import name_collection
from tests.embedded.vector_process import API_KEY, VectorProcess
from tests.fakes.openai_server import OpenAIServer, show_html

EAST, NORTH, BETWEEN = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 0.0]
SPACE = "offline/test-model"


@pytest.fixture(scope="session")
def vectors() -> VectorHooks:
    plugins = Plugins()
    plugins.register(tawkee_qdrant, "qdrant")
    return plugins.vectors(Settings())


@pytest.fixture
def service(tmp_path: Path) -> Iterator[VectorProcess]:
    service = VectorProcess(tmp_path / "vectors")
    yield service
    if service.process.poll() is None:
        service.stop()


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A vector service for all tests that only keep and search; each uses workspaces of its own."""
    if url := os.environ.get("TAWKEE_TEST_QDRANT_URL"):
        yield Settings(qdrant_url=url)
        return
    service = VectorProcess(tmp_path_factory.mktemp("vectors"))
    yield settings_for(service)
    service.stop()


def settings_for(service: VectorProcess, api_key: str = API_KEY) -> Settings:
    return Settings(qdrant_url=service.url, qdrant_api_key=api_key)


def make_point(vector: list[float], workspace: str, agent: str, training: str = "") -> VectorPoint:
    return VectorPoint(str(uuid.uuid4()), vector, workspace, agent, training or str(uuid.uuid4()))


def find(
    vectors: VectorHooks, settings: Settings, workspace: str, agent: str, vector: list[float] = EAST, limit: int = 9
) -> list[str]:
    matches = vectors.vectors_search(
        settings=settings, space=SPACE, workspace_id=workspace, agent_id=agent, vector=vector, limit=limit
    )
    return [match.id for match in matches or ()]


def keep(vectors: VectorHooks, settings: Settings, *points: VectorPoint, space: str = SPACE) -> None:
    dimensions = len(points[0].vector)
    assert vectors.vectors_upsert(settings=settings, space=space, dimensions=dimensions, points=points)


def forget(
    vectors: VectorHooks, settings: Settings, workspace: str, agent: str | None = None, training: str | None = None
) -> None:
    vectors.vectors_delete(settings=settings, space=SPACE, workspace_id=workspace, agent_id=agent, training_id=training)


@pytest.fixture
def ids() -> tuple[str, str, str, str]:
    """Two workspaces and two agents."""
    w, x, a, b = (str(uuid.uuid4()) for _ in range(4))
    return w, x, a, b


def test_nearest_come_first_with_cosine_scores(
    vectors: VectorHooks, settings: Settings, ids: tuple[str, str, str, str]
) -> None:
    workspace, _, agent, _ = ids
    north, east, between = (make_point(vector, workspace, agent) for vector in (NORTH, EAST, BETWEEN))
    keep(vectors, settings, north, east, between)
    matches = vectors.vectors_search(
        settings=settings, space=SPACE, workspace_id=workspace, agent_id=agent, vector=EAST, limit=2
    )
    assert [(match.id, round(match.score, 3)) for match in matches or ()] == [(east.id, 1.0), (between.id, 0.707)]


def test_no_other_tenant_or_agent_is_ever_found(
    vectors: VectorHooks, settings: Settings, ids: tuple[str, str, str, str]
) -> None:
    workspace, other, agent, another = ids
    mine = make_point(NORTH, workspace, agent)
    # The same agent id under another workspace cannot be; if it were, it would still not be found.
    strangers = [make_point(EAST, *owners) for owners in ((other, agent), (workspace, another), (other, another))]
    keep(vectors, settings, mine, *strangers)
    assert find(vectors, settings, workspace, agent) == [mine.id]
    assert find(vectors, settings, str(uuid.uuid4()), agent) == []


def test_same_id_replaces(vectors: VectorHooks, settings: Settings, ids: tuple[str, str, str, str]) -> None:
    workspace, _, agent, another = ids
    point = make_point(EAST, workspace, agent)
    keep(vectors, settings, point)
    keep(vectors, settings, VectorPoint(point.id, NORTH, workspace, another, point.training_id))
    assert find(vectors, settings, workspace, agent) == []
    assert find(vectors, settings, workspace, another) == [point.id]


def test_a_training_an_agent_or_a_workspace_is_forgotten(
    vectors: VectorHooks, settings: Settings, ids: tuple[str, str, str, str]
) -> None:
    workspace, other, agent, another = ids
    training = str(uuid.uuid4())
    learnt = [make_point(EAST, workspace, agent, training) for _ in range(3)]
    kept, of_another, of_other = (
        make_point(EAST, *owners) for owners in ((workspace, agent), (workspace, another), (other, agent))
    )
    keep(vectors, settings, *learnt, kept, of_another, of_other)
    forget(vectors, settings, workspace, agent, training)
    assert find(vectors, settings, workspace, agent) == [kept.id]
    forget(vectors, settings, workspace, agent)
    assert find(vectors, settings, workspace, agent) == []
    assert find(vectors, settings, workspace, another) == [of_another.id]
    forget(vectors, settings, workspace)
    assert find(vectors, settings, workspace, another) == []
    assert find(vectors, settings, other, agent) == [of_other.id]


def test_spaces_and_dimensions_are_apart(
    vectors: VectorHooks, settings: Settings, ids: tuple[str, str, str, str]
) -> None:
    workspace, _, agent, _ = ids
    elsewhere, longer = make_point(EAST, workspace, agent), make_point([1.0, 0, 0, 0], workspace, agent)
    keep(vectors, settings, elsewhere, space="openai/other-model")
    keep(vectors, settings, longer)
    assert find(vectors, settings, workspace, agent) == []
    assert find(vectors, settings, workspace, agent, [1.0, 0, 0, 0]) == [longer.id]
    forget(vectors, settings, workspace)
    assert find(vectors, settings, workspace, agent, [1.0, 0, 0, 0]) == []
    names = {name_collection(space, 3) for space in ("a/b", "a-b", "a_b", "a_2f_b", "a__3", "ã")}
    assert len(names) == 6


def test_many_vectors_go_in_several_calls(
    vectors: VectorHooks, settings: Settings, ids: tuple[str, str, str, str]
) -> None:
    workspace, _, agent, _ = ids
    keep(vectors, settings, *(make_point(EAST, workspace, agent) for _ in range(450)))
    assert len(find(vectors, settings, workspace, agent, limit=500)) == 450


def test_nothing_kept_is_nothing_found_or_forgotten(vectors: VectorHooks, service: VectorProcess) -> None:
    settings = settings_for(service)
    assert find(vectors, settings, "w", "a") == []
    forget(vectors, settings, "w")


def test_many_threads_may_be_the_first(vectors: VectorHooks, service: VectorProcess) -> None:
    settings = settings_for(service)
    failed: list[Exception] = []

    def write() -> None:
        try:
            keep(vectors, settings, make_point(EAST, "w", "a"))
        except Exception as error:  # kept for the assertion below, in the test's own thread
            failed.append(error)

    threads = [threading.Thread(target=write) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failed
    assert len(find(vectors, settings, "w", "a", limit=50)) == 30
    schema = service.connect().get_collection(name_collection(SPACE, 3)).payload_schema
    assert set(schema) == {"workspace_id", "agent_id", "training_id"}


def test_a_collection_deleted_behind_our_back_is_made_again(vectors: VectorHooks, service: VectorProcess) -> None:
    settings = settings_for(service)
    keep(vectors, settings, make_point(EAST, "w", "a"))
    service.connect().delete_collection(name_collection(SPACE, 3))
    assert find(vectors, settings, "w", "a") == []
    point = make_point(EAST, "w", "a")
    keep(vectors, settings, point)
    assert find(vectors, settings, "w", "a") == [point.id]
    assert "workspace_id" in service.connect().get_collection(name_collection(SPACE, 3)).payload_schema


def test_a_service_that_is_gone_refuses_or_is_no_qdrant(vectors: VectorHooks, service: VectorProcess) -> None:
    with pytest.raises(Unavailable, match="TAWKEE_QDRANT_API_KEY"):
        find(vectors, settings_for(service, "wrong"), "w", "a")
    service.stop()
    for ask in (
        lambda: find(vectors, settings_for(service), "w", "a"),
        lambda: keep(vectors, settings_for(service), make_point(EAST, "w", "a")),
        lambda: forget(vectors, settings_for(service), "w"),
    ):
        with pytest.raises(Unavailable, match="could not be reached"):
            ask()
    with OpenAIServer() as server:
        server.default = show_html(200)
        with pytest.raises(Unavailable):
            find(vectors, Settings(qdrant_url=server.url), "w", "a")
    with pytest.raises(Unavailable, match="TAWKEE_QDRANT_URL"):
        find(vectors, Settings(), "w", "a")


def test_silence_ends_at_the_timeout(vectors: VectorHooks) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        with pytest.raises(Unavailable):
            find(vectors, Settings(qdrant_url=f"http://127.0.0.1:{silent.getsockname()[1]}"), "w", "a")
        assert time.monotonic() - started < 15


def test_importing_the_plugin_loads_no_heavy_library() -> None:
    look = "import sys, tawkee_qdrant; print({'qdrant_client', 'httpx', 'grpc', 'numpy'} & set(sys.modules))"
    seen = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "set()"
