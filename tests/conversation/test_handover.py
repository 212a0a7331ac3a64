"""Who speaks: after a takeover nothing of the AI's begins, and what was handed back is answered."""

from collections.abc import Callable
from functools import partial

import pytest

from tawkee_core.conversation.handover import hand_back, take_over
from tawkee_core.conversation.interactions import resolve_chat
from tawkee_core.db import run
from tawkee_core.errors import NotFound, NotSent
from tawkee_core.models import new_id
from tawkee_core.testing.echo_model import call_person
from tawkee_core.types import Completion
from tests.lines import Line, hold_model, hold_provider, in_parallel, wait_until


def take(line: Line) -> int:
    return take_over(line.tawkee, line.company.workspace_id, line.chat.id, line.company.user_id)


def give(line: Line) -> None:
    hand_back(line.tawkee, line.company.workspace_id, line.chat.id, line.company.user_id)


def speak_in_parts(line: Line) -> None:
    line.echo.max_text = 20
    line.model.script.append(Completion("Primeira parte aqui. Segunda parte aqui. Terceira parte aqui."))


def test_takeover_before_the_window_ends_cancels_the_turn(line: Line) -> None:
    line.say()
    assert take(line) == 0
    line.settle()
    assert ([t.state for t in line.turns()], line.provider.sent) == (["cancelled"], [])
    line.say("alô?")
    line.settle()
    assert line.provider.sent == []


def test_takeover_while_a_part_is_sent_lets_that_one_out_and_no_more(line: Line) -> None:
    speak_in_parts(line)
    release = hold_provider(line)
    line.say()
    line.start()
    wait_until(lambda: "sending" in [o.state for o in line.outbounds()])
    assert take(line) == 1
    release.set()
    line.settle()
    assert line.provider.texts() == ["Primeira parte aqui."]
    assert [m.status for m in line.messages("out")] == ["sent", "cancelled", "cancelled"]
    assert [t.state for t in line.turns()] == ["done"]


def test_takeover_while_parts_wait_cancels_all_of_them(line: Line) -> None:
    speak_in_parts(line)
    line.provider.fail_with.append(NotSent("no connection"))
    line.say()
    line.start()
    line.rest()
    assert [o.state for o in line.outbounds()] == ["pending"] * 3
    assert take(line) == 0
    assert [m.status for m in line.messages("out")] == ["cancelled"] * 3, "at once, not when they would be sent"
    line.pass_time()
    line.settle()
    assert line.provider.sent == []


@pytest.mark.parametrize("round", range(3))
def test_no_intent_follows_a_takeover(line: Line, round: int) -> None:
    """Replies and takeovers race; whatever was begun, was begun before the takeover was committed."""
    people = [f"person-{number}" for number in range(8)]
    for person in people:
        line.say("oi", person)
    chats = run("select id from chat where channel_id = %s", (line.channel.id,))
    ids = (line.company.workspace_id, line.company.user_id)
    takes = [partial(take_over, line.tawkee, ids[0], chat.id, ids[1]) for chat in chats]
    steps: list[Callable[[], object]] = [line.start, *takes]
    in_parallel(steps)
    line.settle()
    silent = run(
        "select o.state, o.epoch, c.epoch as now from outbound o join chat c on c.id = o.chat_id"
        " where c.channel_id = %s",
        (line.channel.id,),
    )
    assert all(row.now == 1 for row in silent)
    assert all(row.state in ("sent", "cancelled") and row.epoch == 0 for row in silent)
    assert len(line.provider.sent) == sum(row.state == "sent" for row in silent)


def test_handing_back_tells_the_model_and_answers_what_waits(line: Line) -> None:
    line.say("um")
    take(line)
    line.say("ninguém responde?")
    give(line)
    line.settle()
    assert len(line.provider.sent) == 1
    assert [(t.state, t.from_seq) for t in line.turns()] == [("cancelled", 1), ("done", 1)]
    assert any("handed it back" in each.content for each in line.model.asked[-1] if each.role == "system")


def test_handing_back_with_nothing_open_says_nothing(line: Line) -> None:
    line.say()
    line.settle()
    take(line)
    give(line)
    line.settle()
    assert len(line.provider.sent) == 1


def test_handing_back_twice_is_once(line: Line) -> None:
    line.say()
    take(line)
    in_parallel([lambda: give(line)] * 4)
    line.settle()
    assert len(line.provider.sent) == 1
    assert len([m for m in line.messages() if m.kind == "note"]) == 1


def test_call_for_a_person_is_said_and_then_the_agent_is_silent(line: Line) -> None:
    line.model.script.append(call_person("wants a refund"))
    line.say("quero falar com uma pessoa")
    line.settle()
    assert len(line.provider.sent) == 1
    chat = line.chat
    assert (chat.status, chat.owner, chat.attention) == ("waiting", "human", "wants a refund")
    line.say("alô?")
    line.settle()
    assert len(line.provider.sent) == 1
    take(line)
    assert (line.chat.status, line.chat.attention) == ("open", "")


def test_message_during_a_call_for_a_person_is_answered_after_handing_back(line: Line) -> None:
    """The turn that a message opened under the agent's earlier rule is not lost when the agent gets the chat back."""
    line.model.script.append(call_person())
    line.say("quero uma pessoa")
    run("update turn set supersedes = 2 where chat_id = %s", (line.chat.id,))
    gate = hold_model(line)
    line.start()
    wait_until(lambda: line.model.waiting == 1)
    line.say("e o preço?")
    gate.set()
    line.rest()
    give(line)
    line.settle()
    assert len(line.provider.sent) == 2
    assert [(t.state, t.from_seq) for t in line.turns()] == [("done", 1), ("cancelled", 2), ("done", 2)]


def test_resolved_chat_begins_anew_with_the_agent(line: Line) -> None:
    line.say()
    line.settle()
    take(line)
    resolve_chat(line.tawkee, line.company.workspace_id, line.chat.id, line.company.user_id)
    assert (line.chat.status, line.chat.owner, line.chat.unread) == ("resolved", "ai", 0)
    line.say("voltei")
    line.settle()
    assert (line.chat.status, len(line.provider.sent)) == ("open", 2)
    rows = run("select status from interaction where chat_id = %s order by started_at", (line.chat.id,))
    assert [row.status for row in rows] == ["RESOLVED", "RUNNING"]


def test_chat_of_another_workspace_is_not_found(line: Line) -> None:
    line.say()
    for step in (take_over, hand_back, resolve_chat):
        with pytest.raises(NotFound):
            step(line.tawkee, new_id(), line.chat.id, line.company.user_id)
