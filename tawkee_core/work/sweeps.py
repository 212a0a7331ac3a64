"""What is done regularly by the leader: recover what dead workers left, forget what is old. Each is one short
statement."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from .. import metrics
from ..accounts.throttle import purge_guesses
from ..channels.health import trip_breakers
from ..channels.warmup import forget_days
from ..context import current, in_application
from ..conversation.handover import end_replied
from ..conversation.outbound import recover_sendings
from ..conversation.stray_files import forget_strays
from ..conversation.turns import bury_poison
from ..db import LOST, run
from ..mail.send import purge_mails
from ..models.base import first_id
from ..privacy.tasks import remove_expired

DAY = 86_400
KEEP_RAW_DAYS = 30
KEEP_NOTICE_DAYS = 90
KEEP_INVITATION_DAYS = 90
REPLIED = """
select r.id, r.chat_id from turn r where r.state = 'replying' and not exists (
    select from outbound o where o.turn_id = r.id and o.state in ('pending', 'sending', 'reconciling')) limit 200
"""
PURGE_RAW = """
delete from inbound_event where id in (select id from inbound_event where id < %s order by id limit 1000)
"""
log = structlog.get_logger()


def recover_lost() -> None:
    for state, count in recover_sendings().items():
        metrics.RECOVERIES.labels(state).inc(count)
        log.warning("sendings_recovered", state=state, count=count)


def bury_poisoned() -> None:
    count = bury_poison()
    if count:
        metrics.TURNS.labels("dead").inc(count)
        log.error("turns_buried", count=count)


def finish_replied() -> None:
    """A replying turn with nothing left to send is done; its last part was settled by a status or an echo."""
    for row in run(REPLIED):
        end_replied(row.id, row.chat_id)


def forget_taught() -> None:
    """What an assistant removed a month ago was taught goes; the assistant itself stays behind its conversations."""
    run(
        "update training set deleted_at = now(), next_at = now() where deleted_at is null and agent_id in"
        " (select id from agent where deleted_at < now() - interval '30 days')"
    )


def purge_raw() -> None:
    """Raw webhooks hold personal data and are needed for a while only. Found by their ids, which sort by time, and as
    often as one installation can be sent them: 200 a second."""
    run(PURGE_RAW, (first_id(time.time() - KEEP_RAW_DAYS * DAY),))


def purge_old() -> None:
    """Sessions and heartbeats end, and notices grow old."""
    run("delete from session where expires_at < now() - interval '7 days' or revoked_at < now() - interval '7 days'")
    run(
        "delete from notification where id in ("
        "select id from notification where happened_at < now() - make_interval(days => %s) limit 1000)",
        (KEEP_NOTICE_DAYS,),
    )
    run("delete from account_token where expires_at < now() - interval '7 days'")
    purge_invited()
    forget_days()
    run("delete from heartbeat where beaten_at < now() - interval '1 hour'")


def purge_invited() -> None:
    """What strangers gave and nobody needs any more: a phone and a password for an account that was never made, an
    address that was invited and never came, a mail asked for that could not be written in time."""
    run("delete from activation where expires_at < now() - interval '1 day'")
    run(
        "delete from invitation where accepted_at is null"
        " and least(expires_at, revoked_at) < now() - make_interval(days => %s)",
        (KEEP_INVITATION_DAYS,),
    )
    run("delete from account_request where created_at < now() - interval '1 day'")


def forget_exports() -> None:
    remove_expired(current())


def look_for_strays() -> None:
    """In a thread of its own: there may be very many files, and the dispatcher waits for nobody."""
    threading.Thread(target=in_application(search_strays), name="stray-files", daemon=True).start()


def search_strays() -> None:
    try:
        forget_strays(current().settings)
    except (OSError, *LOST) as error:
        log.warning("stray_files_left", error=str(error).strip().split("\n")[0])


@dataclass
class Sweep:
    """Something done every so many seconds."""

    seconds: float
    do: Callable[[], object]
    due: float = 0.0


def all_sweeps() -> list[Sweep]:
    return [
        Sweep(1, recover_lost),
        Sweep(5, bury_poisoned),
        Sweep(30, finish_replied),
        Sweep(30, trip_breakers),
        Sweep(5, purge_raw),
        Sweep(600, purge_old),
        Sweep(600, purge_mails),
        Sweep(600, forget_exports),
        Sweep(600, purge_guesses),
        Sweep(3600, forget_taught),
        Sweep(6 * 3600, look_for_strays),
    ]


def run_sweeps(sweeps: list[Sweep]) -> None:
    """Do those that are due. One that fails keeps neither the others nor the dispatcher from their work. Raises one of
    LOST."""
    for sweep in sweeps:
        if time.monotonic() >= sweep.due:
            sweep.due = time.monotonic() + sweep.seconds
            try:
                sweep.do()
            except LOST:
                raise
            except Exception:  # a file that cannot be removed, a row that cannot be: looked at again in its time
                log.exception("sweep_failed", sweep=sweep.do.__name__)
