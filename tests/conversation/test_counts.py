"""Each metric moves on its cause, once, and stands still when what it counts did not happen."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from tawkee_core.channels.health import BREAKER_FAILURES, trip_breakers
from tawkee_core.channels.warmup import WAITING
from tawkee_core.conversation.breaker import FAILURES
from tawkee_core.conversation.dead import discard_dead
from tawkee_core.conversation.handover import silence_agent, take_over
from tawkee_core.conversation.outbound import recover_sendings
from tawkee_core.conversation.turns import MAX_RECOVERIES, claim_turns
from tawkee_core.db import run, transaction
from tawkee_core.errors import Ambiguous, AuthLost, ModelDown, NotSent, Refused
from tawkee_core.models import new_id
from tawkee_core.scrape import tell_metrics
from tawkee_core.testing.echo_model import ECHO
from tawkee_core.work.sweeps import bury_poisoned
from tests.lines import Line, close_breakers, hold_provider, set_semantics, wait_until

UNCONFIRMED, DEAD = "tawkee_outbound_unconfirmed_total", "tawkee_dead_total"


def value(name: str, **labels: str) -> float:
    """What this process counted."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


@contextmanager
def moves(name: str, by: float = 1, **labels: str) -> Iterator[None]:
    before = value(name, **labels)
    yield
    assert value(name, **labels) - before == by, (name, labels)


def gauges(name: str) -> dict[str, float]:
    """A gauge as it is told at a scrape, by its label."""
    families = text_string_to_metric_families(tell_metrics().decode())
    (family,) = [family for family in families if family.name == name]
    return {next(iter(sample.labels.values()), ""): sample.value for sample in family.samples}


def answer(line: Line) -> None:
    line.say()
    line.settle()


def begin_sending(line: Line) -> Callable[[], None]:
    """An answer that its provider holds; what lets it go."""
    release = hold_provider(line)
    line.say()
    line.start()
    wait_until(lambda: any(o.state == "sending" for o in line.outbounds()))

    def let_go() -> None:
        line.provider.delay = 0
        release.set()
        line.rest()

    return let_go


def test_answer_that_was_lost_is_counted_as_unconfirmed(line: Line) -> None:
    line.provider.fail_with.append(Ambiguous("the answer was lost"))
    with moves(UNCONFIRMED, channel="echo"), moves("tawkee_outbound_total", channel="echo", outcome="unconfirmed"):
        answer(line)


def test_send_of_a_killed_worker_is_counted_once_as_unconfirmed_and_recovered(line: Line) -> None:
    let_go = begin_sending(line)
    line.pass_time()
    with moves(UNCONFIRMED, channel="echo"):
        assert recover_sendings()["unconfirmed"] == 1
        let_go()
        recover_sendings()


def test_what_nobody_can_look_up_is_counted_as_unconfirmed(line: Line) -> None:
    set_semantics(line, "reconcilable")
    line.provider.fail_with.append(Ambiguous("the answer was lost"))
    with moves(UNCONFIRMED, by=0, channel="echo"):
        line.say()
        line.start()
        line.rest()
    run("update channel set kind = 'gone' where id = %s", (line.channel.id,))
    line.pass_time()
    with moves(UNCONFIRMED, channel="gone"):
        line.start("lookups")
        line.rest()


@pytest.mark.parametrize("how", ["before it is claimed again", "at the claim"])
def test_doubtful_one_that_a_person_overtakes_is_counted_as_unconfirmed(line: Line, how: str) -> None:
    set_semantics(line, "idempotent")
    with moves(UNCONFIRMED, channel="echo"):
        if how == "at the claim":
            line.provider.fail_with.append(Ambiguous("the answer was lost"))
            let_go = begin_sending(line)
            take_over(line.tawkee, line.company.workspace_id, line.chat.id, line.company.user_id)
            let_go()
            line.pass_time()
            line.start("sends")
            line.rest()
        else:
            line.provider.fail_with.append(Ambiguous("the answer was lost"))
            line.say()
            line.start()
            line.rest()
            take_over(line.tawkee, line.company.workspace_id, line.chat.id, line.company.user_id)
    assert [o.state for o in line.outbounds()] == ["unconfirmed"]


