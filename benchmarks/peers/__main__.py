"""`python -m benchmarks.peers`: Tawkee and its rivals in interleaved rounds, one JSON document. Exit code 0: the
figures are sound, whoever is faster."""

import argparse
import asyncio
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

from ..figures import BenchError, check, tidy
from ..processes import cpu_seconds_of, machine, memory_mb
from .astrbot import astrbot
from .customers import Customers, Heard
from .ours import Tawkee, running_tawkee
from .rivals import TOKEN, Rival, Server, nonebot, wait_polling
from .telegram import Bot, BotApi

INSTANT, SECOND, SLOW = "gpt-4o-mini", "gpt-4.1-mini", "gpt-4.1"
LATENCY = {INSTANT: 0.0, SECOND: 1.0, SLOW: 5.0}
PHASES = ((INSTANT, 20), (SECOND, 100), (SECOND, 300))
RIVALS: dict[str, Callable[[Path], Rival]] = {"nonebot": nonebot, "astrbot": astrbot}
PATIENCE = 90.0
KILL_SECONDS = 3.5  # all questions are at the model by then, which takes five seconds
RIVAL_PATIENCE = 40.0  # after a kill -9; nothing comes later, since they keep nothing that could be sent
Result = TypeVar("Result")


class Bench:
    """The stand-ins, whose event loop has a thread of its own, and whoever is measured."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.loop = asyncio.new_event_loop()
        self.api = BotApi()
        self.first = 10_000
        self.results: dict[str, list[dict[str, float]]] = {}

    def await_(self, work: Coroutine[Any, Any, Result], seconds: float = 300) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(seconds)

    def customers(self, peer: Tawkee | Rival, model: str, chats: int) -> Customers:
        bots = peer.by_model[model] if isinstance(peer, Tawkee) else peer.bots
        self.first += 10_000
        return Customers(self.api, bots, chats, self.first, LATENCY[model])

    def measure(self, peer: Tawkee | Rival, model: str, chats: int) -> None:
        self.await_(self.customers(peer, model, min(chats, 20)).talk_for(0.5, PATIENCE))
        before = cpu_seconds_of(peer.pids)
        heard = self.await_(self.customers(peer, model, chats).talk_for(self.options.seconds, PATIENCE))
        spent, memory = cpu_seconds_of(peer.pids) - before, memory_mb(peer.pids)
        check(spent > 0 and bool(heard.arrived), f"{peer.name} answered nothing")
        case, cpu = f"{LATENCY[model]:g} s model, {chats} chats", 1000 * spent / len(heard.arrived)
        self.note(peer.name, case, heard, cpu=cpu, memory=memory)

    def note(self, name: str, case: str, heard: Heard, **more: float) -> None:
        values = {
            "replies/s": heard.rate,
            "added p50 ms": heard.added_ms(),
            "added p95 ms": heard.added_ms(0.95),
            "CPU ms a reply": more["cpu"],
            "PSS MiB": more["memory"],
            "lost": heard.lost,
            "doubled": heard.doubled,
        }
        self.results.setdefault(f"{case} | {name}", []).append(values)
        say(f"{case} | {name}: " + ", ".join(f"{key} {tidy(value):g}" for key, value in values.items()))

    def fire(self, peer: Tawkee | Rival, chats: int) -> None:
        """kill -9 with every chat's question in flight, and start again two seconds later."""
        customers = self.customers(peer, SLOW, chats)
        patience = PATIENCE if isinstance(peer, Tawkee) else RIVAL_PATIENCE
        asking = asyncio.run_coroutine_threadsafe(customers.ask_once(patience), self.loop)
        time.sleep(KILL_SECONDS)
        answered = len(customers.heard.arrived)
        peer.kill()
        time.sleep(2)
        peer.restart()
        heard = asking.result(PATIENCE + 30)
        values = {"asked": heard.asked, "answered before": answered, "lost": heard.lost, "doubled": heard.doubled}
        case = f"kill -9 with {chats} in flight | {peer.name}"
        self.results.setdefault(case, []).append(values | {"slowest s": max(heard.added, default=0.0)})
        say(f"kill -9 | {peer.name}: {values}")


