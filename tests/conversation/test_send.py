"""Each way that sending fails, on each kind of channel: what is tried again, what is looked up, what is left to
people."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from psycopg2.extras import Json
from redis import Redis

from tawkee_core.conversation.outbound import Sending, claim_lookups, claim_sendings, recover_sendings, settle_row
from tawkee_core.conversation.pace import wait_turn
from tawkee_core.conversation.send import deliver_all
from tawkee_core.db import run, transaction
from tawkee_core.doorbell import BELL
from tawkee_core.errors import Ambiguous, AuthLost, NotSent, RateLimited, Refused, SendError
from tawkee_core.testing.echo_channel import Sent
from tawkee_core.types import Completion, Pace, SendSemantics
from tests.lines import Line, hold_provider, in_parallel, set_semantics, wait_until, waits_for_lock

WINDOW_TEMPLATE = Json({"window_template": "volte:pt_BR"})
SEMANTICS: tuple[SendSemantics, ...] = ("idempotent", "reconcilable", "opaque")


def fail(line: Line, *errors: SendError) -> Any:
    """Send an answer whose tries fail so; its row after the first try."""
    line.provider.fail_with.extend(errors)
    line.say()
    line.start()
    line.rest()
    return the_sending(line)


def the_sending(line: Line) -> Any:
    (row,) = line.outbounds()
    return row


def end(line: Line) -> tuple[str, str, list[str]]:
    """Let all be done, however long it has to wait: the sending's state, its message's, and what arrived."""
    for _ in range(40):
        line.pass_time()
        recover_sendings()
        line.running.pool.drain_all()
        line.rest()
        if line.running.busy() == 0:
            break
    return the_sending(line).state, line.messages("out")[0].status, line.provider.texts()


@pytest.mark.parametrize("semantics", SEMANTICS)
def test_not_sent_is_tried_again_and_then_failed(line: Line, semantics: SendSemantics) -> None:
    set_semantics(line, semantics)
    row = fail(line, *[NotSent("no route")] * 7)
    assert (row.state, row.attempts) == ("pending", 1)
    assert end(line) == ("sent", "sent", ["echo: oi"])
    assert the_sending(line).attempts == 8


@pytest.mark.parametrize("semantics", SEMANTICS)
def test_not_sent_for_ever_is_failed_with_its_reason(line: Line, semantics: SendSemantics) -> None:
    set_semantics(line, semantics)
    fail(line, *[NotSent("no route")] * 20)
    assert end(line) == ("dead", "failed", [])
    assert "no route" in line.messages("out")[0].error
    assert line.chat.attention == "a message could not be sent"
    assert [t.state for t in line.turns()] == ["done"]


@pytest.mark.parametrize("semantics", SEMANTICS)
def test_refused_is_failed_at_once(line: Line, semantics: SendSemantics) -> None:
    set_semantics(line, semantics)
    assert fail(line, Refused("not on WhatsApp")).state == "dead"
    assert end(line) == ("dead", "failed", [])


@pytest.mark.parametrize("semantics", SEMANTICS)
def test_patience_asked_for_pauses_the_channel_and_counts_no_attempt(line: Line, semantics: SendSemantics) -> None:
    set_semantics(line, semantics)
    row = fail(line, RateLimited("slow down", retry_after=40))
    assert (row.state, row.attempts) == ("pending", 0)
    line.say("eu também", "bia")
    line.start()
    line.rest()
    assert line.start("sends") == 0
    assert [(o.state, o.attempts) for o in line.outbounds()] == [("pending", 0)] * 2, "the whole channel waits"
    pause = run("select paused_until - now() > interval '30 s' as long from channel where id = %s", (line.channel.id,))
    assert pause[0].long
    line.pass_time()
    line.settle()
    assert sorted(line.provider.texts()) == ["echo: eu também", "echo: oi"]


@pytest.mark.parametrize("semantics", SEMANTICS)
def test_lost_credentials_pause_the_channel_and_tell_its_owner(line: Line, semantics: SendSemantics) -> None:
    set_semantics(line, semantics)
    row = fail(line, AuthLost("logged out"))
    assert (row.state, row.attempts) == ("pending", 0)
    channel = run(
        "select status, detail, paused_until > now() as paused from channel where id = %s", (line.channel.id,)
    )
    assert (channel[0].status, channel[0].paused) == ("failed", True)
    assert set(channel[0].detail) == {"pt", "en"}
    assert end(line) == ("sent", "sent", ["echo: oi"])


@pytest.mark.parametrize(
    ("semantics", "taken", "state"),
    [
        ("idempotent", True, "sent"),
        ("idempotent", False, "sent"),
        ("reconcilable", True, "sent"),
        ("reconcilable", False, "sent"),
        ("opaque", True, "unconfirmed"),
        ("opaque", False, "unconfirmed"),
    ],
)
def test_lost_answer_by_what_the_channel_can_tell(
    line: Line, semantics: SendSemantics, taken: bool, state: str
) -> None:
    """Whether the provider took the message before its answer was lost or not: it arrives once, or people are asked."""
    set_semantics(line, semantics)
    if taken:
        line.provider.lose_answer = 1
    else:
        line.provider.fail_with.append(Ambiguous("the connection broke"))
    line.say()
    line.start()
    line.rest()
    ended = end(line)
    assert ended[0] == state
    assert len(ended[2]) == (1 if state == "sent" or taken else 0)


def test_keys_renewed_meanwhile_are_tried_before_the_channel_is_given_up(line: Line) -> None:
    release = hold_provider(line)
    line.provider.fail_with.append(AuthLost("the token was replaced"))
    line.say()
    line.start()
    wait_until(lambda: [o.state for o in line.outbounds()] == ["sending"])
    run('update channel set config = config || \'{"token": "new"}\' where id = %s', (line.channel.id,))
    release.set()
    line.rest()
    assert run("select status, paused_until from channel where id = %s", (line.channel.id,)) == [("connected", None)]
    assert end(line) == ("sent", "sent", ["echo: oi"])


def test_channel_that_cannot_tell_leaves_it_to_people(line: Line) -> None:
    set_semantics(line, "reconcilable")
    assert fail(line, Ambiguous("the connection broke")).state == "reconciling"
    set_semantics(line, "opaque")  # its lookups answer "I cannot tell" from now on
    assert end(line) == ("unconfirmed", "unconfirmed", [])


def test_lookup_that_finds_an_earlier_message_of_the_same_words_proves_nothing(line: Line) -> None:
    set_semantics(line, "reconcilable")
    line.say()
    line.settle()
    (first,) = line.provider.sent
    line.provider.fail_with.append(Ambiguous("the connection broke"))
    line.say()
    line.start()
    line.rest()
    again = line.messages("out")[-1]
    line.provider.sent.append(replace(first, client_id=again.id))  # all that its provider can show
    for _ in range(40):
        line.pass_time()
        line.running.pool.drain_all()
        line.rest()
    assert [m.status for m in line.messages("out")] == ["sent", "unconfirmed"]


class Crash(SendError):
    """Not one of the five."""


@pytest.mark.parametrize("error", [KeyError("id"), ValueError("no JSON"), AttributeError("None has no x")])
@pytest.mark.parametrize(
    ("semantics", "state"), [("idempotent", "sent"), ("reconcilable", "sent"), ("opaque", "unconfirmed")]
)
def test_fault_of_a_plugin_may_have_sent(line: Line, semantics: SendSemantics, state: str, error: Exception) -> None:
    set_semantics(line, semantics)
    line.provider.fail_with.append(error)  # type: ignore[arg-type]  # what a plugin must not raise
    line.say()
    line.start()
    line.rest()
    assert end(line)[0] == state


def test_error_of_no_class_is_final(line: Line) -> None:
    assert fail(line, Crash("?")).state == "dead"


def test_order_of_parts_is_kept_through_retries(line: Line) -> None:
    line.echo.max_text = 20
    line.model.script.append(Completion("Primeira parte aqui. Segunda parte aqui. Terceira parte aqui."))
    line.provider.fail_with.extend([None, NotSent("no route"), NotSent("no route"), None])
    line.say()
    line.settle()
    assert line.provider.texts() == ["Primeira parte aqui.", "Segunda parte aqui.", "Terceira parte aqui."]


def test_failed_part_does_not_hold_up_the_next(line: Line) -> None:
    line.echo.max_text = 20
    line.model.script.append(Completion("Primeira parte aqui. Segunda parte aqui. Terceira parte aqui."))
    line.provider.fail_with.extend([None, Refused("forbidden word")])
    line.say()
    line.settle()
    assert line.provider.texts() == ["Primeira parte aqui.", "Terceira parte aqui."]
    assert [t.state for t in line.turns()] == ["done"]


def test_long_row_of_messages_is_shared_with_who_comes_next(line: Line) -> None:
    """A thread that went on with its chat for longer than a turn may take would be ended in the middle of a send."""
    line.echo.max_text = 20
    line.model.script.append(Completion("Primeira parte aqui. Segunda parte aqui. Terceira parte aqui."))
    line.provider.fail_with.append(NotSent("no route"))
    line.say()
    line.start()
    line.rest()
    line.pass_time()
    (sending,) = claim_sendings(line.tawkee.settings, 1)
    deliver_all(line.tawkee, sending, seconds=0.0)
    assert sorted(o.state for o in line.outbounds()) == ["pending", "pending", "sent"]
    line.settle()
    assert line.provider.texts() == ["Primeira parte aqui.", "Segunda parte aqui.", "Terceira parte aqui."]


def test_workers_at_once_send_every_message_once(line: Line) -> None:
    for number in range(20):
        line.provider.fail_with.append(NotSent("no route"))
        line.say(sender=f"person-{number}")
    line.start("turns", 20)
    line.rest()
    while line.start("turns", 20):
        line.rest()
    line.pass_time()
    claimed = in_parallel([lambda: claim_sendings(line.tawkee.settings, 10) for _ in range(6)])
    ids = [sending.id for each in claimed for sending in each]
    assert len(ids) == len(set(ids)) == 20


# ---- the worker dies between its intent and the result


def begin_and_die(line: Line, semantics: SendSemantics, arrived: bool) -> Sending:
    """A worker that wrote down its intent, and may have reached the provider, before it was killed."""
    set_semantics(line, semantics)
    line.provider.fail_with.append(NotSent("no route"))
    line.say()
    line.start()
    line.rest()
    line.pass_time()
    (sending,) = claim_sendings(line.tawkee.settings, 1)
    if arrived:
        line.provider.sent.append(Sent("ana", "echo: oi", "text", sending.message_id, "out-of-the-dead"))
    line.pass_time()
    return sending


@pytest.mark.parametrize("arrived", [True, False])
@pytest.mark.parametrize(
    ("semantics", "state"), [("idempotent", "sent"), ("reconcilable", "sent"), ("opaque", "unconfirmed")]
)
def test_worker_killed_while_sending(line: Line, semantics: SendSemantics, state: str, arrived: bool) -> None:
    begin_and_die(line, semantics, arrived)
    assert sum(recover_sendings().values()) >= 1
    ended = end(line)
    assert ended[0] == state
    assert len(ended[2]) == (1 if state == "sent" or arrived else 0)
    if state == "unconfirmed":
        assert line.chat.attention == "a message may not have arrived"
    assert [t.state for t in line.turns()] == ["done"]


def test_worker_that_comes_back_to_life_does_not_settle(line: Line) -> None:
    zombie = begin_and_die(line, "reconcilable", arrived=False)
    recover_sendings()
    settle_row(zombie, "dead", error="late")
    assert end(line) == ("sent", "sent", ["echo: oi"])


def test_worker_that_slept_past_half_its_lease_does_not_send(line: Line) -> None:
    sending = begin_and_die(line, "opaque", arrived=False)
    deliver_all(line.tawkee, replace(sending, began=sending.began - line.tawkee.settings.lease_seconds))
    assert line.provider.sent == []
    assert the_sending(line).state == "pending"
    assert end(line)[1] == "sent"


def test_worker_that_waited_past_half_its_lease_for_its_channel_does_not_send(line: Line) -> None:
    sending = begin_and_die(line, "opaque", arrived=False)
    line.echo.pace = Pace(per_second=1.0)
    assert wait_turn(line.channel.id, 1.0), "the next may be sent in a second"
    began = time.monotonic() - line.tawkee.settings.lease_seconds / 2 + 0.5
    deliver_all(line.tawkee, replace(sending, began=began))
    assert (line.provider.sent, the_sending(line).state) == ([], "pending")


def test_time_a_claim_took_counts_for_its_lease(line: Line) -> None:
    """A worker that froze while it claimed must not take the lease for fresh when it wakes up."""
    begin_and_die(line, "opaque", arrived=False)
    run("update outbound set state = 'pending' where chat_id = %s", (line.chat.id,))
    with ThreadPoolExecutor(1) as executor, transaction() as cursor:
        cursor.execute("select id from outbound where chat_id = %s for update", (line.chat.id,))
        claiming = executor.submit(claim_sendings, line.tawkee.settings, 1)
        wait_until(lambda: waits_for_lock(line))
        waited = time.monotonic()
        cursor.execute("commit; begin")
        (sending,) = claiming.result(10)
    assert sending.began <= waited


def test_lookups_of_workers_that_die_end_in_time(line: Line) -> None:
    begin_and_die(line, "reconcilable", arrived=False)
    recover_sendings()
    for _ in range(20):
        line.pass_time()
        if not claim_lookups(line.tawkee.settings, 1):
            break
    set_semantics(line, "opaque")
    assert end(line)[0] == "unconfirmed"


def test_removed_channel_sends_nothing_and_says_so(line: Line) -> None:
    fail(line, NotSent("no route"))
    run("update channel set deleted_at = now() where id = %s", (line.channel.id,))
    assert end(line) == ("dead", "failed", [])
    assert "removed" in line.messages("out")[0].error


def test_plugin_that_is_gone_sends_nothing_and_says_so(line: Line) -> None:
    fail(line, NotSent("no route"))
    run("update channel set kind = 'uninstalled' where id = %s", (line.channel.id,))
    assert end(line) == ("dead", "failed", [])


def test_provider_that_gives_an_id_twice_loses_nothing(line: Line) -> None:
    release = hold_provider(line)
    line.say()
    line.start()
    wait_until(lambda: [o.state for o in line.outbounds()] == ["sending"])
    given = f"out-{len(line.provider.sent) + 1}-{line.messages('out')[0].id[-8:]}"
    line.post({"type": "echo", "id": given, "to": "bia", "text": "typed on the phone"})
    release.set()
    line.rest()
    assert {m.text: m.status for m in line.messages("out")} == {"echo: oi": "sent", "typed on the phone": "sent"}


def test_what_was_written_meanwhile_is_told_when_the_reply_has_left(line: Line) -> None:
    release = hold_provider(line)
    line.say()
    line.start()
    wait_until(lambda: [o.state for o in line.outbounds()] == ["sending"])
    line.say("mais isto")
    with Redis.from_url(line.tawkee.settings.redis_url) as client, client.pubsub() as bell:
        bell.subscribe(BELL)
        assert bell.get_message(timeout=5)["type"] == "subscribe"
        release.set()
        line.rest()
        assert bell.get_message(timeout=5)["type"] == "message"
    line.settle()
    assert line.provider.texts() == ["echo: oi", "echo: mais isto"]


def close_window(line: Line, **capabilities: Any) -> None:
    """Ask, and let the answer be written when the window has closed."""
    line.echo.extra = {"reply_window_hours": 24, **capabilities}
    line.say()
    run("update chat set last_in_at = now() - interval '25 hours' where channel_id = %s", (line.channel.id,))


def test_words_after_the_window_ask_for_a_person(line: Line) -> None:
    close_window(line)
    line.settle()
    (message,) = line.messages("out")
    assert (message.status, message.error.partition(":")[0]) == ("failed", "window_closed")
    assert "template" in line.chat.attention and line.provider.sent == []


def test_words_after_the_window_are_followed_by_the_owners_template_once(line: Line) -> None:
    run("update channel set config = config || %s where id = %s", (WINDOW_TEMPLATE, line.channel.id))
    close_window(line, templates=True)
    line.settle()
    late, template = line.messages("out")
    assert (late.status, template.status, template.author) == ("failed", "sent", "agent")
    assert template.data["template"]["name"] == "volte"
    assert len(line.provider.sent) == 1
    line.say("outra coisa", sender="ana")
    run("update chat set last_in_at = now() - interval '25 hours' where channel_id = %s", (line.channel.id,))
    run("update message set sent_at = now() - interval '1 hour' where channel_id = %s", (line.channel.id,))
    line.settle()
    assert [m.status for m in line.messages("out")] == ["failed", "sent", "failed"], "no second template unanswered"
