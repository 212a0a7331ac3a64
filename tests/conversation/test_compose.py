"""A person's own words: in the chat's order, once a client id, and never held up by who owns the chat."""

import pytest

from tawkee_core.conversation.compose import resend_message, write_message
from tawkee_core.conversation.handover import hand_back
from tawkee_core.conversation.media import media_folder
from tawkee_core.errors import AuthLost, BadInput, Conflict, NotFound, NotSent, Refused, TooLarge
from tawkee_core.models import new_id
from tawkee_core.types import Button, Media, MediaRule
from tests.lines import Line, hold_provider, in_parallel, wait_until


def write(line: Line, text: str = "aqui é a Bia", client_id: str | None = None, media: Media | None = None) -> str:
    ids = (line.company.workspace_id, line.chat.id, line.company.user_id)
    return write_message(line.tawkee, *ids, text=text, client_id=client_id, media=media)


def resend(line: Line, message_id: str) -> None:
    resend_message(line.tawkee, line.company.workspace_id, line.chat.id, message_id)


def test_writing_is_taking_over(line: Line) -> None:
    line.say()
    write(line)
    line.settle()
    assert line.provider.texts() == ["aqui é a Bia"]
    assert (line.chat.owner, line.chat.owner_id) == ("human", line.company.user_id)
    assert [t.state for t in line.turns()] == ["cancelled"]


def test_messages_leave_in_the_order_written(line: Line) -> None:
    line.say()
    line.provider.fail_with.append(NotSent("no connection"))
    for number in range(6):
        write(line, f"parte {number}")
    line.settle()
    assert line.provider.texts() == [f"parte {number}" for number in range(6)]


def test_same_client_id_at_once_is_one_message(line: Line) -> None:
    line.say()
    ids = in_parallel([lambda: write(line, client_id="click-1")] * 10)
    assert len(set(ids)) == 1
    line.settle()
    assert line.provider.texts() == ["aqui é a Bia"]


def test_persons_messages_wait_behind_the_part_being_sent(line: Line) -> None:
    release = hold_provider(line)
    line.say()
    line.start()
    wait_until(lambda: [o.state for o in line.outbounds()] == ["sending"])
    write(line)
    line.start("sends")
    assert [o.state for o in line.outbounds()] == ["sending", "pending"]
    release.set()
    line.settle()
    assert line.provider.texts() == ["echo: oi", "aqui é a Bia"]


def test_persons_message_is_sent_also_after_handing_back(line: Line) -> None:
    line.say()
    line.settle()
    write(line)
    hand_back(line.tawkee, line.company.workspace_id, line.chat.id, line.company.user_id)
    line.settle()
    assert line.provider.texts() == ["echo: oi", "aqui é a Bia"]


def test_file_is_kept_and_sent(line: Line) -> None:
    line.say()
    write(line, "veja", media=Media(mimetype="image/png", filename="a.png", size=3, data=b"png"))
    line.settle()
    assert [(s.kind, s.text) for s in line.provider.sent] == [("image", "veja")]


def test_file_that_vanished_is_shown_as_failed(line: Line) -> None:
    line.say()
    line.provider.fail_with.append(NotSent("no connection"))
    write(line, "veja", media=Media(mimetype="image/png", filename="a.png", size=3, data=b"png"))
    line.start("sends")
    line.rest()
    for path in (media_folder(line.tawkee.settings) / line.company.workspace_id).rglob("*.png"):
        path.unlink()
    line.pass_time()
    line.settle()
    (message,) = line.messages("out")
    assert (message.status, line.provider.sent) == ("failed", [])
    assert "could not be prepared" in message.error


@pytest.mark.parametrize(
    ("media", "error"),
    [
        (Media(mimetype="audio/ogg", data=b"1"), None),
        (Media(mimetype="image/png", data=b"1" * 1_000_001), TooLarge),
    ],
)
def test_files_are_checked_against_the_channel(line: Line, media: Media, error: type[Exception] | None) -> None:
    line.say()
    if error is None:
        write(line, media=media)
        assert line.messages("out")[0].kind == "document"
        return
    with pytest.raises(error):
        write(line, media=media)


def test_message_needs_words_or_a_file(line: Line) -> None:
    line.say()
    with pytest.raises(BadInput):
        write(line, "  \n")


def test_unconfirmed_message_is_sent_again_by_a_person_only(line: Line) -> None:
    line.provider.lose_answer = 1
    line.say()
    line.settle()
    (message,) = line.messages("out")
    assert (message.status, line.chat.attention) == ("unconfirmed", "a message may not have arrived")
    line.pass_time()
    line.settle()
    assert len(line.provider.sent) == 1
    resend(line, message.id)
    line.settle()
    assert [m.status for m in line.messages("out")] == ["sent"]
    assert (len(line.provider.sent), line.chat.attention) == (2, "")


