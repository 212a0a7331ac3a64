"""Which kind a person's file is sent as: its own where the channel takes the format, else a document, else refused."""

from dataclasses import replace

import pytest

from tawkee_core import Capabilities, ChannelInfo, Label, Media, MediaRule, Message
from tawkee_core.conversation.compose import fit_media, write_message
from tawkee_core.conversation.fit import fit_message, other_form
from tawkee_core.errors import BadInput, Refused, TooLarge
from tests.lines import Line

RULES = {"audio": MediaRule(("audio/ogg",), 10), "document": MediaRule(("*/*",), 20)}
INFO = ChannelInfo(Label("x", "x"), "opaque", capabilities=Capabilities(media_out=RULES))
SILENT = ChannelInfo(Label("x", "x"), "opaque", capabilities=Capabilities(media_out={"audio": RULES["audio"]}))


def test_a_format_the_channel_does_not_take_goes_as_a_document_once() -> None:
    assert fit_media(INFO, Media(mimetype="audio/ogg", data=b"x")) == "audio"
    assert fit_media(INFO, Media(mimetype="audio/x-wav", data=b"x")) == "document"
    assert fit_media(INFO, Media(mimetype="audio/ogg", data=bytes(15))) == "document"
    assert fit_media(INFO, Media(mimetype="text/plain", data=b"x")) == "document"


def test_what_cannot_be_carried_is_refused_with_its_reason() -> None:
    with pytest.raises(BadInput):
        fit_media(SILENT, Media(mimetype="audio/x-wav", data=b"x"))
    with pytest.raises(TooLarge, match="20"):
        fit_media(INFO, Media(mimetype="text/plain", data=bytes(21)))


def test_what_the_channel_does_not_take_has_one_other_form() -> None:
    """What an audio says, else a document, else the agent's link."""
    carries = INFO.capabilities
    voice = Message("m", "audio", "", Media(mimetype="audio/x-wav", data=b"x", url="https://t.example/m"))
    assert fit_message(voice, carries, None).kind == "document"
    spoken = fit_message(replace(voice, text="Olá"), carries, None)
    assert (spoken.kind, spoken.text, spoken.media) == ("text", "Olá", None)
    nowhere = replace(carries, media_out={})
    linked = fit_message(voice, nowhere, None)
    assert (linked.kind, linked.text, linked.media) == ("text", "https://t.example/m", None)
    assert fit_message(replace(voice, author="person"), nowhere, None).kind == "audio"
    assert other_form(Message("m", "text", "oi"), carries) is None


def test_a_file_that_is_refused_is_sent_in_another_form_once(line: Line) -> None:
    line.say()
    line.settle()
    line.provider.fail_with.append(Refused("131053: unable to use this image"))
    photo = Media(mimetype="image/png", filename="a.png", data=b"x")
    write_message(line.tawkee, line.company.workspace_id, line.chat.id, line.company.user_id, media=photo)
    line.settle()
    assert [sent.kind for sent in line.provider.sent] == ["text", "document"]
    line.provider.fail_with += [Refused("no"), Refused("not so either")]
    write_message(line.tawkee, line.company.workspace_id, line.chat.id, line.company.user_id, media=photo)
    line.settle()
    assert (line.messages("out")[-1].status, len(line.provider.sent)) == ("failed", 2)
