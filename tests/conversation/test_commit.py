"""A reply is written only while the turn is ours, the AI owns the chat and nothing newer was said."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg2
import pytest

from tawkee_core.channels.pause import pause_channel
from tawkee_core.conversation.ask import Call
from tawkee_core.conversation.commit import Reply, commit_reply
from tawkee_core.conversation.context import TurnContext, load_context
from tawkee_core.conversation.handover import take_over
from tawkee_core.conversation.interactions import resolve_chat
from tawkee_core.conversation.outbound import claim_sendings
from tawkee_core.conversation.send import deliver_all
from tawkee_core.conversation.turns import claim_turns
from tawkee_core.conversation.usage import record_calls
from tawkee_core.db import run, transaction
from tawkee_core.types import ModelUsage
from tests.lines import Line, hold_model, hold_provider, wait_until, waits_for_lock


@contextmanager
def thinking(line: Line, text: str = "um") -> Iterator[threading.Event]:
    """While the block runs, the model is asked about a message and has not answered yet."""
    gate = hold_model(line)
    line.say(text)
    line.start()
    wait_until(lambda: line.model.waiting == 1)
    yield gate
    gate.set()
    line.rest()


def test_new_message_while_thinking_gets_one_answer_with_the_old(line: Line) -> None:
    with thinking(line):
        line.say("dois")
    line.settle()
    assert line.provider.texts() == ["echo: um | dois"]
    assert [t.state for t in line.turns()] == ["done"]
    outcomes = run("select outcome from usage where workspace_id = %s", (line.company.workspace_id,))
    assert [row.outcome for row in outcomes] == ["answered", "answered"]


def test_reply_is_put_off_twice_at_most(line: Line) -> None:
    for text in ("um", "dois", "três"):
        with thinking(line, text):
            line.say(text + "!")
    line.model.gate = None
    line.settle()
    texts = line.provider.texts()
    assert len(texts) == 2
    assert "três" in texts[0]
    assert texts[1] == "echo: três!", "what the first answer answers, which was written after this question"


def begin_turn(line: Line) -> TurnContext:
    line.say("um")
    (turn,) = claim_turns(line.tawkee.settings, "this worker", 1)
    return load_context(line.tawkee.settings, turn)


def test_time_a_commit_waited_for_its_chat_counts_for_the_lease_of_the_send(line: Line) -> None:
    context = begin_turn(line)
    asked = time.monotonic()
    with ThreadPoolExecutor(1) as executor, transaction() as cursor:
        cursor.execute("select id from chat where id = %s for update", (line.chat.id,))
        committing = executor.submit(commit_reply, line.tawkee, context, Reply(["oi"], []))
        wait_until(lambda: waits_for_lock(line))
        waited = time.monotonic()
        cursor.execute("commit; begin")
        sending = committing.result(10).sending
    assert sending is not None
    assert asked <= sending.began <= waited


def test_commit_done_again_after_a_broken_connection_sends_what_it_began(line: Line) -> None:
    context = begin_turn(line)
    begun = time.monotonic()
    first = commit_reply(line.tawkee, context, Reply(["oi"], [])).sending
    committed = time.monotonic()
    again = commit_reply(line.tawkee, context, Reply(["oi"], [])).sending
    asking = time.monotonic() - committed
    assert first is not None and again is not None
    assert (first.id, first.fence) == (again.id, again.fence)
    assert begun - asking <= again.began <= committed, "its lease is as old as the first try, never younger"


def test_commit_done_again_leaves_alone_what_another_worker_sends(line: Line) -> None:
    context = begin_turn(line)
    pause_channel(line.channel, 60)
    assert commit_reply(line.tawkee, context, Reply(["oi"], [])).sending is None
    run("update channel set paused_until = null where id = %s", (line.channel.id,))
    (other,) = claim_sendings(line.tawkee.settings, 1)
    again = commit_reply(line.tawkee, context, Reply(["oi"], []))
    assert (again.state, again.sending) == ("committed", None)
    deliver_all(line.tawkee, other)
    assert line.provider.texts() == ["oi"]


def test_calls_of_a_reply_whose_commit_was_not_heard_of_are_counted_once(line: Line) -> None:
    """The connection broke after the commit; before it is done again, a person ended the turn."""
    context = begin_turn(line)
    pause_channel(line.channel, 60)
    reply = Reply(["oi"], [Call("echo/echo", "answered", ModelUsage(), 0.1)])
    assert commit_reply(line.tawkee, context, reply).state == "committed"
    take_over(line.tawkee, line.company.workspace_id, line.chat.id, line.company.user_id)
    assert commit_reply(line.tawkee, context, reply).state == "fenced"
    for _ in range(2):  # as what became of no reply, and that again after another broken connection
        record_calls(context.turn, reply.calls)
    assert len(run("select 1 as one from usage where workspace_id = %s", (line.company.workspace_id,))) == 1


def test_reply_goes_where_its_contact_moved_meanwhile(line: Line) -> None:
    with thinking(line):
        line.post({"type": "moved", "from": "ana", "to": "ana-2"})
    assert [(sent.to, sent.text) for sent in line.provider.sent] == [("ana-2", "echo: um")]


def test_takeover_while_thinking_silences_the_reply(line: Line) -> None:
    with thinking(line):
        assert take_over(line.tawkee, line.company.workspace_id, line.chat.id, line.company.user_id) == 0
    line.settle()
    assert line.provider.sent == []
    assert [m.direction for m in line.messages()] == ["in"]
    assert [t.state for t in line.turns()] == ["cancelled"]
    assert len(run("select 1 as one from usage where workspace_id = %s", (line.company.workspace_id,))) == 1


def test_resolving_while_thinking_silences_the_reply(line: Line) -> None:
    with thinking(line):
        resolve_chat(line.tawkee, line.company.workspace_id, line.chat.id, line.company.user_id)
    line.settle()
    assert line.provider.sent == []


@pytest.mark.parametrize(
    "sql",
    [
        "update agent set status = 'INACTIVE' where workspace_id = %s",
        "update agent set deleted_at = now() where workspace_id = %s",
        "update channel set deleted_at = now() where workspace_id = %s",
    ],
)
def test_agent_put_to_sleep_while_thinking_says_nothing(line: Line, sql: str) -> None:
    with thinking(line):
        run(sql, (line.company.workspace_id,))
    line.settle()
    assert line.provider.sent == []


def test_reply_waits_while_its_channel_is_paused(line: Line) -> None:
    with thinking(line):
        pause_channel(line.channel, 60)
    assert line.start("sends") == 0
    assert [(o.state, o.attempts) for o in line.outbounds()] == [("pending", 0)]
    line.pass_time()
    line.settle()
    assert line.provider.texts() == ["echo: um"]


def test_nothing_is_held_in_the_database_while_the_model_thinks(line: Line) -> None:
    with thinking(line):
        assert held_in_database(line) == []


def held_in_database(line: Line) -> list[str]:
    """The sessions in a transaction, and the locks on our tables, seen from a connection of our own."""
    watcher = psycopg2.connect(line.tawkee.settings.database_url)
    with watcher, watcher.cursor() as cursor:
        cursor.execute(
            "select 'in transaction: ' || query from pg_stat_activity where datname = current_database()"
            " and pid <> pg_backend_pid() and state like 'idle in transaction%%'"
            " union all select 'lock: ' || l.relation::regclass::text from pg_locks l"
            " join pg_class c on c.oid = l.relation join pg_namespace n on n.oid = c.relnamespace"
            " where l.database = (select oid from pg_database where datname = current_database())"
            " and n.nspname = 'public' and l.pid <> pg_backend_pid()"
            " union all select 'advisory' from pg_locks where locktype = 'advisory'"
        )
        rows = [row[0] for row in cursor.fetchall()]
    watcher.close()
    return rows


def test_nothing_is_held_in_the_database_while_the_provider_answers(line: Line) -> None:
    release = hold_provider(line)
    line.say()
    line.start()
    wait_until(lambda: [o.state for o in line.outbounds()] == ["sending"])
    wait_until(lambda: held_in_database(line) == [])
    release.set()
    line.rest()
    assert line.provider.texts() == ["echo: oi"]