def test_what_is_rolled_back_is_not_counted(line: Line) -> None:
    set_semantics(line, "idempotent")
    line.provider.fail_with.append(Ambiguous("the answer was lost"))
    line.say()
    line.start()
    line.rest()
    with moves(UNCONFIRMED, by=0, channel="echo"), pytest.raises(ZeroDivisionError), transaction() as cursor:
        silence_agent(cursor, line.chat.id, "tried")
        raise ZeroDivisionError


def test_dead_work_of_each_kind_is_counted_and_told_until_it_is_discarded(line: Line) -> None:
    before = gauges("tawkee_dead_rows")
    assert set(before) == {"event", "turn", "send"}
    line.provider.fail_with.append(Refused("not on WhatsApp"))
    with moves(DEAD, kind="send"):
        answer(line)
    with moves(DEAD, kind="event"):
        line.running.post(line.channel, b'{"no": "events"}', {"x-echo-secret": line.channel.webhook_secret})
    line.model.script.extend([ModelDown("away")] * 20)
    with moves(DEAD, kind="turn"), moves("tawkee_turns_total", state="dead"):
        line.say("de novo", sender="bia")
        run("update turn set created_at = now() - interval '1 day' where workspace_id = %s and state = 'collecting'",
            (line.company.workspace_id,))  # fmt: skip
        line.start()
        line.rest()
    line.model.script.clear()
    after = gauges("tawkee_dead_rows")
    assert {kind: after[kind] - before[kind] for kind in before} == {"event": 1, "turn": 1, "send": 1}
    for table in ("turn", "outbound", "inbound_event"):
        (row,) = run(f"select id from {table} where workspace_id = %s and state = 'dead'", (line.company.workspace_id,))
        discard_dead(row.id)
    assert gauges("tawkee_dead_rows") == before


def test_event_that_fails_for_ever_is_counted_as_dead(line: Line) -> None:
    line.say()
    (event,) = line.events()
    run("update inbound_event set state = 'new', body = 'broken' where id = %s", (event.id,))
    with moves(DEAD, kind="event"):
        for _ in range(6):
            line.pass_time()
            line.start("events")
            line.rest()
    assert line.events()[0].state == "dead"


def test_failure_told_of_a_send_under_way_is_counted_as_dead(line: Line) -> None:
    line.provider.fail_with.append(Ambiguous("the answer was lost"))
    answer(line)
    (message,) = line.messages("out")
    with moves(DEAD, kind="send"):
        line.post({"type": "status", "state": "failed", "client_id": message.id})
        line.post({"type": "status", "state": "failed", "client_id": message.id})


def test_turns_of_lost_workers_are_counted(line: Line) -> None:
    line.say()
    claim_turns(line.tawkee.settings, "killed", 10)
    with moves("tawkee_recoveries_total", MAX_RECOVERIES - 1, kind="turn"), moves(DEAD, kind="turn"):
        for _ in range(MAX_RECOVERIES + 1):
            line.pass_time()
            claim_turns(line.tawkee.settings, "killed, too", 10)
        with moves("tawkee_turns_total", state="dead"):
            bury_poisoned()


def test_credentials_that_were_lost_are_counted_once_until_they_serve_again(line: Line) -> None:
    line.provider.fail_with.extend([AuthLost("revoked"), AuthLost("revoked"), None])
    with moves("tawkee_channel_auth_lost_total", channel="echo"):
        line.say()
        for _ in range(3):
            line.pass_time()
            line.start()
            line.start("sends")
            line.rest()
    assert line.provider.texts() == ["echo: oi"]


def test_channel_most_of_which_fails_is_counted_as_paused(line: Line) -> None:
    line.provider.fail_with.extend([Refused("blocked")] * BREAKER_FAILURES)
    for number in range(BREAKER_FAILURES):
        line.say(sender=f"person-{number}")
    line.settle()
    with moves("tawkee_channels_paused_total", channel="echo"):
        trip_breakers()
        trip_breakers()


def test_what_its_provider_took_and_could_not_deliver_stops_a_channel(line: Line) -> None:
    for number in range(BREAKER_FAILURES):
        line.say(sender=f"person-{number}")
    line.settle()
    trip_breakers()
    assert not is_paused(line)
    for sent in line.provider.sent:
        line.post({"type": "status", "state": "failed", "id": sent.id})
    trip_breakers()
    assert is_paused(line)


def test_words_that_came_after_the_window_stop_no_channel(line: Line) -> None:
    line.echo.extra = {"reply_window_hours": 24}
    for number in range(BREAKER_FAILURES):
        line.say(sender=f"person-{number}")
    run("update chat set last_in_at = now() - interval '2 days' where channel_id = %s", (line.channel.id,))
    line.settle()
    assert {o.state for o in line.outbounds()} == {"dead"}
    trip_breakers()
    assert not is_paused(line)


