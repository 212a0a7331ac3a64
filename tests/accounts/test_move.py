"""An agent in another workspace: what goes along, what stays, and that its customers notice nothing."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg2
import pytest

from tawkee_core.accounts.move import MOVED, move_agent
from tawkee_core.channels.load import load_channel
from tawkee_core.conversation.media import keep_data, media_folder
from tawkee_core.conversation.receive import receive_events, receive_webhook
from tawkee_core.conversation.reply import run_turn
from tawkee_core.conversation.turns import claim_turns
from tawkee_core.db import run
from tawkee_core.errors import BadInput, Conflict, Forbidden, NotFound, TawkeeError
from tawkee_core.models import new_id
from tawkee_core.testing.echo_channel import EchoChannel
from tawkee_core.testing.running import Company, Running
from tawkee_core.types import Address, Channel, Incoming, Media
from tests.api.routes import UNKNOWN
from tests.api.worlds import World, build_world, digest_world, tenant_tables
from tests.lines import wait_until

# what belongs to the workspace and not to one of its agents
STAYS = {
    "membership", "invitation", "activation", "usage", "notification", "api_key", "audit_entry", "contact_task",
}  # fmt: skip


@dataclass
class Pair:
    """Two workspaces of one owner."""

    tawkee: Running
    source: World
    target: World

    def move(self, **changed: Any) -> None:
        ids = {
            "user_id": self.source.user_id,
            "source": self.source.workspace_id,
            "agent_id": self.source.id_of("agent"),
            "target": self.target.workspace_id,
        }
        move_agent(self.tawkee.tawkee, **ids | changed)

    def home_of(self, table: str) -> str:
        """Which workspace the source's row of a table is in."""
        key = {"agent_settings": "agent_id", "warmed_chat": "channel_id"}.get(table, "id")
        rows = run(f'select workspace_id from "{table}" where {key} = %s', (self.source.rows[table][key],))
        return str(rows[0].workspace_id)


@pytest.fixture
def pair(tawkee: Running) -> Pair:
    source = build_world()
    return Pair(tawkee, source, build_world(source.user_id))


def test_every_table_says_whether_it_goes_along(pair: Pair) -> None:
    assert set(tenant_tables()) == set(MOVED) | (STAYS & set(tenant_tables()))
    others = digest_world(pair.target)
    pair.move()
    for table in MOVED:
        assert pair.home_of(table) == pair.target.workspace_id, table
    noted = run("select workspace_id from audit_entry where action = 'agent.move' order by id")
    assert {row.workspace_id for row in noted[-2:]} == {pair.source.workspace_id, pair.target.workspace_id}
    kept = [table for table in STAYS & set(tenant_tables()) if "id" in pair.source.rows[table]]
    assert {pair.home_of(table) for table in kept} == {pair.source.workspace_id}
    pair.move(source=pair.target.workspace_id, target=pair.source.workspace_id)  # and back again
    assert pair.home_of("message") == pair.source.workspace_id
    assert digest_world(pair.target) | {"audit_entry": ""} == others | {"audit_entry": ""}


def test_what_references_a_row_inside_a_workspace_may_wait_for_the_end(tawkee: Running) -> None:
    """Or the move would fail on a table that a later migration made."""
    rigid = run(
        "select conrelid::regclass::text as name from pg_constraint where contype = 'f' and cardinality(conkey) = 2"
        " and not condeferrable and confrelid::regclass::text = any(%s)",
        (list(MOVED),),
    )
    assert [row.name for row in rigid] == []


def test_what_refers_to_a_row_is_found_by_it(tawkee: Running) -> None:
    """Or each of thousands of chats that move costs a look at all turns of the workspace."""
    slow = run(
        "select conrelid::regclass::text || ' of ' || confrelid::regclass::text as name from pg_constraint c"
        " where contype = 'f' and cardinality(conkey) = 2 and confrelid::regclass::text = any(%s) and not exists ("
        "select from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]"
        " where i.indrelid = c.conrelid and i.indpred is null and a.attnum = any(c.conkey)"
        " and a.attname <> 'workspace_id')",
        (["chat", "message", "channel", "training", "contact"],),
    )
    assert [row.name for row in slow] == []


