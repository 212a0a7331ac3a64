"""The files of messages, shown to whoever has their signed address."""

import re
from typing import Any

from flask import Blueprint, Response, send_file

from ..channels.load import is_id
from ..context import current
from ..conversation.media import media_folder, media_signature
from ..db import run
from ..errors import NotFound
from ..security import same_text

blueprint = Blueprint("media", __name__)
SHOWN_INLINE = re.compile(r"(image/(png|jpeg|gif|webp)|audio/[\w.+-]+|video/[\w.+-]+)")
YEAR = 31_536_000


@blueprint.route("/media/<media_id>/<signature>")
def show_file(media_id: str, signature: str) -> Response:
    """One kept file. Only what browsers show without running anything is shown in place; all else is a download."""
    settings = current().settings
    if not is_id(media_id) or not same_text(signature, media_signature(settings, media_id)):
        raise NotFound()
    row: Any = next(
        iter(run("select path, mimetype, filename from media where id = %s and state = 'stored'", (media_id,))), None
    )
    if row is None or not (media_folder(settings) / row.path).is_file():
        raise NotFound()
    mimetype = row.mimetype.partition(";")[0]
    inline = SHOWN_INLINE.fullmatch(mimetype) is not None
    response = send_file(
        media_folder(settings) / row.path,
        mimetype=mimetype if inline else "application/octet-stream",
        as_attachment=not inline,
        download_name=" ".join(row.filename.split()),  # its sender chose it; a header has no line breaks
        max_age=YEAR,
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