def test_failed_message_is_sent_again_after_a_takeover(line: Line) -> None:
    line.provider.fail_with.append(Refused("blocked"))
    line.say()
    line.settle()
    write(line, "por outro caminho")
    line.settle()
    resend(line, line.messages("out")[0].id)
    line.settle()
    assert line.provider.texts() == ["por outro caminho", "echo: oi"]


def test_what_its_provider_took_and_then_failed_is_sent_again(line: Line) -> None:
    """Most of WhatsApp's refusals come as a status. The new try is known by its own id, not by that of the old one."""
    line.say()
    line.settle()
    line.post({"type": "status", "state": "failed", "id": line.provider.sent[0].id})
    (message,) = line.messages("out")
    assert message.status == "failed"
    resend(line, message.id)
    line.settle()
    again = line.provider.sent[1]
    line.post({"type": "echo", "id": again.id, "to": "ana", "text": again.text})
    line.post({"type": "status", "state": "delivered", "id": again.id})
    (message,) = line.messages("out")
    assert (message.status, message.provider_message_id, line.chat.owner) == ("delivered", again.id, "ai")


@pytest.mark.parametrize("told", ["status", "echo"])
def test_what_turns_out_to_have_arrived_is_not_sent_again(line: Line, told: str) -> None:
    """A person lets an unconfirmed message be sent again; while it waits, the provider tells that it had arrived."""
    line.provider.lose_answer = 1
    line.say()
    line.settle()
    (message,) = line.messages("out")
    resend(line, message.id)
    (sent,) = line.provider.sent
    if told == "status":
        line.post({"type": "status", "state": "delivered", "client_id": message.id})
    else:
        line.post({"type": "echo", "id": sent.id, "to": "ana", "text": sent.text})
    line.settle()
    assert len(line.provider.sent) == 1
    (message,) = line.messages("out")
    assert (message.status, line.chat.owner) == ("delivered" if told == "status" else "sent", "ai")


def test_sent_or_strange_messages_are_not_sent_again(line: Line) -> None:
    line.say()
    line.settle()
    with pytest.raises(Conflict):
        resend(line, line.messages("out")[0].id)
    for strange in (new_id(), line.messages("in")[0].id):
        with pytest.raises((NotFound, Conflict)):
            resend(line, strange)


def test_channel_that_lost_its_credentials_keeps_what_was_written(line: Line) -> None:
    line.say()
    line.provider.fail_with.append(AuthLost("token revoked"))
    write(line)
    line.start("sends")
    line.rest()
    assert [m.status for m in line.messages("out")] == ["queued"]
    line.pass_time()
    line.settle()
    assert line.provider.texts() == ["aqui é a Bia"]


def texts_out(line: Line) -> list[tuple[str, str]]:
    return [(m.kind, m.text) for m in line.messages("out") if m.author == "person"]


def test_persons_long_words_leave_in_parts(line: Line) -> None:
    line.echo.max_text = 70
    line.say()
    words = "Uma frase curta. Outra, um pouco mais longa do que a primeira! E a pergunta?"
    write_message(line.tawkee, line.company.workspace_id, line.chat.id, line.company.user_id, words)
    line.settle()
    assert line.provider.texts()[-2:] == [words.partition(" E ")[0], "E a pergunta?"]
    with pytest.raises(TooLarge) as caught:
        write_message(line.tawkee, line.company.workspace_id, line.chat.id, line.company.user_id, "palavra " * 60)
    assert caught.value.slug == "text_too_long"


def test_words_that_a_file_has_no_room_for_follow_it(line: Line) -> None:
    line.echo.extra = {"media_out": {"image": MediaRule(("image/*",), 1000, max_caption=10)}}
    line.say()
    photo = Media(mimetype="image/png", filename="a.png", data=b"x")
    for text in ("curta", "uma legenda longa demais"):
        write_message(line.tawkee, line.company.workspace_id, line.chat.id, line.company.user_id, text, media=photo)
    assert texts_out(line) == [("image", "curta"), ("image", ""), ("text", "uma legenda longa demais")]


def test_choices_stand_under_the_last_part_or_after_it(line: Line) -> None:
    line.echo.max_text = 40
    line.say()
    sizes = (Button("s", "Pequeno"), Button("l", "Grande"))
    long = "Temos dois tamanhos. Qual dos dois prefere, afinal?"
    write_message(line.tawkee, line.company.workspace_id, line.chat.id, line.company.user_id, long, buttons=sizes)
    line.settle()
    assert line.provider.texts()[-3:] == [
        "Temos dois tamanhos.",
        "Qual dos dois prefere, afinal?",
        "1. Pequeno\n2. Grande",
    ]
    assert line.chat.offer == [{"id": "s", "title": "Pequeno"}, {"id": "l", "title": "Grande"}]
