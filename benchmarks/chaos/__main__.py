"""`python -m benchmarks.chaos [--profile all] [--seconds 60] [--seed n]`: one run, one JSON document. Exit code 0:
every promise was kept."""

import argparse
import json
import secrets
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from ..processes import machine
from .checker import Case, Violation, check
from .figures import describe
from .profiles import PROFILES
from .run import run_chaos
from .site import ROOT

SHOWN = 20


def main(arguments: Sequence[str] | None = None) -> int:
    options = read_options(arguments)
    seed = options.seed if options.seed is not None else secrets.randbelow(10**6)
    print(f"chaos: profile {options.profile}, {options.seconds:g} s, seed {seed}", file=sys.stderr, flush=True)
    began, before = time.monotonic(), machine()
    case = run_chaos(PROFILES[options.profile], options.seconds, seed, options.tree, options.logs)
    violations = check(case)
    report = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": before,
        "profile": options.profile,
        "seed": seed,
        "seconds": options.seconds,
        "took": round(time.monotonic() - began),
        **describe(case),
        "violations": dict(Counter(each.rule for each in violations)),
        "ok": not violations,
    }
    print(json.dumps(report, indent=1, ensure_ascii=False))
    tell_violations(case, violations)
    if options.history:
        options.history.write_text(json.dumps({"history": asdict(case.history), "final": asdict(case.final)}))
    return int(bool(violations))


def tell_violations(case: Case, violations: Sequence[Violation]) -> None:
    """Each, and the whole story of the first chat of each rule."""
    for each in violations[:SHOWN]:
        print(f"VIOLATION {each.rule}: chat {each.chat}: {each.text}", file=sys.stderr)
    told: set[str] = set()
    for each in violations:
        if each.rule not in told and each.chat >= 0:
            told.add(each.rule)
            print(f"--- {each.rule}: {each.text}; all of chat {each.chat}:", file=sys.stderr)
            print("\n".join(case.history.about(each.chat)), file=sys.stderr)
            rows = [f"    {row}" for row in case.final.messages if row.chat == each.chat]
            rows += [f"    {turn}" for turn in case.final.turns if turn.chat == each.chat]
            print("\n".join(rows), file=sys.stderr)


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--profile", choices=PROFILES, default="all")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long it rages (default 60)")
    parser.add_argument("--seed", type=int, help="what is drawn from it happens again (default: a new one)")
    parser.add_argument("--tree", type=Path, default=ROOT, help="the code to put under fire (default: this)")
    parser.add_argument("--logs", type=Path, help="keep what the processes logged in this folder")
    parser.add_argument("--history", type=Path, help="keep all that was seen in this file")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
