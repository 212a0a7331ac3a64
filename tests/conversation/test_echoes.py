"""What left from our own side: our own send come back, or somebody typing on the phone."""

import pytest

from tawkee_core.conversation.compose import write_message
from tawkee_core.conversation.markup import format_text
from tawkee_core.errors import NotSent
from tawkee_core.types import Button
from tests.lines import Line, hold_provider, set_semantics, wait_until


def echo(line: Line, id: str, text: str, **more: str) -> None:
    assert line.post({"type": "echo", "id": id, "to": "ana", "text": text, **more}) == 200


def test_own_send_come_back_after_its_answer_changes_nothing(line: Line) -> None:
    line.say()
    line.settle()
    (sent,) = line.provider.sent
    echo(line, sent.id, sent.text)
    assert (len(line.messages()), line.chat.owner) == (2, "ai")


def test_own_send_come_back_before_its_answer_confirms_it(line: Line) -> None:
    release = hold_provider(line)
    line.say()
    line.start()
    wait_until(lambda: [o.state for o in line.outbounds()] == ["sending"])
    echo(line, "wamid.1", "echo: oi")
    (message,) = line.messages("out")
    assert (message.status, message.provider_message_id, line.chat.owner) == ("sent", "wamid.1", "ai")
    release.set()
    line.rest()
    (message,) = line.messages("out")
    assert (message.status, message.provider_message_id) == ("sent", "wamid.1")
    assert [t.state for t in line.turns()] == ["done"]


def test_echo_confirms_what_was_never_answered(line: Line) -> None:
    line.provider.lose_answer = 1
    line.say()
    line.settle()
    assert [m.status for m in line.messages("out")] == ["unconfirmed"]
    echo(line, "wamid.2", "echo: oi")
    assert [(m.status, m.provider_message_id) for m in line.messages("out")] == [("sent", "wamid.2")]
    assert [o.state for o in line.outbounds()] == ["sent"]


def test_echo_under_our_client_id_is_ours_whatever_it_says(line: Line) -> None:
    set_semantics(line, "reconcilable")
    release = hold_provider(line)
    line.say()
    line.start()
    wait_until(lambda: [o.state for o in line.outbounds()] == ["sending"])
    echo(line, "wamid.3", "*echo:* oi", client_id=line.messages("out")[0].id)
    release.set()
    line.rest()
    assert (len(line.messages("out")), line.chat.owner) == (1, "ai")


def test_echo_under_the_id_of_what_was_taken_for_not_sent_is_no_takeover(line: Line) -> None:
    """A proxy's 502, taken for a refusal: the provider's own word that it has the message counts for more."""
    line.provider.fail_with.append(NotSent("HTTP 502"))
    line.say()
    line.start()
    line.rest()
    assert [(o.state, o.attempts) for o in line.outbounds()] == [("pending", 1)]
    echo(line, "wamid.5", "echo: oi", client_id=line.messages("out")[0].id)
    line.settle()
    assert [(m.status, m.provider_message_id) for m in line.messages("out")] == [("sent", "wamid.5")]
    assert (line.chat.owner, line.provider.sent) == ("ai", [])


@pytest.mark.parametrize("markup", ["whatsapp", "plain"])
def test_own_send_comes_back_with_the_channels_marks(line: Line, markup: str) -> None:
    line.echo.extra = {"markup": markup}
    release = hold_provider(line)
    line.say("**veja**:\n* um\n* dois, em [nosso site](https://loja.example/dois_a)")
    line.start()
    wait_until(lambda: [o.state for o in line.outbounds()] == ["sending"])
    said = format_text(line.messages("out")[0].text, markup)  # type: ignore[arg-type]  # it is a Markup
    assert said != line.messages("out")[0].text
    echo(line, "wamid.4", said)
    assert line.chat.owner == "ai"
    release.set()
    line.rest()
    assert [(m.status, m.provider_message_id) for m in line.messages("out")] == [("sent", "wamid.4")]


def test_own_choices_come_back_numbered(line: Line) -> None:
    line.say()
    line.settle()
    line.provider.lose_answer = 1
    choices = [Button("s", "Sim"), Button("n", "Não")]
    write_message(line.tawkee, line.company.workspace_id, line.chat.id, None, "Serve?", buttons=choices)
    line.settle()
    sent = line.provider.sent[-1]
    echo(line, sent.id, sent.text)
    assert [m.status for m in line.messages("out")] == ["sent", "sent"]
    assert sent.text == "Serve?\n\n1. Sim\n2. Não"


def test_other_words_are_not_taken_for_ours(line: Line) -> None:
    line.provider.lose_answer = 1
    line.say()
    line.settle()
    echo(line, "phone-1", "echo: oi, já te ligo")
    assert ([m.status for m in line.messages("out")], line.chat.owner) == (["unconfirmed", "sent"], "human")


def test_words_typed_on_the_phone_are_a_takeover(line: Line) -> None:
    line.say()
    line.settle()
    echo(line, "phone-1", "deixa comigo")
    typed = line.messages("out")[-1]
    assert (typed.author, typed.text, typed.status) == ("person", "deixa comigo", "sent")
    assert (line.chat.owner, line.chat.unread) == ("human", 0)
    line.say("obrigada")
    line.settle()
    assert len(line.provider.sent) == 1


def test_same_echo_again_is_no_second_takeover(line: Line) -> None:
    line.say()
    echo(line, "phone-1", "deixa comigo")
    epoch = line.chat.epoch
    echo(line, "phone-1", "deixa comigo")
    assert (line.chat.epoch, len(line.messages("out"))) == (epoch, 1)


def test_business_that_writes_first_owns_the_chat(line: Line) -> None:
    echo(line, "phone-1", "olá, aqui é da loja")
    line.say("quem é?")
    line.settle()
    assert (line.chat.owner, line.provider.sent) == ("human", [])
