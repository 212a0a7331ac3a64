"""Letting us in at a provider by OAuth: the owner goes there with a state that is signed, ours for ten minutes and good
for one return."""

from typing import Any

from ..audit import note_change
from ..context import Tawkee
from ..db import run, transaction
from ..errors import Conflict, Unauthorized
from ..security import new_secret, read_token, same_text, sign_token
from ..types import Connection
from .connect import apply_connection, find_channel
from .load import load_channel

SECONDS = 600
USE = "update channel set oauth_nonce = '' where id = %s and oauth_nonce = %s and oauth_nonce <> '' returning id"


def authorize_url(tawkee: Tawkee, workspace_id: str, channel_id: str) -> str:
    """Where the owner allows us in. Raises NotFound, and Conflict for a kind that is not connected so."""
    channel = find_channel(tawkee, workspace_id, channel_id)
    nonce = new_secret()
    run("update channel set oauth_nonce = %s where id = %s", (nonce, channel.id))
    claims = {"channel": channel.id, "nonce": nonce}
    state = sign_token(tawkee.settings, "oauth", claims, SECONDS)
    url = tawkee.plugins.channel(channel.kind).channel_authorize(
        channel=channel, state=state, return_url=return_url(tawkee, channel.kind)
    )
    if url is None:
        raise Conflict("This kind of channel is not connected by OAuth.", slug="not_supported")
    return url


def return_url(tawkee: Tawkee, kind: str) -> str:
    return f"{tawkee.settings.public_url.rstrip('/')}/oauth/{kind}/callback"


def finish_authorization(tawkee: Tawkee, kind: str, query: dict[str, str]) -> Connection:
    """Take the owner back: credentials in, state used up. Raises Unauthorized for a state that is not ours or was
    used."""
    claims = read_token(tawkee.settings, "oauth", query.get("state", ""))
    channel = load_channel(tawkee.settings, str(claims["channel"]))
    if not same_text(channel.kind, kind) or not run(USE, (channel.id, str(claims["nonce"]))):
        raise Unauthorized("This way in was used already, or is another's.", slug="invalid_state")
    connection: Any = tawkee.plugins.channel(kind).channel_callback(
        channel=channel, query=query, return_url=return_url(tawkee, kind)
    )
    if connection is None:
        raise Conflict("This kind of channel is not connected by OAuth.", slug="not_supported")
    with transaction() as cursor:
        apply_connection(cursor, channel, connection)
        note_change(channel.workspace_id, "channel.authorize", channel.id, after={"status": connection.state})
    return Connection(connection.state, connection.detail)
