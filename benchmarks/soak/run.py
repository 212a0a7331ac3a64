"""A soak, from the empty folder to its windows."""

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tawkee_core.models.base import new_id

from ..bench import SHORT, Bench, await_settled, running_bench, running_provider
from ..crowd import Crowded
from ..figures import check
from ..site import Site
from .customers import Customers, Traffic
from .observe import list_processes, merge_looks, observe, spent_cpu
from .verdict import Window

MODEL, BURST_MODEL, BURST_CHATS = "gpt-4o", "gpt-4.1-mini", 240
LOOKS = 6  # in a window
LEARN_SECONDS = 60
PATIENCE = 120.0
KNOWLEDGE = (
    "A loja abre de segunda a sábado, das 9h às 18h, e fecha aos domingos e feriados.",
    "O tênis azul existe nos tamanhos 34 a 45 e custa R$ 199,90; o frete para a capital é grátis.",
    "Trocas são aceitas até 30 dias depois da entrega, com a nota fiscal e sem sinais de uso.",
)


@dataclass(frozen=True)
class Soak:
    """How long, how much, and how it is divided, in seconds. What happens in the first `warmup` is not judged."""

    seconds: float = 1800.0
    rate: float = 20.0
    workers: int = 1

    @property
    def window(self) -> float:
        return min(60.0, self.seconds / 9)

    @property
    def warmup(self) -> float:
        return min(180.0, self.seconds / 3)

    @property
    def is_long(self) -> bool:
        """Whether growth can be told from filling up."""
        return self.seconds >= 300


@dataclass
class Soaked:
    """What was seen: the windows after the warm-up and those in it, the processes at both ends of it."""

    traffic: Traffic = field(default_factory=Traffic)
    warming: list[Window] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    before: list[dict[str, Any]] = field(default_factory=list)
    after: list[dict[str, Any]] = field(default_factory=list)
    rows: tuple[int, int] = (0, 0)


def run_soak(soak: Soak, logs: Path | None = None) -> Soaked:
    """Raises BenchError when the run says nothing: a webhook was refused, a process died."""
    folder = Path(tempfile.mkdtemp(prefix="tawkee-soak-"))
    try:
        plan = replace(SHORT, workers=soak.workers)
        with running_provider() as provider, running_bench(folder, plan, provider) as bench:
            teach(bench.site, MODEL)
            if soak.is_long:  # every pool at its fullest, so that what grows later is none of them filling up
                bench.crowd(BURST_MODEL, BURST_CHATS, 2.0)
            return watch_load(bench, soak)
    finally:
        if logs is not None:
            shutil.copytree(folder / "logs", logs, dirs_exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)


def teach(site: Site, model: str) -> None:
    """Give the model's agent something to know, so that every question is embedded and looked up."""
    workspace, agent = site.sql(
        "select workspace_id, agent_id from agent_settings where preferred_model = %s", (f"openai/{model}",)
    )[0]
    for text in KNOWLEDGE:
        site.sql(
            "insert into training (id, workspace_id, agent_id, type, text) values (%s, %s, %s, 'TEXT', %s)",
            (new_id(), workspace, agent, text),
        )
    deadline = time.monotonic() + LEARN_SECONDS
    while site.sql("select count(*) from training where status = 'TRAINED'")[0][0] < len(KNOWLEDGE):
        check(time.monotonic() < deadline, "the agent does not come to know its trainings")
        time.sleep(0.2)


def watch_load(bench: Bench, soak: Soak) -> Soaked:
    """Let customers write, and look at everything all the while."""
    result, site = Soaked(before=list_processes(bench.site)), bench.site
    with writing(bench, soak) as customers:
        began = time.monotonic()
        for number in range(round(soak.seconds / soak.window)):
            window = watch_window(site, customers, began + number * soak.window, soak.window)
            window = replace(window, second=(number + 1) * soak.window)
            (result.windows if window.second > soak.warmup else result.warming).append(window)
            tell_window(window)
            site.check_alive()
        result.after = list_processes(site)
    result.traffic = customers.traffic
    await_settled(site, Crowded(prefix=customers.traffic.prefix))
    result.rows = count_rows(site, customers.traffic.prefix)
    return result


@contextmanager
def writing(bench: Bench, soak: Soak) -> Iterator[Customers]:
    """Customers on the provider's event loop, who write while the block runs; then the last replies are awaited."""
    stopped = False
    customers = Customers(bench.provider, bench.site.doors[MODEL], soak.rate, next(bench.phones) + 1_000_000)
    running = asyncio.run_coroutine_threadsafe(customers.run(lambda: not stopped), bench.provider.loop)
    try:
        yield customers
    finally:
        stopped = True
        running.result(PATIENCE)


def watch_window(site: Site, customers: Customers, begin: float, seconds: float) -> Window:
    """Everything is looked at a few times in the window that begins at this moment of `monotonic`."""
    looks, before, started = [], spent_cpu(site), time.monotonic()
    for number in range(LOOKS):
        time.sleep(max(0.0, begin + seconds * (number + 0.5) / LOOKS - time.monotonic()))
        looks.append(observe(site))
    time.sleep(max(0.0, begin + seconds - time.monotonic()))
    heard, spent = customers.take_heard(), spent_cpu(site)
    cores = {name: (spent[name] - before[name]) / (time.monotonic() - started) for name in spent}
    return Window(0.0, merge_looks(looks) | cores, heard.webhooks, heard.replies, seconds)


def tell_window(window: Window) -> None:
    told = window.describe()
    memory = " ".join(f"{role} {window.values[f'rss/{role}']:.0f}" for role in ("web", "worker", "redis", "qdrant"))
    latency = " ".join(f"{name}={told.get(name)}" for name in ("webhook_p99_ms", "reply_p50_ms", "reply_p99_ms"))
    print(
        f"soak: {told['second']} s: {told['messages']} messages, {latency}; RSS {memory}; "
        f"{window.values['connections']:.0f} connections; {window.values['cpu/others']:.1f} cores used by others",
        file=sys.stderr,
        flush=True,
    )


def count_rows(site: Site, prefix: str) -> tuple[int, int]:
    """Messages received, and replies sent, in the chats of these customers."""
    rows = site.sql(
        "select count(*) filter (where direction = 'in'), count(*) filter (where status = 'sent') from message"
        " where chat_id in (select chat_id from message where provider_message_id like %s)",
        (prefix + "%",),
    )
    return int(rows[0][0]), int(rows[0][1])
