"""What providers tell later: in any order, twice, before their message is known; a status only moves forward."""

import time
from typing import Any

import pytest

from tests.lines import Line


def answered(line: Line) -> str:
    """The provider's id of an answer that was sent."""
    line.say()
    line.settle()
    return str(line.messages("out")[0].provider_message_id)


def status(state: str, id: str) -> dict[str, str]:
    return {"type": "status", "state": state, "id": id}


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        (["delivered", "read"], "read"),
        (["read", "delivered", "sent"], "read"),
        (["delivered", "delivered"], "delivered"),
        (["failed"], "failed"),
        (["failed", "delivered"], "delivered"),
        (["read", "failed"], "read"),
    ],
)
def test_status_only_moves_forward(line: Line, told: list[str], shown: str) -> None:
    id = answered(line)
    for state in told:
        assert line.post(status(state, id)) == 200
    assert line.messages("out")[0].status == shown


def test_status_before_its_message_is_kept_and_applied_then(line: Line) -> None:
    line.post(status("read", "not-yet"))
    (event,) = line.events()
    assert event.state == "new"
    line.say("typed elsewhere")
    line.post({"type": "echo", "id": "not-yet", "to": "ana", "text": "hello from the phone"})
    line.pass_time()
    line.start("events")
    line.rest()
    assert [m.status for m in line.messages("out")] == ["read"]
    assert line.events()[0].state == "applied"


def test_status_of_a_stranger_is_ignored_in_the_end(line: Line) -> None:
    line.post(status("read", "never"))
    for _ in range(4):
        line.pass_time()
        line.start("events")
        line.rest()
    (event,) = line.events()
    assert (event.state, event.attempts) == ("ignored", 5)


def test_unknown_status_in_a_batch_does_not_hold_up_the_rest(line: Line) -> None:
    line.post(status("read", "never"), {"type": "message", "id": "m1", "from": "ana", "text": "oi"})
    line.start()
    line.rest()
    assert line.provider.texts() == ["echo: oi"]


def test_edit_changes_what_the_agent_reads_and_keeps_the_first_words(line: Line) -> None:
    id = line.say("quero 1")
    for text in ("quero 2", "quero 3", "quero 3"):
        line.post({"type": "edited", "id": id, "text": text})
    (message,) = line.messages()
    assert (message.text, message.data["before"]) == ("quero 3", "quero 1")
    line.settle()
    assert line.provider.texts() == ["echo: quero 3"]


def test_message_taken_back_is_kept_but_not_told_to_the_model(line: Line) -> None:
    id = line.say("esqueça")
    line.say("bom dia")
    line.post({"type": "deleted", "id": id})
    line.settle()
    assert line.messages()[0].deleted_at is not None
    assert line.provider.texts() == ["echo: bom dia"]
    assert all("esqueça" not in each.content for each in line.model.asked[0])


def test_edit_before_its_message_waits_for_it(line: Line) -> None:
    line.post({"type": "edited", "id": "later", "text": "corrigido"})
    line.post({"type": "message", "id": "later", "from": "ana", "text": "errado"})
    line.pass_time()
    line.start("events")
    line.rest()
    assert line.messages("in")[0].text == "corrigido"


def test_failure_told_later_asks_for_attention(line: Line) -> None:
    id = answered(line)
    assert line.chat.attention == ""
    line.post(status("failed", id))
    assert line.chat.attention == "a message could not be sent"


def mark(state: str, seconds: float, sender: str = "ana") -> dict[str, Any]:
    return {"type": "watermark", "state": state, "from": sender, "at": time.time() + seconds}


def test_a_watermark_moves_all_that_left_before_it(line: Line) -> None:
    for _ in range(2):
        answered(line)
    line.post(mark("delivered", 1))
    assert [m.status for m in line.messages("out")] == ["delivered"] * 2
    line.post(mark("read", -60), mark("read", 1, "somebody else"))
    assert [m.status for m in line.messages("out")] == ["delivered"] * 2
    line.post(mark("read", 1))
    line.post(mark("delivered", 2))
    assert [m.status for m in line.messages("out")] == ["read"] * 2
    assert all(m.delivered_at and m.read_at for m in line.messages("out"))


def test_a_watermark_settles_nothing_that_may_not_have_left(line: Line) -> None:
    """That somebody read what came tells nothing of a message whose sending nobody is sure of."""
    line.provider.lose_answer = 1
    line.say()
    line.settle()
    line.post(mark("read", 1))
    assert [m.status for m in line.messages("out")] == ["unconfirmed"]
