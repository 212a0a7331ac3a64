"""From a channel's row to what its plugin is given."""

from collections.abc import Mapping
from typing import Any

from ..db import run
from ..errors import NotFound, Unavailable
from ..security import unseal
from ..settings import Settings
from ..statements import Statement
from ..types import Channel

LOAD = Statement(
    """
select c.id, c.workspace_id, c.agent_id, c.kind, c.name, c.config, c.sealed, c.webhook_token, c.status
from channel c where c.id = %(id)s and c.deleted_at is null
"""
)


# the latest ones: older ones may have been lost with a key long ago
SEALED = (
    "select id, workspace_id, sealed from channel where sealed <> '' and deleted_at is null order by id desc limit 5"
)


def load_channel(settings: Settings, channel_id: str) -> Channel:
    """A channel by its id, secrets opened. Raises NotFound, also for what is no id at all or was deleted."""
    if not is_id(channel_id):
        raise NotFound()
    rows = run(LOAD, {"id": channel_id})
    if not rows:
        raise NotFound()
    return open_channel(settings, rows[0])


def open_channel(settings: Settings, row: Any) -> Channel:
    """What a plugin is given, from any row with the columns of a channel (`id`, `sealed`, `webhook_token` …)."""
    workspace_id = str(row.workspace_id)
    secrets = unseal(settings, seal_context(workspace_id, row.id), row.sealed)
    return Channel(
        id=row.id,
        workspace_id=workspace_id,
        agent_id=str(row.agent_id),
        kind=row.kind,
        name=row.name,
        config=merged(row.config, secrets),
        webhook_url=webhook_url(settings, row.id, row.webhook_token),
        webhook_secret=row.webhook_token,
        status=row.status,
    )


def are_keys_right(settings: Settings) -> bool:
    """Whether the keys given open any of the latest channels' secrets; True where there are none."""
    rows = run(SEALED)
    return not rows or any(opens(settings, row) for row in rows)


def opens(settings: Settings, row: Any) -> bool:
    try:
        unseal(settings, seal_context(str(row.workspace_id), row.id), row.sealed)
    except Unavailable:
        return False
    return True


def merged(config: Mapping[str, Any], secrets: Mapping[str, Any]) -> dict[str, Any]:
    return {**config, **secrets}


def seal_context(workspace_id: str, channel_id: str) -> str:
    return f"channel.sealed|{workspace_id}|{channel_id}"


def webhook_url(settings: Settings, channel_id: str, token: str) -> str:
    return f"{settings.public_url.rstrip('/')}/webhooks/{channel_id}/{token}"


def is_id(text: str) -> bool:
    """Whether a text is a UUID as this project writes them."""
    return len(text) == 36 and all(
        c in "0123456789abcdef" or (c == "-" and i in (8, 13, 18, 23)) for i, c in enumerate(text)
    )
