"""What is left of a workspace whose time is over: nothing, here and elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tawkee_core import hookimpl
from tawkee_core.accounts import erase
from tawkee_core.accounts.deletion import restore_workspace
from tawkee_core.conversation.media import keep_data, media_folder
from tawkee_core.db import run
from tawkee_core.errors import Conflict, Unavailable
from tawkee_core.testing.echo_channel import EchoChannel
from tawkee_core.testing.running import Running, make_running
from tawkee_core.types import Channel, Media
from tests.api.worlds import World, build_world, digest_world, tenant_tables


@dataclass(eq=False)
class Elsewhere(EchoChannel):
    """A provider and a keeper of vectors that note what they were told to remove."""

    removed: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    failure: Exception | None = None

    def __post_init__(self) -> None:
        super().__init__()

    @hookimpl
    def channel_delete(self, channel: Channel) -> None:
        self.removed.append(channel.id)
        raise Unavailable("the provider is away")

    @hookimpl
    def vectors_delete(self, workspace_id: str, agent_id: str | None) -> bool:
        if self.failure:
            raise self.failure
        assert agent_id is None
        self.forgotten.append(workspace_id)
        return True


@pytest.fixture(scope="module")
def elsewhere() -> Elsewhere:
    return Elsewhere()


@pytest.fixture(scope="module")
def running(tawkee_config: dict[str, Any], elsewhere: Elsewhere) -> Iterator[Running]:
    running = make_running(tawkee_config | {"vectors": "elsewhere"}, [("elsewhere", elsewhere)])
    yield running
    running.close()


@pytest.fixture
def doomed(running: Running, elsewhere: Elsewhere) -> World:
    """A workspace with one of everything, deleted longer ago than it could be brought back."""
    elsewhere.removed.clear()
    elsewhere.forgotten.clear()
    world = build_world()
    run("update channel set kind = 'elsewhere' where workspace_id = %s", (world.workspace_id,))
    run("update training set space = 'words' where workspace_id = %s", (world.workspace_id,))
    run("update workspace set deleted_at = now(), erase_at = now() where id = %s", (world.workspace_id,))
    return world


def erased(world: World) -> bool:
    return not run("select 1 from workspace where id = %s", (world.workspace_id,))


def rows_left(world: World) -> dict[str, int]:
    counts = {name: count_rows(name, world.workspace_id) for name in tenant_tables()}
    return {name: count for name, count in counts.items() if count}


def count_rows(table: str, workspace_id: str) -> int:
    return int(run(f'select count(*) as n from "{table}" where workspace_id = %s', (workspace_id,))[0].n)


def test_everything_of_it_goes_and_nothing_of_another(running: Running, elsewhere: Elsewhere, doomed: World) -> None:
    other = build_world()
    before, settings = digest_world(other), running.tawkee.settings
    mine, theirs = (keep_data(settings, w.workspace_id, Media(data=b"x")) for w in (doomed, other))
    assert len(rows_left(doomed)) == len(list(tenant_tables()))
    running.drain_until(lambda: erased(doomed))
    assert rows_left(doomed) == {}
    assert elsewhere.removed == [doomed.id_of("channel")]
    assert set(elsewhere.forgotten) == {doomed.workspace_id}
    assert not (media_folder(settings) / mine.ref["path"]).exists()
    assert (media_folder(settings) / theirs.ref["path"]).exists()
    assert digest_world(other) == before


def test_it_goes_in_batches_and_is_taken_up_where_it_was_left(
    running: Running, doomed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, channel = doomed.id_of("chat"), doomed.id_of("channel")
    run(
        "insert into message (id, workspace_id, chat_id, channel_id, seq, direction, author, kind, status)"
        " select gen_random_uuid(), %s, %s, %s, n, 'in', 'contact', 'text', 'received' from generate_series(2, 40) n",
        (doomed.workspace_id, chat, channel),
    )
    monkeypatch.setattr(erase, "BATCH", 10)
    monkeypatch.setattr(erase, "AT_ONCE_SECONDS", -1.0)
    (claimed,) = [row for row in erase.claim_erasures(10) if row.id == doomed.workspace_id]
    with running.app.app_context():
        erase.erase_workspace(running.tawkee, claimed)
    assert count_rows("message", doomed.workspace_id) == 30
    monkeypatch.setattr(erase, "AT_ONCE_SECONDS", 20.0)
    running.drain_until(lambda: erased(doomed))


def test_vectors_that_an_agent_left_behind_when_it_moved_go_too(
    running: Running, elsewhere: Elsewhere, doomed: World
) -> None:
    """Its trainings, which say in which space they are, went along; the vectors did not, their keeper being away."""
    run("update training set space = 'words' where workspace_id = %s", (build_world().workspace_id,))
    run("delete from training where workspace_id = %s", (doomed.workspace_id,))
    running.drain_until(lambda: erased(doomed))
    assert doomed.workspace_id in elsewhere.forgotten


def test_vectors_that_cannot_be_forgotten_keep_the_rest_waiting(
    running: Running, elsewhere: Elsewhere, doomed: World
) -> None:
    elsewhere.failure = Unavailable("no vectors")
    (claimed,) = [row for row in erase.claim_erasures(10) if row.id == doomed.workspace_id]
    with running.app.app_context(), pytest.raises(Unavailable):
        erase.erase_workspace(running.tawkee, claimed)
    assert count_rows("message", doomed.workspace_id) == 1
    assert erase.claim_erasures(10) == []
    with pytest.raises(Conflict):
        restore_workspace(doomed.workspace_id)
    elsewhere.failure = None
    run("update workspace set erase_at = now() where id = %s", (doomed.workspace_id,))
    running.drain_until(lambda: erased(doomed))


def test_one_that_may_still_be_brought_back_stays(running: Running) -> None:
    world = build_world()
    run(
        "update workspace set deleted_at = now(), erase_at = now() + interval '1 day' where id = %s",
        (world.workspace_id,),
    )
    assert [row.id for row in erase.claim_erasures(10) if row.id == world.workspace_id] == []
    restore_workspace(world.workspace_id)
    assert not erased(world)
