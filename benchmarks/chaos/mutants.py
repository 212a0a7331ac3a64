"""`python -m benchmarks.chaos.mutants [name …]`: the product broken on purpose, one promise at a time; the checker must
notice each, and must find nothing in the product as it is. Exit code 0: it did."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .site import ROOT

CORE = "tawkee_core"
SECONDS = 15.0
TRIES = 3


@dataclass(frozen=True)
class Change:
    """One line of the product and what it is replaced by. The old text occurs exactly once."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Mutant:
    """A broken product, the profile that shows it, and the rules of which one must be violated."""

    name: str
    profile: str
    caught_by: frozenset[str]
    changes: tuple[Change, ...]


def mutant(name: str, profile: str, caught_by: str, *changes: tuple[str, str, str]) -> Mutant:
    rules = frozenset(rule.strip() for rule in caught_by.split(","))
    return Mutant(name, profile, rules, tuple(Change(f"{CORE}/{file}", old, new) for file, old, new in changes))


COMMIT, SEND, OUTBOUND = "conversation/commit.py", "conversation/send.py", "conversation/outbound.py"
TURNS, HANDOVER, RECEIVE = "conversation/turns.py", "conversation/handover.py", "conversation/receive.py"
HEAD_OF_LINE = (
    "        and not exists (select from outbound p where p.chat_id = o.chat_id and p.seq < o.seq"
    " and p.state in {OPEN})\n    order by"
)
EPOCH_AT_INTENT = (
    OUTBOUND,
    "case when o.epoch is null or o.epoch = due.epoch then 'sending'",
    "case when true then 'sending'",
)

MUTANTS = (
    mutant(
        "no fence at the commit",
        "freeze",
        "answered twice, doubled, disordered",
        (COMMIT, "t.state = 'running' and t.fence = %(fence)s as ours", "true as ours"),
        (COMMIT, "t.state = 'replying' and t.fence = %(fence)s as written", "false as written"),
    ),
    mutant("no epoch check at the intent", "people", "after takeover", EPOCH_AT_INTENT),
    mutant(
        "a takeover cancels nothing that waits",
        "people",
        "after takeover",
        EPOCH_AT_INTENT,
        (
            HANDOVER,
            "where chat_id = %(chat_id)s and turn_id is not null and state = 'pending'",
            "where chat_id = %(chat_id)s and turn_id is not null and state = 'nothing'",
        ),
    ),
    mutant(
        "a takeover stops no turn, and the commit does not ask who owns the chat",
        "people",
        "after takeover",
        (HANDOVER, "t.state in ('running', 'replying')", "t.state = 'replying'"),
        (COMMIT, 'if chat.owner != "ai" or chat.epoch != turn.epoch:', "if False:"),
    ),
    mutant(
        "blind resend after a crash, opaque",
        "workers",
        "doubled",
        (OUTBOUND, "semantics = 'opaque' or recoveries >= %(most)s", "recoveries >= %(most)s"),
    ),
    mutant(
        "blind resend after a lost answer, opaque",
        "answers",
        "doubled",
        (SEND, 'case Ambiguous() if sending.semantics == "idempotent" and sending', "case Ambiguous() if sending"),
    ),
    mutant(
        "no look-up after a crash, reconcilable",
        "workers",
        "doubled",
        (OUTBOUND, "when semantics = 'reconcilable' then 'reconciling' else 'pending' end", "else 'pending' end"),
    ),
    mutant(
        "no look-up after a lost answer, reconcilable",
        "answers",
        "doubled",
        (SEND, 'return Verdict("reconciling", error=text, wait=', 'return Verdict("pending", error=text, wait='),
    ),
    mutant("no head-of-line rule", "answers", "disordered", (OUTBOUND, HEAD_OF_LINE, "    order by")),
    mutant(
        "a new client id each time",
        "answers",
        "doubled, phantom",
        (SEND, '"client_id": message.id}', '"client_id": str(__import__("uuid").uuid4())}'),
    ),
    mutant(
        "the result is written before the send",
        "answers",
        "phantom",
        (
            SEND,
            "    verdict = try_send(tawkee, sending, parcel)\n",
            '    settle(tawkee, sending, parcel, Verdict("sent"))\n    verdict = try_send(tawkee, sending, parcel)\n',
        ),
    ),
    mutant(
        "messages are not told apart",
        "answers",
        "stored twice",
        (
            "conversation/store.py",
            "%(quoted_id)s, %(provider_id)s, 'received'",
            "%(quoted_id)s, %(provider_id)s || gen_random_uuid()::text, 'received'",
        ),
    ),
    mutant(
        "webhooks are not told apart",
        "answers",
        "untidy",
        (RECEIVE, '"key": sha256(body).hexdigest(),', '"key": new_id(),'),
    ),
    mutant(
        "acknowledged, whatever PostgreSQL says",
        "servers",
        "lost",
        (
            RECEIVE,
            "    except LOST:\n        raise\n    except Exception as error:  # what a plugin made",
            '    except LOST:\n        return Outcome("applied")\n    except Exception as error:  # what a plugin made',
        ),
    ),
    mutant(
        "told once, never again",
        "flushes",
        "stuck",
        ("work/dispatch.py", "horizon = moment - self.settings.redispatch_seconds", "horizon = -1.0"),
        ("work/dispatch.py", "late = moment - (LEFT_SECONDS if self.share.workers > 1 else 0.0)", "late = -1.0"),
    ),
    mutant("turns of the dead are left", "workers", "stuck", (TURNS, "if len(claimed) < count:", "if False:")),
    mutant(
        "sendings of the dead are left", "workers", "stuck", ("work/sweeps.py", "        Sweep(1, recover_lost),\n", "")
    ),
    mutant(
        "what was said meanwhile is forgotten",
        "answers",
        "unended, unheard",
        (TURNS, "upto_seq = greatest(t.upto_seq, taken.upto_seq)", "upto_seq = t.upto_seq"),
    ),
    mutant(
        "handed back, and nothing answered",
        "people",
        "unheard, unended",
        (HANDOVER, "unanswered = first_unanswered(cursor, chat_id)", "unanswered = None"),
    ),
)


