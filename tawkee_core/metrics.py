"""What is counted. How it is told: scrape.py. No label names a workspace or a contact.

Under several processes PROMETHEUS_MULTIPROC_DIR must be set before this is imported: each keeps its counts in files
there, and any of them tells the sum."""

from collections.abc import Iterable

from prometheus_client import Counter, Gauge, Histogram

INBOUND_EVENTS = Counter("tawkee_inbound_events_total", "Webhooks by what became of them.", ["channel", "outcome"])
WEBHOOK_ACK = Histogram(
    "tawkee_webhook_ack_seconds",
    "From a webhook's arrival to its acknowledgement.",
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
TURNS = Counter("tawkee_turns_total", "Tries of turns by how they ended.", ["state"])
TURN_STAGE = Histogram(
    "tawkee_turn_stage_seconds",
    "Time of a turn in: debounce (more messages awaited), queue (a worker awaited), llm, send.",
    ["stage"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 45),
)
OUTBOUND = Counter("tawkee_outbound_total", "Tries to send by how they ended.", ["channel", "outcome"])
UNCONFIRMED = Counter("tawkee_outbound_unconfirmed_total", "Messages that may or may not have been sent.", ["channel"])
RECOVERIES = Counter("tawkee_recoveries_total", "Work taken up again after its worker was lost.", ["kind"])
DEAD = Counter("tawkee_dead_total", "Work given up and shown to people.", ["kind"])
AUTH_LOST = Counter("tawkee_channel_auth_lost_total", "Channels whose provider refused our credentials.", ["channel"])
CHANNELS_PAUSED = Counter("tawkee_channels_paused_total", "Channels paused since most of it failed.", ["channel"])
MAILS = Counter("tawkee_mails_total", "Mails by what became of them.", ["outcome"])
LOGINS = Counter("tawkee_login_total", "Tries to sign in by how they ended.", ["outcome"])
SSRF_REFUSED = Counter("tawkee_ssrf_refused_total", "Calls of URLs that were refused, by what was wrong.", ["reason"])
LLM_REQUESTS = Counter("tawkee_llm_requests_total", "Calls of models.", ["provider", "model", "outcome"])
LLM_TOKENS = Counter("tawkee_llm_tokens_total", "Tokens sent to and got from models.", ["direction"])
LLM_BREAKER = Gauge(
    "tawkee_llm_breaker_state",
    "1 where a living process does not ask a model because it kept failing.",
    ["model"],
    multiprocess_mode="livemax",
)


def begin_series(channels: Iterable[str]) -> None:
    """Let what alerts look at begin at 0: Prometheus sees no increase in a series that begins at 1."""
    for kind in ("event", "turn", "send"):
        DEAD.labels(kind)
    for kind in ("turn", "pending", "reconciling", "unconfirmed", "timeout"):
        RECOVERIES.labels(kind)
    MAILS.labels("failed")
    for channel in channels:
        UNCONFIRMED.labels(channel)
        AUTH_LOST.labels(channel)
        CHANNELS_PAUSED.labels(channel)
        INBOUND_EVENTS.labels(channel, "refused")
