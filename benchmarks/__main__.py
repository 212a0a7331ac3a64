"""`python -m benchmarks [name …]`: measure, print one JSON document. Exit code 0: the figures are sound, met or not."""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import channels, costs, parsing, permissions, scaling, start, streams, tables, turns, webhooks
from .bench import SHORT, Bench, Plan, running_bench, running_provider
from .figures import BenchError, Figure, tidy
from .processes import machine

SCENARIOS: dict[str, Callable[[Bench], list[Figure]]] = {
    "webhooks": webhooks.measure,
    "turns": turns.measure,
    "streams": streams.measure,
    "permissions": permissions.measure,
    "scaling": scaling.measure,
    "tables": tables.measure,
    "channels": channels.measure,
}
NAMES = (*SCENARIOS, "start", "parsing", "costs")
LONG = ("scaling", "tables", "costs")  # only when asked for: minutes each, or an installation of its own


def main(arguments: Sequence[str] | None = None) -> int:
    options = read_options(arguments)
    began = time.monotonic()
    report: dict[str, Any] = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine()}
    try:
        report["figures"] = measure(options.names or [name for name in NAMES if name not in LONG], plan_of(options))
    except BenchError as error:
        report["broken"] = str(error)
    report |= {"load_1m_after": machine()["load_1m"], "seconds": round(time.monotonic() - began)}
    text = json.dumps(report, indent=1, ensure_ascii=False)
    print(text)
    if options.out:
        options.out.write_text(text + "\n")
    return int("broken" in report)


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], metavar="name", help=", ".join(NAMES))
    parser.add_argument("--seconds", type=float, help=f"length of one phase (default {Plan.seconds:g})")
    parser.add_argument("--rounds", type=int, help=f"how often each is measured, interleaved (default {Plan.rounds})")
    parser.add_argument("--workers", type=int, help=f"worker processes (default {Plan.workers})")
    parser.add_argument("--short", action="store_true", help="see that all of it works, in a minute")
    parser.add_argument("--out", type=Path, help="write the document into this file as well")
    return parser.parse_args(arguments)


def plan_of(options: argparse.Namespace) -> Plan:
    given = {name: getattr(options, name) for name in ("seconds", "rounds", "workers")}
    return replace(SHORT if options.short else Plan(), **{name: value for name, value in given.items() if value})


def measure(names: Sequence[str], plan: Plan) -> list[dict[str, Any]]:
    figures = told("parsing", parsing.measure()) if "parsing" in names else []
    figures += measure_site([each for each in names if each not in ("parsing", "costs")], plan)
    figures += measure_costs(plan) if "costs" in names else []
    return [figure.describe() for figure in figures]


def measure_costs(plan: Plan) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="tawkee-bench-", ignore_cleanup_errors=True) as folder:
        with running_provider() as provider:
            return told("costs", costs.measure(Path(folder), plan, provider))


def measure_site(names: Sequence[str], plan: Plan) -> list[Figure]:
    """What needs a whole installation; nothing is started when nothing is asked."""
    figures: list[Figure] = []
    if not names:
        return figures
    folder = Path(tempfile.mkdtemp(prefix="tawkee-bench-"))
    try:
        with running_provider() as provider:
            with running_bench(folder, plan, provider) as bench:
                for name in names:
                    if name in SCENARIOS:
                        figures += told(name, SCENARIOS[name](bench))
            if "start" in names:
                figures += told("start", start.measure(bench))
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # after a killed launcher its servers end by themselves
    return figures


def told(name: str, figures: list[Figure]) -> list[Figure]:
    """The figures, told to whoever waits for the document."""
    for figure in figures:
        values = " ".join(f"{tidy(value):g}" for value in figure.values)
        verdict = {True: "ok", False: "SHORT", None: ""}[figure.ok]
        print(f"{name}: {figure.name}: {values} {figure.unit} {verdict}", file=sys.stderr, flush=True)
    return figures


if __name__ == "__main__":
    sys.exit(main())