def copy_tree(target: Path, changes: Sequence[Change] = ()) -> Path:
    """The product in another folder, with these changes."""
    for name in (CORE, "benchmarks", "tests"):
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__", "payloads"))
    for change in changes:
        path = target / change.file
        path.write_text(apply_change(path.read_text(), change))
    return target


def apply_change(text: str, change: Change) -> str:
    """Raises ValueError unless the old text is there, once."""
    if text.count(change.old) != 1:
        raise ValueError(f"{change.file} has {text.count(change.old)} times: {change.old}")
    return text.replace(change.old, change.new)


def run_once(profile: str, seed: int, changes: Sequence[Change] = ()) -> tuple[int, set[str], str]:
    """One short run against a copy: exit code, the rules it violated, and what it said."""
    folder = Path(tempfile.mkdtemp(prefix="tawkee-mutant-"))
    try:
        tree = copy_tree(folder / "tree", changes)
        options = ["--profile", profile, "--seconds", str(SECONDS), "--seed", str(seed), "--tree", str(tree)]
        ran = subprocess.run(
            [sys.executable, "-m", "benchmarks.chaos", *options], cwd=tree, capture_output=True, text=True, timeout=300
        )
    finally:
        shutil.rmtree(folder)
    lines = (line.split(":")[0] for line in ran.stderr.splitlines() if line.startswith("VIOLATION "))
    return ran.returncode, {line.removeprefix("VIOLATION ") for line in lines}, ran.stderr


def hunt(mutant: Mutant) -> tuple[bool, str]:
    """Whether a run of a few seeds noticed it, and by what."""
    for seed in range(1, TRIES + 1):
        code, rules, said = run_once(mutant.profile, seed, mutant.changes)
        if rules & mutant.caught_by:
            return True, f"seed {seed}: {', '.join(sorted(rules))}"
        if code not in (0, 1) or (code == 1 and not rules):
            return False, f"the run failed: {said[-400:]}"
    return False, f"not noticed with seeds 1 to {TRIES}"


def main(names: Sequence[str]) -> int:
    chosen = [each for each in MUTANTS if not names or each.name in names]
    failed = 0
    for profile in sorted({each.profile for each in chosen}):
        code, rules, said = run_once(profile, 1)
        failed += tell(f"unchanged, {profile}", code == 0, "clean" if code == 0 else f"{sorted(rules)} {said[-2000:]}")
    for each in chosen:
        failed += tell(each.name, *hunt(each))
    print(f"{failed} wrong" if failed else "every mutant was caught, every unchanged run was clean", flush=True)
    return int(failed > 0)


def tell(name: str, good: bool, text: str) -> int:
    stamp = time.strftime("%H:%M:%S")
    print(f"{stamp} {'ok   ' if good else 'WRONG'} {name:<72} {text}", flush=True)
    return int(not good)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
