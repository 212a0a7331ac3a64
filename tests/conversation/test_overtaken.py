"""Answers that a person overtook while they were on their way, and the chat handed back before they ended."""

from typing import Any

import pytest

from tawkee_core.context import Tawkee
from tawkee_core.conversation.compose import write_message
from tawkee_core.conversation.handover import hand_back, take_over
from tawkee_core.conversation.interactions import resolve_chat
from tawkee_core.conversation.outbound import CLAIM, claim_sendings
from tawkee_core.db import run
from tawkee_core.errors import Ambiguous, NotSent, SendError
from tawkee_core.work.sweeps import finish_replied
from tests.lines import Line, hold_provider, set_semantics, wait_until


def overtake(line: Line, error: SendError, *then: Any) -> None:
    """A person takes over while an answer is on its way, and does `then`; its try ends with `error`."""
    release = hold_provider(line)
    line.provider.fail_with.append(error)
    line.say()
    line.start()
    wait_until(lambda: any(o.state == "sending" for o in line.outbounds()))
    for change in (take_over, *then):
        change(line.tawkee, line.company.workspace_id, line.chat.id, line.company.user_id)
    line.provider.delay = 0
    release.set()
    line.rest()
    line.pass_time()


def test_what_was_not_sent_after_all_is_answered_anew_when_handed_back(line: Line) -> None:
    overtake(line, NotSent("no route"), hand_back)
    line.settle()
    assert len(line.provider.sent) == 1
    assert [m.status for m in line.messages("out") if m.kind != "note"] == ["cancelled", "sent"]
    assert [(t.state, t.reason) for t in line.turns()] == [("cancelled", "overtaken by a person"), ("done", "")]


def test_what_waits_to_be_tried_again_is_answered_anew_when_handed_back(line: Line) -> None:
    overtake(line, NotSent("no route"))
    assert [o.state for o in line.outbounds()] == ["pending"]
    hand_back(line.tawkee, line.company.workspace_id, line.chat.id, None)
    assert [o.state for o in line.outbounds()] == ["cancelled"]
    line.settle()
    assert len(line.provider.sent) == 1


def test_worker_that_died_before_it_ended_the_turn_changes_nothing(line: Line) -> None:
    """The claim that stops an overtaken part is committed before its turn is ended: the sweep does it then."""
    overtake(line, NotSent("no route"), hand_back)
    run(CLAIM, {"chat_id": line.chat.id, "count": 1, "lease": 30})
    assert [t.state for t in line.turns()] == ["replying"]
    finish_replied()
    assert sorted(t.state for t in line.turns()) == ["cancelled", "collecting"]
    line.settle()
    assert len(line.provider.sent) == 1


def test_with_a_person_nothing_is_answered_anew(line: Line) -> None:
    overtake(line, NotSent("no route"))
    tried_at = line.outbounds()[0].intent_at
    line.settle()
    assert line.provider.texts() == []
    assert [o.intent_at for o in line.outbounds()] == [tried_at]
    assert (line.chat.owner, [m.status for m in line.messages("out")]) == ("human", ["cancelled"])
    assert [t.state for t in line.turns()] == ["cancelled"]


def test_in_an_attendance_that_was_resolved_nothing_is_answered_anew(line: Line) -> None:
    overtake(line, NotSent("no route"), resolve_chat)
    line.settle()
    assert (line.provider.texts(), line.chat.status) == ([], "resolved")


def test_what_was_held_back_is_answered_with_what_was_said_since(line: Line) -> None:
    overtake(line, NotSent("no route"), hand_back, lambda *_: line.say("alô?"))
    line.settle()
    assert line.provider.texts() == ["echo: oi | alô?"]


def test_what_a_person_answered_is_not_answered_anew(line: Line) -> None:
    def write(tawkee: Tawkee, workspace_id: str, chat_id: str, user_id: str) -> None:
        write_message(tawkee, workspace_id, chat_id, user_id, "Já vejo.")

    overtake(line, NotSent("no route"), hand_back, write, hand_back)
    line.settle()
    assert line.provider.texts() == ["Já vejo."]


@pytest.mark.parametrize("then", [(), (hand_back,)], ids=["with a person", "handed back"])
def test_what_may_have_arrived_is_not_called_cancelled_nor_said_twice(line: Line, then: Any) -> None:
    set_semantics(line, "idempotent")
    overtake(line, Ambiguous("the answer was lost"), *then)
    line.settle()
    assert [m.status for m in line.messages("out") if m.kind != "note"] == ["unconfirmed"]
    assert line.provider.texts() == []
    assert line.chat.attention == "a message may not have arrived"


def test_what_was_claimed_beside_it_is_sent_also_when_its_turn_cannot_be_ended(line: Line) -> None:
    """Messages are claimed together. One that a person overtook, and a database that breaks off while its turn is
    ended, must not leave the others claimed by nobody: nobody could tell any more that they were not sent."""
    for person in ("ana", "bia"):
        line.provider.fail_with.append(NotSent("no route"))
        line.say(sender=person)
        line.start()
        line.rest()
    line.pass_time()
    (taken, other) = run("select id from chat where channel_id = %s order by address", (line.channel.id,))
    run("update chat set epoch = epoch + 1, owner = 'human' where id = %s", (taken.id,))
    run(
        "create function break_off() returns trigger language plpgsql as"
        " $$ begin raise exception 'broken off' using errcode = '40001'; end $$;"
        f"create trigger break_off before update on turn for each row when (old.chat_id = '{taken.id}')"
        " execute function break_off()"
    )
    try:
        claimed = claim_sendings(line.tawkee.settings, 10)
    finally:
        run("drop function break_off cascade")
    assert [sending.chat_id for sending in claimed] == [other.id]
    finish_replied()
    assert sorted(t.state for t in line.turns()) == ["cancelled", "replying"]
