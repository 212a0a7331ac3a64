"""Looking after connected channels: credentials are renewed in time, missed events are fetched, a channel that fell
silent is
asked how it stands and connected again where nobody has to scan anything. One process at a time looks after a
channel."""

import time
from dataclasses import replace
from typing import Any

import structlog

from ..channels.connect import apply_connection
from ..channels.load import open_channel
from ..channels.pause import lose_auth
from ..channels.setup import channel_info
from ..context import Tawkee
from ..conversation.receive import fetch_events, receive_events
from ..db import persist, run
from ..errors import AuthLost, BadInput, Conflict, NotFound, TawkeeError
from ..types import Channel, ChannelEvent, Connection, Label

CHECK_SECONDS = 300
RENEW_SECONDS = 900
OVERLAP_SECONDS = 120
log = structlog.get_logger()

CLAIM = """
with due as (
    select id from channel where deleted_at is null and status <> 'disconnected' and check_at <= now()
    order by check_at limit %(count)s for update skip locked
)
update channel h set check_at = now() + make_interval(secs => %(wait)s) from due where h.id = due.id returning h.*
"""


def claim_checks(count: int) -> list[Any]:
    """Take up to `count` channels that were not looked after for five minutes."""
    return run(CLAIM, {"count": count, "wait": CHECK_SECONDS})


def check_channel(tawkee: Tawkee, row: Any) -> None:
    """Look after one claimed channel. What the provider cannot do now is done at the next look."""
    channel = open_channel(tawkee.settings, row)
    try:
        channel = renew_credentials(tawkee, channel)
        check_status(tawkee, channel)
        catch_up(tawkee, channel, row.caught_up_at.timestamp())
    except AuthLost as error:
        if channel.status != "failed":  # else it is known, and was told
            lose_auth(channel, str(error))
    except TawkeeError as error:
        log.warning("channel_unchecked", channel_id=channel.id, kind=channel.kind, error=f"{error.slug}: {error}"[:300])


def renew_credentials(tawkee: Tawkee, channel: Channel) -> Channel:
    """The channel with credentials that hold until the next look at least."""
    if not is_renewal_due(channel):
        return channel
    try:
        renewed = tawkee.plugins.channel(channel.kind).channel_refresh(channel=channel)
    except AuthLost:
        raise
    except TawkeeError as error:  # the old ones may serve still, and the next look tries again
        log.warning(
            "channel_not_renewed", channel_id=channel.id, kind=channel.kind, error=f"{error.slug}: {error}"[:300]
        )
        return channel
    if renewed is None:
        return channel
    # what was renewed works once: through a restart of PostgreSQL if need be
    persist(lambda: apply_connection(None, channel, renewed))
    log.info("channel_renewed", channel_id=channel.id, kind=channel.kind)
    return replace(channel, config={**channel.config, **renewed.config})


def is_renewal_due(channel: Channel) -> bool:
    """Whether the plugin's own time for it (`renew_at`) has come, or the credentials' end (`expires_at`) is near."""
    renew_at, expires_at = channel.config.get("renew_at"), channel.config.get("expires_at")
    if isinstance(renew_at, int | float):
        return renew_at <= time.time()
    return isinstance(expires_at, int | float) and expires_at - time.time() <= RENEW_SECONDS


def catch_up(tawkee: Tawkee, channel: Channel, since: float) -> None:
    """Receive what the provider failed to deliver; what is here already changes nothing."""
    started = time.time()
    missed = tawkee.plugins.channel(channel.kind).channel_catch_up(channel=channel, since=since - OVERLAP_SECONDS)
    if missed is None:
        return
    left = [event for event in missed if not catch_event(tawkee, channel, event)]
    if missed:
        log.info("channel_caught_up", channel_id=channel.id, events=len(missed) - len(left), left=len(left))
    if left:
        return
    run("update channel set caught_up_at = to_timestamp(%s) where id = %s", (started, channel.id))


def catch_event(tawkee: Tawkee, channel: Channel, event: ChannelEvent) -> bool:
    """Receive one missed event; whether it is settled. One that cannot be had now does not hold up the others."""
    try:
        receive_events(tawkee, channel, fetch_events(tawkee, channel, [event]))
    except AuthLost:
        raise
    except TawkeeError as error:
        log.warning("missed_event_left", channel_id=channel.id, error=f"{error.slug}: {error}"[:300])
        return False
    return True


def check_status(tawkee: Tawkee, channel: Channel) -> None:
    """Ask how the channel stands; one that was connected and is not any more is connected again where that is possible,
    and one that failed serves again as soon as its provider accepts it."""
    plugin = tawkee.plugins.channel(channel.kind)
    stands = plugin.channel_status(channel=channel)
    if stands is None:
        return
    if channel.status == "connected" and stands.state == "disconnected":
        stands = reconnect(tawkee, channel) or stands
    if channel.status == "failed" and stands.state != "connected":
        return
    if stands.state != channel.status:
        log.warning("channel_changed", channel_id=channel.id, before=channel.status, now=stands.state)
        apply_connection(None, channel, stands)


def reconnect(tawkee: Tawkee, channel: Channel) -> Connection | None:
    """How the channel stands after connecting it again; what its provider refuses is left to a person, who is told."""
    if channel_info(tawkee, channel.kind).connects == "oauth":
        return None
    log.warning("channel_reconnecting", channel_id=channel.id, kind=channel.kind)
    try:
        return tawkee.plugins.channel(channel.kind).channel_connect(channel=channel)
    except (BadInput, Conflict, NotFound) as error:
        log.warning("channel_not_reconnected", channel_id=channel.id, error=f"{error.slug}: {error}"[:300])
        return Connection("disconnected", refused_label(error))


def refused_label(error: TawkeeError) -> Label:
    return Label(f"Caiu, e não pôde ser reconectado: {error}", f"It fell, and could not be connected again: {error}")
