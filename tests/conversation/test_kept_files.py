"""Where files cannot be kept, nobody is told that they were, and a contact's file is fetched again."""

from dataclasses import replace
from pathlib import Path

import pytest

from tawkee_core import hookimpl
from tawkee_core.conversation.compose import Draft, send_draft
from tawkee_core.conversation.listen import fetch_media
from tawkee_core.conversation.media import why_unwritable
from tawkee_core.db import run
from tawkee_core.errors import Unavailable
from tawkee_core.models import new_id
from tawkee_core.types import Channel, Media
from tests.lines import Line


def test_file_of_a_person_that_cannot_be_kept_is_refused_and_nothing_said(line: Line, tmp_path: Path) -> None:
    line.say()
    line.settle()
    (tmp_path / "media").touch()
    full = replace(line.tawkee, settings=replace(line.tawkee.settings, data=str(tmp_path)))
    assert why_unwritable(full.settings)
    draft = Draft(text="Olhe", media=Media(mimetype="image/png", filename="a.png", data=b"x"))
    with pytest.raises(Unavailable) as caught:
        send_draft(full, line.company.workspace_id, line.chat.id, line.company.user_id, draft)
    assert caught.value.slug == "files_unavailable"
    assert [message.text for message in line.messages("out")] == ["echo: oi"]


class Phone:
    """A channel whose files are fetched."""

    @hookimpl
    def channel_media(self, channel: Channel, media: Media) -> Media:
        return replace(media, data=b"x")


def test_file_of_a_contact_that_cannot_be_kept_is_fetched_again(line: Line, tmp_path: Path) -> None:
    line.say()
    (message,) = line.messages("in")
    media_id = new_id()
    run(
        "insert into media (id, workspace_id, message_id, mimetype, ref, state) values (%s, %s, %s, 'image/png', %s,"
        " 'remote')",
        (media_id, line.company.workspace_id, message.id, {}),
    )
    line.tawkee.plugins.register(Phone(), "phone")
    channel = replace(line.channel, kind="phone")
    (tmp_path / "media").touch()
    full = replace(line.tawkee, settings=replace(line.tawkee.settings, data=str(tmp_path)))
    media = Media(media_id, "image/png")
    assert fetch_media(full, channel, media_id, media) is None
    (row,) = run("select state, attempts from media where id = %s", (media_id,))
    assert (row.state, row.attempts) == ("remote", 0)
    assert fetch_media(line.tawkee, channel, media_id, media) is not None
