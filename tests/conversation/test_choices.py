"""Choices: as buttons or numbered, and the number understood back; windows; look-where events."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tawkee_core import Button, Capabilities, Incoming, Media, Message
from tawkee_core.conversation.choices import fit_buttons, named_button, understand_choice
from tawkee_core.conversation.compose import Draft, send_draft
from tawkee_core.conversation.window import is_open, window_shape
from tawkee_core.db import run
from tawkee_core.errors import BadInput
from tawkee_core.testing.echo_channel import EchoChannel
from tawkee_core.testing.running import Running
from tawkee_core.types import Address, Template
from tests.lines import Line, set_semantics

SIZES = (Button("s", "Pequeno"), Button("l", "Grande"))


def test_buttons_are_kept_where_they_fit_and_numbered_elsewhere() -> None:
    message = Message("m", "text", "Qual tamanho?", buttons=SIZES)
    assert fit_buttons(message, Capabilities(buttons=3)) is message
    numbered = fit_buttons(message, Capabilities())
    assert (numbered.text, numbered.buttons) == ("Qual tamanho?\n\n1. Pequeno\n2. Grande", ())
    assert fit_buttons(message, Capabilities(buttons=3, max_button=5)).buttons == ()


@pytest.mark.parametrize(
    ("words", "chosen"),
    [("1", "s"), (" 2. ", "l"), ("(2)", "l"), ("grande", "l"), ("3", None), ("0", None), ("2 grandes", None)],
)
def test_numbers_and_titles_name_a_choice(words: str, chosen: str | None) -> None:
    button = named_button(words, SIZES)
    assert (button.id if button else None) == chosen


def test_choices_stand_under_words_also_beside_a_file(line: Line) -> None:
    line.echo.extra = {"buttons": 3}
    line.say()
    line.settle()
    media = Media(mimetype="image/png", filename="a.png", data=b"PNG")
    for words in ("Qual?", ""):
        draft = Draft(words, media=media, buttons=SIZES)
        send_draft(line.tawkee, line.company.workspace_id, line.chat.id, line.company.user_id, draft)
    line.settle()
    told = [(sent.kind, sent.text) for sent in line.provider.sent[1:]]
    assert told == [("image", ""), ("text", "Qual?"), ("image", ""), ("text", "1. Pequeno\n2. Grande")]
    assert [len(m.data.get("buttons", ())) for m in line.messages("out")] == [0, 0, 2, 0, 2]


def test_only_an_answer_to_an_offer_becomes_a_choice() -> None:
    said = Incoming("1", (Address("echo", "a"),), text="1")
    assert understand_choice(None, said) is said
    offer = [{"id": "s", "title": "Pequeno"}]
    chosen = understand_choice(offer, said)
    assert (chosen.kind, chosen.text, chosen.data) == (
        "choice",
        "Pequeno",
        {"id": "s", "title": "Pequeno", "said": "1"},
    )


def test_an_offer_is_numbered_sent_and_understood_once(tawkee: Running, echo_channel: EchoChannel) -> None:
    company = tawkee.add_company()
    channel = tawkee.add_channel(company, "echo")
    tawkee.post_echo(channel, {"type": "message", "id": "a1", "from": "ana", "text": "oi"})
    tawkee.settle()
    chat = tawkee.chat_of(channel)
    send_draft(tawkee.tawkee, chat.workspace_id, chat.id, company.user_id, Draft("Qual?", buttons=SIZES))
    tawkee.settle()
    assert echo_channel.provider.texts("ana")[-1] == "Qual?\n\n1. Pequeno\n2. Grande"
    for number in ("a2", "a3"):
        tawkee.post_echo(channel, {"type": "message", "id": number, "from": "ana", "text": "2"})
    answers = [(m.kind, m.text) for m in tawkee.messages_of(channel) if m.provider_message_id in ("a2", "a3")]
    assert answers == [("choice", "Grande"), ("text", "2")]


def test_a_window_closes_and_a_person_may_have_longer() -> None:
    two_days_ago = datetime.now(UTC) - timedelta(days=2)
    day = Capabilities(reply_window_hours=24, person_window_hours=168, templates=True)
    assert is_open(Capabilities(), "agent", None)
    assert is_open(day, "agent", datetime.now(UTC)) and not is_open(day, "agent", two_days_ago)
    assert is_open(day, "person", two_days_ago) and not is_open(day, "person", None)
    assert window_shape(day, two_days_ago)["open"] is True


def test_a_template_needs_a_channel_that_has_them(tawkee: Running, echo_channel: EchoChannel) -> None:
    company = tawkee.add_company()
    channel = tawkee.add_channel(company, "echo")
    tawkee.post_echo(channel, {"type": "message", "id": "b1", "from": "bia", "text": "oi"})
    tawkee.settle()
    chat: Any = tawkee.chat_of(channel)
    with pytest.raises(BadInput) as caught:
        send_draft(tawkee.tawkee, chat.workspace_id, chat.id, company.user_id, Draft(template=Template("hi", "pt_BR")))
    assert caught.value.slug == "unsupported_template"
    assert run("select last_in_at is not null as heard from chat where id = %s", (chat.id,))[0].heard


def test_a_look_up_is_told_what_was_really_sent(line: Line) -> None:
    """Else the numbered choices would not be found, and be sent twice."""
    set_semantics(line, "reconcilable")
    line.say()
    line.settle()
    line.provider.lose_answer = 1
    chat = line.chat
    send_draft(line.tawkee, chat.workspace_id, chat.id, line.company.user_id, Draft("Qual?", buttons=SIZES))
    line.settle()
    assert line.provider.looked_for == ["Qual?\n\n1. Pequeno\n2. Grande"] == line.provider.texts()[1:]
