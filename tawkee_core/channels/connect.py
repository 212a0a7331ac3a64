"""How a channel stands with its provider: asked, or told by a webhook, and kept. No database connection is held while a
provider is asked."""

from typing import Any, Literal, cast

import structlog
from psycopg2.extras import Json

from ..audit import note_change
from ..context import Tawkee, current
from ..db import Cursor, transaction
from ..errors import AuthLost, Conflict, NotFound
from ..security import seal, unseal
from ..types import Channel, Connection, ConnectionState, Label, TemplateInfo
from .load import load_channel, seal_context
from .setup import channel_info
from .tell import tell_change

Step = Literal["connect", "qr", "status", "disconnect"]
# what is not said anew stays: a code while it may still be scanned, words while nothing changed
APPLY = """
with before as (select id, status from channel where id = %(id)s and deleted_at is null for update)
update channel h set status = %(state)s, updated_at = now(),
    detail = coalesce(%(detail)s::jsonb, case h.status when %(state)s then h.detail else '{}' end),
    qr = case when %(state)s = 'connecting' then coalesce(%(qr)s::jsonb, h.qr) end,
    config = h.config || %(plain)s::jsonb, sealed = coalesce(%(sealed)s, h.sealed),
    paused_until = case when %(state)s = 'connected' then null else h.paused_until end
from before where h.id = before.id
returning h.id, h.workspace_id, h.name, h.detail, h.status, h.qr, before.status as before
"""
CHANGING = ("connect", "disconnect")
log = structlog.get_logger()


def apply_connection(cursor: Cursor | None, channel: Channel, connection: Connection, intended: bool = False) -> None:
    """Keep what a provider says of a channel, within the caller's transaction where one is given. Those in charge are
    told of a change for the worse, unless it is what somebody `intended`."""
    if cursor is None:
        with transaction() as own:
            apply_connection(own, channel, connection, intended)
        return
    plain, sealed = keep_config(cursor, channel, connection)
    parameters = {
        "id": channel.id,
        "state": connection.state,
        "detail": Json(show_label(connection.detail)) if connection.detail else None,
        "qr": Json({"image": connection.qr.image, "code": connection.qr.code}) if connection.qr else None,
        "plain": Json(plain),
        "sealed": sealed,
    }
    cursor.execute(APPLY, parameters)
    row: Any = cursor.fetchone()
    if row is not None:
        tell_change(cursor, row, row.before, intended)
    if connection.state != channel.status:
        log.info(
            "channel_changed", channel_id=channel.id, kind=channel.kind, before=channel.status, now=connection.state
        )


def show_label(label: Label) -> dict[str, str]:
    return {"pt": label.pt, "en": label.en}


def keep_config(cursor: Cursor, channel: Channel, connection: Connection) -> tuple[dict[str, Any], str | None]:
    """What a plugin wants kept: its declared plain fields as they are, all else sealed with the present secrets."""
    if not connection.config:
        return {}, None
    tawkee = current()
    shown = {field.name for field in channel_info(tawkee, channel.kind).fields if field.kind != "secret"}
    plain = {name: value for name, value in connection.config.items() if name in shown}
    secrets = {name: value for name, value in connection.config.items() if name not in shown}
    cursor.execute("select sealed from channel where id = %s for update", (channel.id,))
    row: Any = cursor.fetchone()
    if not secrets or row is None:
        return plain, None
    context = seal_context(channel.workspace_id, channel.id)
    return plain, seal(tawkee.settings, context, unseal(tawkee.settings, context, row.sealed) | secrets)


def find_channel(tawkee: Tawkee, workspace_id: str, channel_id: str) -> Channel:
    """A channel of this workspace as its plugin is given it. Raises NotFound."""
    channel = load_channel(tawkee.settings, channel_id)
    if channel.workspace_id != workspace_id:
        raise NotFound()
    return channel


def ask_provider(tawkee: Tawkee, workspace_id: str, channel_id: str, step: Step) -> Connection:
    """Take a step with the provider and keep how the channel stands then; lost credentials make it `failed`.

    Raises NotFound, UnknownPlugin, Conflict where this kind knows no such step, and what the plugin raises."""
    channel = find_channel(tawkee, workspace_id, channel_id)
    info = channel_info(tawkee, channel.kind)
    connection = without_provider(channel, step) if info.connects == "none" else call_provider(tawkee, channel, step)
    if connection is None:
        raise Conflict("This kind of channel does not do that.", slug="not_supported")
    with transaction() as cursor:
        apply_connection(cursor, channel, connection, intended=step == "disconnect")
        if step in CHANGING:
            note_change(
                workspace_id, f"channel.{step}", channel_id, {"status": channel.status}, {"status": connection.state}
            )
    return connection


def call_provider(tawkee: Tawkee, channel: Channel, step: Step) -> Connection | None:
    hook = getattr(tawkee.plugins.channel(channel.kind), f"channel_{step}")
    try:
        connection: Connection | None = hook(channel=channel)
    except AuthLost as error:
        log.warning("channel_auth_lost", channel_id=channel.id, kind=channel.kind, reason=str(error)[:300])
        return Connection("failed", refused_label(error))
    return connection


def list_templates(tawkee: Tawkee, workspace_id: str, channel_id: str) -> list[TemplateInfo]:
    """The provider's templates. Raises NotFound, Conflict where this kind has none, and what the plugin raises."""
    channel = find_channel(tawkee, workspace_id, channel_id)
    templates = tawkee.plugins.channel(channel.kind).channel_templates(channel=channel)
    if templates is None:
        raise Conflict("This kind of channel has no templates.", slug="not_supported")
    return templates


def refused_label(error: AuthLost) -> Label:
    return Label(
        f"O provedor não aceitou as credenciais: {error}", f"The provider did not accept the credentials: {error}"
    )


def without_provider(channel: Channel, step: Step) -> Connection | None:
    """A kind that needs no connecting is switched on and off here."""
    states: dict[str, ConnectionState] = {"connect": "connected", "disconnect": "disconnected"}
    if step == "status":
        return Connection(cast(ConnectionState, channel.status))
    return Connection(states[step]) if step in states else None
