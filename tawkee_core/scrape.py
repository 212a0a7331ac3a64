"""The metrics in Prometheus' words: what processes counted, and how the work stands in the database."""

import os
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from psycopg2 import ProgrammingError

from .db import LOST, run
from .metric_files import read_files
from .security import same_text
from .settings import Settings

# what waits behind an answer that is being given, or cannot be sent now, waits for no worker
DUE_TURN = """
select coalesce(extract(epoch from now() - min(t.due_at)), 0)::float as seconds
from turn t where t.state = 'collecting' and t.due_at <= now()
    and not exists (select from turn a where a.chat_id = t.chat_id and a.state in ('running', 'replying'))
"""
# everybody's connections count towards the server's limit, ours that are at work towards the pools'
CONNECTIONS = """
select count(*) filter (where datname = current_database() and starts_with(application_name, 'tawkee-')
        and state <> 'idle')::int as working,
    count(*) / current_setting('max_connections')::float as share
from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()
"""
# name, what it tells, its label, and the statement that gives label and value
LABELLED = (
    (
        "tawkee_oldest_pending_outbound_seconds",
        "Age of the oldest message not yet sent, but for those that wait for their channel's owner.",
        "channel",
        # whose credentials are gone, or whose number is new, waits for days, and would hide all others of its kind
        """
select c.kind, greatest(extract(epoch from now() - min(o.created_at)), 0)::float
from outbound o join chat h on h.id = o.chat_id join channel c on c.id = h.channel_id
where o.state in ('pending', 'sending', 'reconciling') and c.status not in ('failed', 'disconnected')
    and not starts_with(o.error, 'warming_up') group by c.kind
""",
    ),
    (
        "tawkee_leader",
        "1 while a dispatcher leads.",
        "name",
        "select name, (expires_at > now())::int from leader",
    ),
    (
        "tawkee_dead_rows",
        "What is given up now and waits for somebody to decide.",
        "kind",
        """
select 'event', count(*) from inbound_event where state = 'dead'
union all select 'turn', count(*) from turn where state = 'dead'
union all select 'send', count(*) from outbound where state = 'dead'
""",
    ),
)


class Backlog(Collector):
    """How the work stands, read from the database at each scrape; without it only that it is away."""

    def __init__(self, files: bool) -> None:
        self._files = files

    def collect(self) -> Iterator[Metric]:
        try:
            up, families = 1, [due_turn(), *connections(), *labelled_gauges()]
        except LOST:
            up, families = 0, []
        except ProgrammingError:  # it answers, and its schema is not this code's yet
            up, families = 1, []
        yield GaugeMetricFamily("tawkee_database_up", "1 while PostgreSQL answers.", up)
        yield GaugeMetricFamily("tawkee_files_writable", "1 while received files can be kept here.", int(self._files))
        yield from families


def due_turn() -> Metric:
    seconds = run(DUE_TURN)[0].seconds
    return GaugeMetricFamily("tawkee_oldest_due_turn_seconds", "How long the oldest due turn waits.", seconds)


def connections() -> Iterator[Metric]:
    (row,) = run(CONNECTIONS)
    text = "Connections to PostgreSQL that processes of Tawkee are using now, on all machines."
    yield GaugeMetricFamily("tawkee_db_pool_in_use", text, row.working)
    text = "Share of PostgreSQL's max_connections that is taken, by whomever."
    yield GaugeMetricFamily("tawkee_db_connections_share", text, row.share)


def labelled_gauges() -> Iterator[Metric]:
    for name, text, label, sql in LABELLED:
        family = GaugeMetricFamily(name, text, labels=[label])
        for row in run(sql):
            family.add_metric([row[0]], row[1])
        yield family


def tell_counts() -> bytes:
    """What the processes of this machine counted; without PROMETHEUS_MULTIPROC_DIR, what this one did."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return read_files(Path(folder)) if folder else generate_latest(REGISTRY)


def tell_metrics(files: bool = True) -> bytes:
    """All metrics: the counts, how the work stands, and whether `files` can be kept on this machine."""
    waiting = CollectorRegistry()
    waiting.register(Backlog(files))
    return tell_counts() + generate_latest(waiting)


def may_read(settings: Settings, authorization: str) -> bool:
    """Whether this Authorization header gives the metrics' token, where one is set."""
    token = settings.metrics_token
    return not token or same_text(authorization.removeprefix("Bearer "), token)
