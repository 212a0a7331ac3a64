"""`python -m benchmarks.soak` on a real installation for a few seconds, and its customers before a stand-in."""

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.bench import running_provider
from benchmarks.crowd import Door
from benchmarks.figures import BenchError
from benchmarks.provider import Provider
from benchmarks.soak.customers import Customers
from benchmarks.soak.run import Soak
from tests.benchmarks.test_harness import answering

ROOT = Path(__file__).parents[2]


def write(provider: Provider, port: int) -> Customers:
    """Twenty messages in half a second."""
    customers = Customers(provider, Door(port, "/webhooks/1/2", "2", 0.0), 40, first=1, patience=0.5)
    asking = customers.run(lambda: customers.traffic.asked < 20)
    asyncio.run_coroutine_threadsafe(asking, provider.loop).result(30)
    return customers


def test_customers_write_at_their_rate_and_are_answered() -> None:
    with running_provider() as provider, answering(1, provider) as port:
        began = time.monotonic()
        customers = write(provider, port)
    assert time.monotonic() - began >= 19 / 40
    traffic, heard = customers.traffic, customers.take_heard()
    assert (traffic.answered, traffic.lost, traffic.doubled) == (20, 0, 0)
    assert len(heard.webhooks) == len(heard.replies) == 20
    assert customers.take_heard().replies == []


def test_lost_and_doubled_replies_are_counted() -> None:
    with running_provider() as provider, answering(0, provider) as port:
        assert (traffic := write(provider, port).traffic).lost == traffic.asked == 20
    with running_provider() as provider, answering(2, provider) as port:
        assert (traffic := write(provider, port).traffic).doubled == traffic.asked == 20


def test_a_refused_webhook_breaks_the_soak() -> None:
    with running_provider() as provider, answering(0, status=503) as port, pytest.raises(BenchError, match="refused"):
        write(provider, port)


def test_half_an_hour_is_divided_into_minutes_after_three() -> None:
    assert (Soak().window, Soak().warmup, Soak().is_long) == (60, 180, True)
    assert (Soak(45).window, Soak(45).warmup, Soak(45).is_long) == (5, 15, False)


@pytest.mark.skipif(not os.environ.get("SOAK"), reason="a minute or two of an everyday suite: `make soak-ci` runs it")
@pytest.mark.timeout(300)
def test_a_short_soak_prints_one_json_document(tmp_path: Path) -> None:
    out = tmp_path / "soak.json"
    command = [sys.executable, "-m", "benchmarks.soak", "--seconds", "6", "--rate", "10", "--out", str(out)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert run.returncode == 0, run.stderr + run.stdout
    report = json.loads(run.stdout)
    assert report == json.loads(out.read_text())
    assert report["ok"] is True
    assert report["traffic"]["answered"] == report["traffic"]["asked"] >= 50
    assert len(report["windows"]) == 6
    seen = report["windows"][-1]["values"]
    assert min(seen[f"rss/{role}"] for role in ("web", "worker", "postgres", "redis", "qdrant")) > 0
    assert min(seen[name] for name in ("connections", "redis/clients", "live/turn", "files/metrics", "fds/web")) > 0
    assert {each["role"] for each in report["processes_after"]} == {"web", "worker", "postgres", "redis", "qdrant"}
