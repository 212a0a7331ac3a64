"""`python -m benchmarks.soak [--seconds 1800] [--rate 20]`: one run, one JSON document. Exit code 0: nothing
grew, nothing leaked, nothing was lost."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..figures import BenchError
from ..processes import machine
from .run import Soak, Soaked, run_soak
from .verdict import judge


def main(arguments: Sequence[str] | None = None) -> int:
    options = read_options(arguments)
    soak = Soak(options.seconds, options.rate, options.workers)
    began = time.monotonic()
    report: dict[str, Any] = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine()}
    report |= asdict(soak) | {"window": soak.window, "warmup": soak.warmup}
    try:
        report |= describe(soak, run_soak(soak, options.logs))
    except BenchError as error:
        report |= {"ok": False, "broken": str(error)}
    report |= {"load_1m_after": machine()["load_1m"], "took": round(time.monotonic() - began)}
    text = json.dumps(report, indent=1, ensure_ascii=False)
    print(text)
    if options.out:
        options.out.write_text(text + "\n")
    return int(not report["ok"])


def describe(soak: Soak, soaked: Soaked) -> dict[str, Any]:
    judgments = judge(soaked.windows, soaked.traffic, soaked.rows, soak.rate, soak.is_long)
    for each in judgments:
        if each.ok is False:
            print(
                f"soak: {each.name}: {each.first:g}, then {each.last:g}, at most {each.limit or 0:g}", file=sys.stderr
            )
    return {
        "ok": all(each.ok is not False for each in judgments),
        "verdict": [each.describe() for each in judgments],
        "traffic": asdict(soaked.traffic),
        "warming": [window.describe() for window in soaked.warming],
        "windows": [window.describe() for window in soaked.windows],
        "processes_before": soaked.before,
        "processes_after": soaked.after,
    }


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=Soak.seconds, help="how long (default 1800; growth from 300)")
    parser.add_argument("--rate", type=float, default=Soak.rate, help="messages a second (default 20)")
    parser.add_argument("--workers", type=int, default=Soak.workers, help="worker processes (default 1)")
    parser.add_argument("--out", type=Path, help="write the document into this file as well")
    parser.add_argument("--logs", type=Path, help="keep what the processes logged in this folder")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
