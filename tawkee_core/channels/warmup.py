"""An unofficial number's first days: how many people it may write to on a day, a few more each day. What is beyond that
waits for the next day. A number that hardly anybody answers is treated as a new one again."""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from ..db import run, transaction
from ..types import Channel, ChannelInfo

WARM_DAYS = 7
LOOK_AGAIN = 300.0
RATIO_SECONDS = 300.0
MOST_KEPT = 1000
LEAST_WRITTEN, LEAST_RATIO = 30, 0.2
WAITING = "warming_up: the number is new, or hardly anybody answers it, and wrote to enough people today"

AGE = """
select extract(epoch from now() - h.created_at)::float / 86400 as days, r.written, r.answered
from channel h, lateral (
    select count(*) as written, count(*) filter (where heard) as answered from (
        select bool_or(direction = 'in') as heard from message m where m.channel_id = h.id and m.kind <> 'note'
            and m.sent_at > now() - interval '24 hours' group by m.chat_id having bool_or(direction = 'out')) as chats
) as r where h.id = %s
"""
KNOWN = "select 1 as known from warmed_chat where channel_id = %s and day = %s and chat_id = %s"
# one after another, so that two people at once do not both get the day's last place
LOCK = "select pg_advisory_xact_lock(hashtextextended(%s, 2))"
ADD = """
insert into warmed_chat (workspace_id, channel_id, day, chat_id)
select %(workspace)s, %(channel)s, %(day)s, %(chat)s
where (select count(*) from warmed_chat where channel_id = %(channel)s and day = %(day)s) < %(cap)s
on conflict do nothing returning chat_id
"""

_lock = threading.Lock()
_caps: dict[tuple[str, float], tuple[float, int | None]] = {}


def base_of(channel: Channel, info: ChannelInfo) -> float:
    """How many people on the first day, as its owner set it; 0 where there is no warming up."""
    base = channel.config.get("warmup_contacts")
    return float(base) if info.unofficial and isinstance(base, int | float) and base > 0 else 0.0


def daily_cap(channel_id: str, base: float) -> int | None:
    """How many people the number may write to today; None when it is warm, and people answer it."""
    (row,) = run(AGE, (channel_id,)) or (None,)
    if row is None:
        return None
    if row.written >= LEAST_WRITTEN and row.answered < row.written * LEAST_RATIO:
        return max(1, int(base))
    return max(1, int(base * (int(row.days) + 1))) if row.days < WARM_DAYS else None


def recent_cap(channel_id: str, base: float) -> int | None:
    """`daily_cap`, asked of the database every few minutes only."""
    key, now = (channel_id, base), time.monotonic()
    with _lock:
        known = _caps.get(key)
    if known is None or now - known[0] > RATIO_SECONDS:
        known = (now, daily_cap(channel_id, base))
        with _lock:
            if len(_caps) >= MOST_KEPT:
                forget_caps(now)
            _caps[key] = known
    return known[1]


def forget_caps(moment: float) -> None:
    """What would be asked anew needs no entry. Under the lock."""
    for key in [each for each, (asked, _) in _caps.items() if moment - asked > RATIO_SECONDS]:
        del _caps[key]


def may_write(channel: Channel, info: ChannelInfo, chat_id: str) -> bool:
    """Whether the number may write to this chat today; who was written to once is written to all day."""
    base = base_of(channel, info)
    cap = recent_cap(channel.id, base) if base else None
    if cap is None:
        return True
    day = datetime.now(UTC).date()
    if run(KNOWN, (channel.id, day, chat_id)):
        return True
    place = {"workspace": channel.workspace_id, "channel": channel.id, "day": day, "chat": chat_id, "cap": cap}
    with transaction() as cursor:
        cursor.execute(LOCK, (channel.id,))
        cursor.execute(ADD, place)
        return cursor.rowcount > 0


def seconds_to_wait() -> float:
    """Until the day ends, or sooner, since the owner may allow more."""
    now = datetime.now(UTC)
    midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC)
    return min(LOOK_AGAIN, (midnight - now).total_seconds() + 1.0)


def show_warmup(channel: Channel, info: ChannelInfo) -> dict[str, Any] | None:
    """Today's warming up for people: how many may be written to, how many were, how many messages wait; None for a
    number that needs none."""
    base = base_of(channel, info)
    cap = daily_cap(channel.id, base) if base else None
    if cap is None:
        return None
    (row,) = run(
        "select (select count(*)::int from warmed_chat where channel_id = %(id)s and day = %(day)s) as written_to,"
        " (select count(*)::int from outbound o join chat c on c.id = o.chat_id where c.channel_id = %(id)s"
        " and o.state = 'pending' and o.error like 'warming_up%%') as waiting",
        {"id": channel.id, "day": datetime.now(UTC).date()},
    )
    return {"contacts_a_day": cap, "written_to": row.written_to, "waiting": row.waiting}


def forget_days() -> None:
    """What was counted before yesterday is not needed any more."""
    run("delete from warmed_chat where day < (now() at time zone 'utc')::date - 1")