def main(arguments: Sequence[str] | None = None) -> int:
    options = read_options(arguments)
    report: dict[str, Any] = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine()}
    bench = Bench(options)
    try:
        with running_stand_ins(bench):
            report["rivals"] = run_all(bench)
    except BenchError as error:
        report["broken"] = str(error)
    report |= {"figures": told(bench.results), "ratios": ratios(bench.results), "load_1m_after": machine()["load_1m"]}
    text = json.dumps(report, indent=1, ensure_ascii=False)
    print(text)
    if options.out:
        options.out.write_text(text + "\n")
    return int("broken" in report)


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("rivals", nargs="*", choices=[*RIVALS, []], metavar="rival", help=", ".join(RIVALS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="length of one phase")
    parser.add_argument("--workers", type=int, default=2, help="worker processes of Tawkee")
    parser.add_argument("--kill", type=int, default=100, help="chats in flight at the kill -9; 0 for none")
    parser.add_argument("--folder", type=Path, help="keep the rivals' environments here (default: thrown away)")
    parser.add_argument("--out", type=Path, help="write the document into this file as well")
    return parser.parse_args(arguments)


@contextmanager
def running_stand_ins(bench: Bench) -> Iterator[None]:
    thread = Thread(target=bench.loop.run_forever, name="bot-api", daemon=True)
    thread.start()
    bench.await_(bench.api.listen())
    try:
        yield
    finally:
        bench.await_(bench.api.close())
        bench.loop.call_soon_threadsafe(bench.loop.stop)
        thread.join(10)


def run_all(bench: Bench) -> dict[str, str]:
    """Install the rivals, start Tawkee, measure everybody in turn; what was installed."""
    options = bench.options
    work = Path(tempfile.mkdtemp(prefix="tawkee-peers-"))
    try:
        rivals = [RIVALS[name](options.folder or work) for name in options.rivals or list(RIVALS)]
        installed = {rival.name: rival.install() for rival in rivals}
        with running_tawkee(work / "data", bench.api, options.workers, tuple(LATENCY)) as tawkee:
            tawkee.site.wait_loaded()
            bench.await_(bench.customers(tawkee, INSTANT, 20).talk_for(3.0, PATIENCE))  # LiteLLM's first calls are slow
            server = Server(bench.api.port, tawkee.site.environment["OPENAI_API_BASE"])
            for _ in range(options.rounds):
                run_round(bench, tawkee, rivals, server)
            if options.kill:
                bench.fire(tawkee, options.kill)
                fire_rivals(bench, rivals, server)
        return installed
    finally:
        shutil.rmtree(work, ignore_errors=True)


def run_round(bench: Bench, tawkee: Tawkee, rivals: list[Rival], server: Server) -> None:
    for model, chats in PHASES:
        bench.measure(tawkee, model, chats)
        for rival in rivals:
            with running(bench, rival, server, model):
                bench.measure(rival, model, chats)


def fire_rivals(bench: Bench, rivals: list[Rival], server: Server) -> None:
    for rival in rivals:
        with running(bench, rival, server, SLOW):
            bench.fire(rival, bench.options.kill)


@contextmanager
def running(bench: Bench, rival: Rival, server: Server, model: str) -> Iterator[None]:
    asked = bench.api.methods.get("getUpdates", 0)
    rival.bots = [Bot(TOKEN)]
    bench.api.bots[TOKEN] = rival.bots[0]
    rival.start(server, model)
    try:
        wait_polling(lambda: bench.api.methods.get("getUpdates", 0) - asked, rival)
        yield
    finally:
        rival.stop()


def told(results: dict[str, list[dict[str, float]]]) -> dict[str, dict[str, list[float]]]:
    """Every case's values, round by round."""
    return {case: {key: [tidy(each[key]) for each in rounds] for key in rounds[0]} for case, rounds in results.items()}


def ratios(results: dict[str, list[dict[str, float]]]) -> dict[str, float]:
    """Tawkee to each rival inside of each round, the median of them. A round in which a rival answered nothing has
    none."""
    found: dict[str, float] = {}
    for case, rounds in results.items():
        phase, _, name = case.partition(" | ")
        ours = results.get(f"{phase} | tawkee")
        if name == "tawkee" or not ours:
            continue
        for key in ("replies/s", "added p50 ms", "CPU ms a reply"):
            each = [mine[key] / theirs[key] for mine, theirs in zip(ours, rounds, strict=True) if theirs.get(key)]
            if each:
                found[f"{phase}: {key} to {name}'s"] = tidy(statistics.median(each))
    return found


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
