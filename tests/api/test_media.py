"""The files of messages, as whoever has their signed address gets them."""

from contextlib import closing
from typing import Any

import pytest

from tawkee_core.conversation.media import media_signature
from tawkee_core.db import run
from tests.callers import Caller
from tests.lines import Line
from tests.privacy.conftest import add_file, line as line, owner as owner


def show(line: Line, owner: Caller, media_id: str, signature: str = "") -> Any:
    signature = signature or media_signature(line.tawkee.settings, media_id)
    with closing(owner.client.get(f"/media/{media_id}/{signature}")) as answer:
        assert answer.data
        return answer


@pytest.mark.parametrize(
    "name", ["nota\r\nSet-Cookie: a=b.pdf", "a\u2028b\x85.pdf", '"; filename="x', "", "é\u202e.pdf"]
)
@pytest.mark.parametrize("mimetype", ["application/pdf", "image/png", "text/html"])
def test_a_file_is_shown_whatever_its_sender_called_it(line: Line, owner: Caller, name: str, mimetype: str) -> None:
    line.say()
    media_id = add_file(line, b"<script>alert(1)</script>")
    run("update media set filename = %s, mimetype = %s where id = %s", (name, mimetype, media_id))
    answer = show(line, owner, media_id)
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    inline = mimetype == "image/png"
    assert answer.headers["Content-Disposition"].startswith("inline" if inline else "attachment")
    assert answer.mimetype == (mimetype if inline else "application/octet-stream")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert show(line, owner, media_id, "0" * 43).status_code == 404
