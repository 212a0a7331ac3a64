"""Which kind a person's file is sent as: its own where the channel takes the format, else a document, else refused."""

import pytest

from tawkee_core import Capabilities, ChannelInfo, Label, Media, MediaRule
from tawkee_core.conversation.compose import fit_media
from tawkee_core.errors import BadInput, TooLarge

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
