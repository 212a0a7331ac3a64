"""`python -m benchmarks.chaos.machine [--lives hunt] [--seeds 3] [name …]`: the same mutants, tried against the state
machine of tests/conversation/test_machine.py, which has no processes and no races.

Exit code 0: the product as it is kept every promise, and every mutant within the machine's reach was noticed."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tawkee_core.embedded.servers import start_servers

from .mutants import MUTANTS, Change, Mutant, copy_tree, tell
from .site import ROOT

TEST = "tests/conversation/test_machine.py::test_promises_hold_whatever_happens"
OUT_OF_REACH = {
    "acknowledged, whatever PostgreSQL says": "no server is killed",
    "told once, never again": "nothing dispatches",
}
SAID = re.compile(r"^E +AssertionError: (.*)$", re.MULTILINE)
TIMEOUT = 1200


@dataclass(frozen=True)
class Tried:
    """What the machine said about a tree: the promise it saw broken, "" for none; `failed` where it did not run."""

    broken: str
    seconds: float
    failed: str = ""


def try_tree(changes: Sequence[Change], lives: str, seed: int, servers: Mapping[str, str]) -> Tried:
    """The machine's lives of one seed in a copy of the product with these changes."""
    folder = Path(tempfile.mkdtemp(prefix="tawkee-mutant-"))
    try:
        tree = copy_tree(folder / "tree", changes)
        shutil.copy(ROOT / "setup.cfg", tree)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-n0",
            "-p",
            "no:cacheprovider",
            f"--hypothesis-seed={seed}",
            TEST,
        ]
        environment = os.environ | servers | {"HYPOTHESIS_PROFILE": lives}
        ran = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=TIMEOUT)
    finally:
        shutil.rmtree(folder)
    return read_report(ran.returncode, ran.stdout)


def read_report(code: int, said: str) -> Tried:
    """What pytest's output tells. A life that broke a promise is told by Hypothesis as a failing case; where none did,
    something that a promise needs may never have happened."""
    took = re.search(r"in ([0-9.]+)s", said.splitlines()[-1] if said else "")
    seconds = float(took[1]) if took else 0.0
    if code == 0:
        return Tried("", seconds)
    found = SAID.search(said)
    broken = found is not None and (found[1].startswith("too seldom") or "Failing test case: <state machine>" in said)
    if code != 1 or found is None or not broken:
        return Tried("", seconds, said[-800:] or f"exit code {code}")
    return Tried(found[1], seconds)


def hunt(mutant: Mutant, lives: str, seeds: int, servers: Mapping[str, str]) -> bool:
    tried = [try_tree(mutant.changes, lives, seed, servers) for seed in range(1, seeds + 1)]
    found = [each for each in tried if each.broken]
    text = f"{len(found)} of {seeds} seeds"
    if found:
        text += f", in {', '.join(f'{each.seconds:.0f}' for each in found)} s: {found[0].broken}"
    text += "".join(f" [did not run: {each.failed}]" for each in tried if each.failed)
    tell(mutant.name, bool(found), text)
    return bool(found)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos.machine", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help="mutants (default: all that it can reach)")
    parser.add_argument("--lives", choices=("everyday", "hunt"), default="everyday", help="how long it looks")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds are tried (default 1)")
    options = parser.parse_args(arguments)
    chosen = [each for each in MUTANTS if each.name in (options.names or {m.name for m in MUTANTS} - set(OUT_OF_REACH))]
    folder = Path(tempfile.mkdtemp(prefix="tawkee-machine-"))
    try:
        with start_servers(folder) as servers:
            began = time.monotonic()
            clean = try_tree((), options.lives, 1, servers)
            wrong = clean.broken or clean.failed
            tell("unchanged", not wrong, f"{wrong or 'every promise held'} ({clean.seconds:.0f} s)")
            if wrong:
                return 1
            caught = sum(hunt(each, options.lives, options.seeds, servers) for each in chosen)
    finally:
        shutil.rmtree(folder)
    print(f"{caught} of {len(chosen)} mutants caught, {time.monotonic() - began:.0f} s", flush=True)
    return int(caught < len(chosen))


if __name__ == "__main__":
    sys.exit(main())