def is_paused(line: Line) -> bool:
    return bool(run("select 1 from channel where id = %s and paused_until > now()", (line.channel.id,)))


def test_forged_webhook_is_counted_by_its_channel(line: Line) -> None:
    with moves("tawkee_inbound_events_total", channel="echo", outcome="refused"):
        assert line.running.post(line.channel, b"{}", {}) == 401


def test_waiting_for_more_messages_is_told_once_a_turn(line: Line) -> None:
    stage = "tawkee_turn_stage_seconds_count"
    line.model.script.append(ModelDown("away"))
    line.model.script.append(ModelDown("away"))
    with moves(stage, stage="debounce"), moves(stage, by=2, stage="queue"):
        line.say()
        for _ in range(2):
            line.pass_time()
            line.start()
            line.rest()
    assert line.provider.texts() == ["echo: oi"]


def test_breaker_of_a_model_is_told_while_it_is_open(line: Line) -> None:
    line.model.script.extend([ModelDown("away")] * FAILURES)
    for number in range(FAILURES):
        line.say(sender=f"person-{number}")
        line.start()
        line.rest()
        if not line.model.script:
            break
    assert value("tawkee_llm_breaker_state", model=ECHO) == 1
    close_breakers()
    line.pass_time()
    line.settle()
    assert value("tawkee_llm_breaker_state", model=ECHO) == 0


def test_message_not_sent_is_no_dead_one(line: Line) -> None:
    line.provider.fail_with.append(NotSent("no route"))
    with moves(DEAD, by=0, kind="send"), moves("tawkee_outbound_total", channel="echo", outcome="pending"):
        line.say()
        line.start()
        line.rest()


def test_turn_behind_an_answer_that_cannot_leave_waits_for_no_worker(line: Line) -> None:
    line.provider.fail_with.append(NotSent("no route"))
    line.say()
    line.start()
    line.rest()
    line.say("alguém?")
    run(
        "update turn set due_at = now() - interval '9 days' where state = 'collecting' and chat_id = %s",
        (line.chat.id,),
    )
    assert [turn.state for turn in line.turns()] == ["replying", "collecting"]
    assert gauges("tawkee_oldest_due_turn_seconds")[""] < 86_400
    run("update turn set state = 'done' where state = 'replying' and chat_id = %s", (line.chat.id,))
    assert gauges("tawkee_oldest_due_turn_seconds")[""] > 86_400


@pytest.mark.parametrize("cause", ["credentials", "warming up"])
def test_message_that_waits_for_its_channels_owner_hides_no_other(line: Line, cause: str) -> None:
    line.provider.fail_with.append(NotSent("no route"))
    line.say()
    line.start()
    line.rest()
    age = "update outbound set created_at = now() - interval '9 days', error = %s where chat_id = %s"
    run(age, ("no route", line.chat.id))
    assert gauges("tawkee_oldest_pending_outbound_seconds")["echo"] > 8 * 86_400
    if cause == "credentials":
        run("update channel set status = 'failed' where id = %s", (line.channel.id,))
    else:
        run(age, (WAITING, line.chat.id))
    assert gauges("tawkee_oldest_pending_outbound_seconds").get("echo", 0) < 86_400


def test_connections_at_work_are_told(line: Line) -> None:
    before = gauges("tawkee_db_pool_in_use")[""]
    with transaction() as cursor:
        cursor.execute("select 1")
        during = gauges("tawkee_db_pool_in_use")[""]
    assert during >= before
    assert 0 < gauges("tawkee_db_connections_share")[""] < 1


def test_tries_to_sign_in_are_counted_by_how_they_ended(app: Flask) -> None:
    client, email = app.test_client(), f"{new_id()}@example.com"
    words = {"email": email, "password": "correct horse battery"}
    client.post("/api/auth/register", json={**words, "name": "Ana"})
    with moves("tawkee_login_total", outcome="signed_in"):
        assert client.post("/api/auth/login", json=words).status_code == 200
    with moves("tawkee_login_total", by=5, outcome="wrong_credentials"):
        with moves("tawkee_login_total", outcome="too_many_tries"):
            for _ in range(6):
                client.post("/api/auth/login", json={**words, "password": "not this one"})