def test_files_and_secrets_go_along(pair: Pair) -> None:
    settings = pair.tawkee.tawkee.settings
    kept = keep_data(settings, pair.source.workspace_id, Media(data=b"a file"))
    path = kept.ref["path"]
    run("update media set path = %s, ref = %s, state = 'stored' where id = %s", (path, dict(kept.ref), media_of(pair)))
    company = Company(pair.source.workspace_id, pair.source.id_of("agent"), pair.source.user_id)
    channel = pair.tawkee.add_channel(company, "echo", secrets={"token": "s3cret"})
    pair.move()
    (row,) = run("select path, ref from media where id = %s", (media_of(pair),))
    assert row.path.startswith(pair.target.workspace_id) and row.ref["path"] == row.path
    assert (media_folder(settings) / row.path).read_bytes() == b"a file"
    assert not (media_folder(settings) / path).exists()
    moved = load_channel(settings, channel.id)
    assert (moved.workspace_id, moved.config["token"]) == (pair.target.workspace_id, "s3cret")
    assert moved.webhook_url == channel.webhook_url


def media_of(pair: Pair) -> str:
    return pair.source.id_of("media")


def test_a_contact_known_elsewhere_too_is_in_both(pair: Pair) -> None:
    run(
        "with g as (insert into agent (id, workspace_id, name) values (%(agent)s, %(ws)s, 'Other')),"
        " h as (insert into channel (id, workspace_id, agent_id, kind, name, webhook_token)"
        " values (%(channel)s, %(ws)s, %(agent)s, 'x', 'x', 'x'))"
        " insert into contact_address (id, workspace_id, channel_id, contact_id, kind, value, key)"
        " values (gen_random_uuid(), %(ws)s, %(channel)s, %(contact)s, 'x', 'x', 'x')",
        {
            "ws": pair.source.workspace_id,
            "agent": new_id(),
            "channel": new_id(),
            "contact": pair.source.id_of("contact"),
        },
    )
    pair.move()
    assert pair.home_of("contact") == pair.source.workspace_id
    (chat,) = run("select contact_id from chat where id = %s", (pair.source.id_of("chat"),))
    (copy,) = run("select * from contact where id = %s", (chat.contact_id,))
    assert (copy.workspace_id, copy.id == pair.source.id_of("contact")) == (pair.target.workspace_id, False)
    assert copy.name == pair.source.rows["contact"]["name"]


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"agent_id": UNKNOWN}, NotFound),
        ({"target": UNKNOWN}, NotFound),
        ({"target": "source"}, BadInput),
        ({"target": "led"}, Forbidden),
        ({"target": "taught"}, Forbidden),
    ],
)
def test_where_one_may_not_move_it(pair: Pair, changed: dict[str, str], error: type[TawkeeError]) -> None:
    stranger = build_world()
    for where, role in ((stranger, "MANAGER"), (pair.target, "TRAINER")):
        run(
            "insert into membership (workspace_id, user_id, role) values (%s, %s, %s)"
            " on conflict (workspace_id, user_id) do nothing",
            (where.workspace_id, pair.source.user_id, role),
        )
    if changed.get("target") == "taught":
        run("update membership set role = 'TRAINER' where workspace_id = %s", (pair.target.workspace_id,))
    named = {"source": pair.source, "led": stranger, "taught": pair.target}
    given = {name: named[value].workspace_id if value in named else value for name, value in changed.items()}
    before = digest_world(pair.source)
    with pytest.raises(error):
        pair.move(**given)
    assert digest_world(pair.source) == before


@dataclass
class Branch:
    """A company with a channel, and a second workspace for its agent."""

    tawkee: Running
    company: Company
    channel: Channel
    target: str

    def move(self) -> None:
        move_agent(
            self.tawkee.tawkee, self.company.user_id, self.company.workspace_id, self.company.agent_id, self.target
        )


@pytest.fixture
def branch(tawkee: Running) -> Branch:
    company, target = tawkee.add_company(), new_id()
    run("insert into workspace (id, name) values (%s, 'Filial')", (target,))
    run("insert into membership (workspace_id, user_id, role) values (%s, %s, 'OWNER')", (target, company.user_id))
    return Branch(tawkee, company, tawkee.add_channel(company, "echo"), target)


@pytest.mark.parametrize("known", [True, False])
def test_what_arrives_while_it_moves_arrives_where_it_is(branch: Branch, known: bool) -> None:
    """The channel was looked up before the move was done, and its row waited for."""
    tawkee, stale = branch.tawkee, branch.channel
    if known:
        tawkee.post_echo(stale, {"type": "message", "id": "before", "from": "carla", "text": "oi"})
        tawkee.settle()
    branch.move()
    body = json.dumps({"events": [{"type": "message", "id": "during", "from": "carla", "text": "voltei"}]}).encode()
    with tawkee.app.app_context():
        assert receive_webhook(tawkee.tawkee, stale, {}, body).state == "applied"
        assert receive_webhook(tawkee.tawkee, stale, {}, body).state == "duplicate"
        again = Incoming("direct", (Address("echo", "carla"),), "text", "e ainda")
        assert len(receive_events(tawkee.tawkee, stale, [again])) == 1
    tawkee.settle()
    messages = tawkee.messages_of(stale)
    assert {m.workspace_id for m in messages} == {branch.target}
    assert {m.provider_message_id for m in messages if m.direction == "in"} >= {"during", "direct"}


