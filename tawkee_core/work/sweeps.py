"""What is done regularly by the leader: recover what dead workers left, forget what is old. Each is one short
statement."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from .. import metrics
from ..channels.health import trip_breakers
from ..conversation.outbound import recover_sendings
from ..conversation.turns import bury_poison
from ..db import run

KEEP_RAW_DAYS = 30
log = structlog.get_logger()


def recover_lost() -> None:
    for state, count in recover_sendings().items():
        metrics.RECOVERIES.labels(state).inc(count)
        log.warning("sendings_recovered", state=state, count=count)


def bury_poisoned() -> None:
    count = bury_poison()
    if count:
        metrics.DEAD.labels("turn").inc(count)
        log.error("turns_buried", count=count)


def finish_replied() -> None:
    """A replying turn with nothing left to send is done; its last part was settled by a status or an echo."""
    run(
        "update turn t set state = 'done', done_at = now() where t.id in ("
        "select r.id from turn r where r.state = 'replying' and not exists ("
        "select from outbound o where o.turn_id = r.id and o.state in ('pending', 'sending', 'reconciling')) limit 200)"
    )


def stop_failing() -> None:
    count = trip_breakers()
    if count:
        metrics.DEAD.labels("channel").inc(count)


def forget_taught() -> None:
    """What an assistant removed a month ago was taught goes; the assistant itself stays behind its conversations."""
    run(
        "update training set deleted_at = now(), next_at = now() where deleted_at is null and agent_id in"
        " (select id from agent where deleted_at < now() - interval '30 days')"
    )


def purge_old() -> None:
    """Raw webhooks hold personal data and are needed for a while only; sessions and heartbeats end as well."""
    run(
        "delete from inbound_event where id in ("
        "select id from inbound_event where received_at < now() - make_interval(days => %s) limit 1000)",
        (KEEP_RAW_DAYS,),
    )
    run("delete from session where expires_at < now() - interval '7 days' or revoked_at < now() - interval '7 days'")
    run("delete from heartbeat where beaten_at < now() - interval '1 hour'")


@dataclass
class Sweep:
    """Something done every so many seconds."""

    seconds: float
    do: Callable[[], None]
    due: float = 0.0


def all_sweeps() -> list[Sweep]:
    return [
        Sweep(1, recover_lost),
        Sweep(5, bury_poisoned),
        Sweep(30, finish_replied),
        Sweep(30, stop_failing),
        Sweep(600, purge_old),
        Sweep(3600, forget_taught),
    ]


def run_sweeps(sweeps: list[Sweep]) -> None:
    """Do those that are due."""
    for sweep in sweeps:
        if time.monotonic() >= sweep.due:
            sweep.due = time.monotonic() + sweep.seconds
            sweep.do()
