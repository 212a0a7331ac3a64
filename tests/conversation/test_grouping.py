"""A burst of messages is one turn: collected for a while, never for ever, also when they come at the same moment."""

from collections.abc import Iterator

import pytest

from tawkee_core.db import run
from tawkee_core.testing.echo_channel import EchoChannel
from tawkee_core.testing.echo_model import EchoModel
from tawkee_core.testing.running import Running
from tests.lines import Line, hold_model, in_parallel, open_line, wait_until


@pytest.fixture
def grouped(tawkee: Running, echo_channel: EchoChannel, echo_model: EchoModel) -> Iterator[Line]:
    """A line whose agent waits ten seconds for more."""
    yield from open_line(tawkee, echo_channel, echo_model, message_grouping_time=10)


def test_burst_is_one_turn_and_one_answer(grouped: Line) -> None:
    for text in ("oi", "tudo bem?", "quanto custa?"):
        grouped.say(text)
    assert grouped.start() == 0, "the window is still open"
    (turn,) = grouped.turns()
    assert (turn.from_seq, turn.upto_seq, turn.state) == (1, 3, "collecting")
    grouped.pass_time()
    grouped.settle()
    assert grouped.provider.texts() == ["echo: oi | tudo bem? | quanto custa?"]


def test_each_message_opens_the_window_anew(grouped: Line) -> None:
    grouped.say("um")
    first = grouped.turns()[0].due_at
    grouped.say("dois")
    turn = grouped.turns()[0]
    assert turn.due_at > first
    assert turn.due_at < turn.deadline


def test_chatty_contact_is_answered_at_the_deadline(grouped: Line) -> None:
    grouped.say("um")
    run("update turn set deadline = now() + interval '1 s' where chat_id = %s", (grouped.chat.id,))
    grouped.say("dois")
    turn = grouped.turns()[0]
    assert turn.due_at == turn.deadline


def test_parallel_messages_are_collected_into_one_turn(grouped: Line) -> None:
    texts = {f"mensagem {number}" for number in range(20)}
    in_parallel([lambda text=text: grouped.say(text) for text in sorted(texts)])  # type: ignore[misc]  # a default binds
    messages = grouped.messages()
    assert {m.text for m in messages} == texts
    assert [m.seq for m in messages] == list(range(1, 21))
    (turn,) = grouped.turns()
    assert (turn.from_seq, turn.upto_seq) == (1, 20)
    assert grouped.chat.unread == 20


def test_burst_while_the_agent_thinks_waits_for_its_window(grouped: Line) -> None:
    """What comes during a turn is collected with its own window, also when the turn is begun again because of it."""
    gate = hold_model(grouped)
    grouped.say("um")
    grouped.pass_time()
    grouped.start()
    wait_until(lambda: grouped.model.waiting == 1)
    grouped.say("dois")
    gate.set()
    grouped.rest()
    (turn,) = grouped.turns()
    assert (turn.state, turn.from_seq, turn.upto_seq, turn.supersedes) == ("collecting", 1, 2, 1)
    assert grouped.start() == 0, "the window of the second message is still open"
    grouped.pass_time()
    grouped.settle()
    assert grouped.provider.texts() == ["echo: um | dois"]