def test_a_reply_that_is_being_thought_of_is_thought_of_anew(branch: Branch, echo_channel: EchoChannel) -> None:
    """In the new workspace, at once, and it is no failure."""
    tawkee, settings = branch.tawkee, branch.tawkee.tawkee.settings
    tawkee.post_echo(branch.channel, {"type": "message", "id": "first", "from": "dora", "text": "oi"})
    chat_id = tawkee.chat_of(branch.channel).id
    (turn,) = [each for each in claim_turns(settings, "me", 1000) if each.chat_id == chat_id]
    tawkee.post_echo(branch.channel, {"type": "message", "id": "second", "from": "dora", "text": "tudo bem?"})
    branch.move()
    with tawkee.app.app_context():
        assert run_turn(tawkee.tawkee, turn) == "fenced"
    tawkee.settle()
    assert len(echo_channel.provider.texts("dora")) == 1
    (answered,) = run("select state, attempts, recoveries, workspace_id from turn where chat_id = %s", (chat_id,))
    assert tuple(answered) == ("done", 1, 0, branch.target)


def test_who_answers_a_customer_does_not_wait_for_a_move(branch: Branch) -> None:
    """As a worker or a person does, it has the chat and then wants the channel's row, which the move has already."""
    tawkee, channel = branch.tawkee, branch.channel
    tawkee.post_echo(channel, {"type": "message", "id": "first", "from": "eva", "text": "oi"})
    tawkee.settle()
    answering = psycopg2.connect(tawkee.tawkee.settings.database_url)
    with ThreadPoolExecutor(1) as mover, closing(answering), answering, answering.cursor() as cursor:
        cursor.execute("select id from chat where channel_id = %s for update", (channel.id,))
        moving = mover.submit(branch.move)
        wait_until(lambda: waits_for_lock(tawkee))
        cursor.execute("select id from channel where id = %s for key share", (channel.id,))
        answering.commit()
        moving.result(60)
    assert {m.workspace_id for m in tawkee.messages_of(channel)} == {branch.target}


def test_a_move_that_finds_no_moment_says_so_and_changes_nothing(branch: Branch) -> None:
    tawkee, channel = branch.tawkee, branch.channel
    tawkee.post_echo(channel, {"type": "message", "id": "first", "from": "eva", "text": "oi"})
    tawkee.settle()
    busy = psycopg2.connect(tawkee.tawkee.settings.database_url)
    with closing(busy), busy.cursor() as cursor:
        cursor.execute("select id from chat where channel_id = %s for update", (channel.id,))
        with pytest.raises(Conflict) as refused:
            branch.move()
    assert refused.value.slug == "agent_busy"
    assert {m.workspace_id for m in tawkee.messages_of(channel)} == {branch.company.workspace_id}


def waits_for_lock(tawkee: Running) -> bool:
    """Whether a session waits for another's lock, seen from a connection of our own."""
    with closing(psycopg2.connect(tawkee.tawkee.settings.database_url)) as watcher, watcher.cursor() as cursor:
        cursor.execute("select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")
        return cursor.fetchone() is not None


def test_its_customers_notice_nothing(tawkee: Running, echo_channel: EchoChannel) -> None:
    company = tawkee.add_company()
    channel: Channel = tawkee.add_channel(company, "echo")
    tawkee.post_echo(channel, {"type": "message", "id": "before", "from": "carla", "text": "oi"})
    tawkee.settle()
    target = new_id()
    run("insert into workspace (id, name) values (%s, 'Filial')", (target,))
    run("insert into membership (workspace_id, user_id, role) values (%s, %s, 'OWNER')", (target, company.user_id))
    move_agent(tawkee.tawkee, company.user_id, company.workspace_id, company.agent_id, target)
    tawkee.post_echo(channel, {"type": "message", "id": "after", "from": "carla", "text": "voltei"})
    tawkee.settle()
    assert len(echo_channel.provider.texts("carla")) == 2
    messages = tawkee.messages_of(channel)
    assert len({m.chat_id for m in messages}) == 1 and len(messages) == 4
    assert {m.workspace_id for m in messages} == {target}
