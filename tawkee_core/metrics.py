"""What is counted, and told in Prometheus' words. No label names a workspace or a contact.

Under several processes PROMETHEUS_MULTIPROC_DIR must be set before this is imported; gunicorn's `child_exit` then calls
`prometheus_client.multiprocess.mark_process_dead(worker.pid)`."""

import os
from collections.abc import Iterator

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from .db import LOST, run

INBOUND_EVENTS = Counter("tawkee_inbound_events_total", "Webhooks by what became of them.", ["channel", "outcome"])
WEBHOOK_ACK = Histogram(
    "tawkee_webhook_ack_seconds",
    "From a webhook's arrival to its acknowledgement.",
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
TURNS = Counter("tawkee_turns_total", "Turns by how they ended.", ["state"])
TURN_STAGE = Histogram(
    "tawkee_turn_stage_seconds",
    "Time of a turn in: debounce (more messages awaited), queue (a worker awaited), llm, send.",
    ["stage"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 45),
)
OUTBOUND = Counter("tawkee_outbound_total", "Sendings by how they ended.", ["channel", "outcome"])
UNCONFIRMED = Counter("tawkee_outbound_unconfirmed_total", "Messages that may or may not have been sent.", ["channel"])
RECOVERIES = Counter("tawkee_recoveries_total", "Work taken up again after its worker was lost.", ["kind"])
DEAD = Counter("tawkee_dead_total", "Work given up and shown to people.", ["kind"])
LLM_REQUESTS = Counter("tawkee_llm_requests_total", "Calls of models.", ["provider", "model", "outcome"])
LLM_TOKENS = Counter("tawkee_llm_tokens_total", "Tokens sent to and got from models.", ["direction"])

DUE_TURN = """
select coalesce(extract(epoch from now() - min(due_at)), 0)::float as seconds
from turn where state = 'collecting' and due_at <= now()
"""
PENDING_OUTBOUND = """
select c.kind as channel, greatest(extract(epoch from now() - min(o.created_at)), 0)::float as seconds
from outbound o join message m on m.id = o.message_id join channel c on c.id = m.channel_id
where o.state in ('pending', 'sending', 'reconciling') group by c.kind
"""
LEADER = "select name, (expires_at > now())::int as led from leader"


class Backlog(Collector):
    """How long work has been waiting, read from the database at each scrape; without it only that it is away."""

    def collect(self) -> Iterator[Metric]:
        try:
            families = [due_turn(), *labelled_gauges()]
        except LOST:
            families = []
        yield GaugeMetricFamily("tawkee_database_up", "1 while PostgreSQL answers.", int(bool(families)))
        yield from families


def due_turn() -> Metric:
    seconds = run(DUE_TURN)[0].seconds
    return GaugeMetricFamily("tawkee_oldest_due_turn_seconds", "How long the oldest due turn waits.", seconds)


def labelled_gauges() -> Iterator[Metric]:
    pending = GaugeMetricFamily(
        "tawkee_oldest_pending_outbound_seconds", "Age of the oldest message not yet sent.", labels=["channel"]
    )
    leader = GaugeMetricFamily("tawkee_leader", "1 while a dispatcher leads.", labels=["name"])
    for family, sql in ((pending, PENDING_OUTBOUND), (leader, LEADER)):
        for row in run(sql):
            family.add_metric([row[0]], row[1])
        yield family


def tell_metrics() -> bytes:
    """All metrics of all processes, in Prometheus' text format."""
    counted = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        counted = CollectorRegistry()
        multiprocess.MultiProcessCollector(counted)  # type: ignore[no-untyped-call]  # prometheus-client's own gap
    waiting = CollectorRegistry()
    waiting.register(Backlog())
    return generate_latest(counted) + generate_latest(waiting)
