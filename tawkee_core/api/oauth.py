"""Connecting by OAuth: where the owner goes, and the page they come back to."""

from typing import Any

from flask import Blueprint as Pages, Response, request
from markupsafe import escape
from marshmallow import fields

from ..channels.authorize import authorize_url, finish_authorization
from ..context import current
from ..errors import TawkeeError
from .access import signed_in
from .outputs import Output
from .routes import Blueprint

blueprint = Blueprint("oauth", __name__, url_prefix="/api/workspaces/<id:workspace_id>", description="Connect by OAuth")
pages = Pages("oauth_pages", __name__)
PAGE = """<!doctype html><html lang="{lang}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>Tawkee</title><body><main><h1>{title}</h1><p>{text}</p></main>"""
WORDS = {
    True: {"pt": ("Conectado", "Pode fechar esta janela."), "en": ("Connected", "You may close this window.")},
    False: {"pt": ("Não foi possível conectar", ""), "en": ("Could not connect", "")},
}


class AuthorizeOutput(Output):
    url = fields.String(metadata={"description": "Send the owner's browser there"})


@blueprint.route("/channels/<id:channel_id>/authorize", methods=["POST"])
@signed_in
@blueprint.refuses(409)
@blueprint.response(200, AuthorizeOutput)
def authorize(workspace_id: str, channel_id: str) -> dict[str, Any]:
    """Where the owner lets us in at the provider; good for ten minutes"""
    return {"url": authorize_url(current(), workspace_id, channel_id)}


@pages.route("/oauth/<kind>/callback")
def callback(kind: str) -> Response:
    """The owner comes back from the provider, having allowed us in or not."""
    try:
        connection = finish_authorization(current(), kind, request.args.to_dict())
    except TawkeeError as error:
        return show_page(False, str(error), error.status)
    return show_page(connection.state == "connected", "", 200)


def show_page(worked: bool, reason: str, status: int) -> Response:
    lang = "pt" if request.accept_languages.best_match(("pt", "pt-BR", "en"), "pt") != "en" else "en"
    title, text = WORDS[worked][lang]
    return Response(PAGE.format(lang=lang, title=title, text=escape(reason or text)), status, mimetype="text/html")
