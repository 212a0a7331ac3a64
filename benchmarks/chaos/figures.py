"""What a run came to, in numbers, and the bounds its profile sets for them."""

from collections import Counter
from typing import Any

from ..figures import percentile
from .checker import ARRIVED, Case, Violation, outcome

GRACE = 1.0


def recoveries(case: Case) -> list[float]:
    """For each turn a killed worker held, seconds until it was thought about again, or its chat heard of it."""
    thoughts = sorted(case.history.thoughts, key=lambda each: each.start)
    found = []
    for blow in case.history.blows:
        if blow.what != "worker kill":
            continue
        held = [t for t in thoughts if t.outcome == "gone" and t.start < blow.at <= t.end < blow.at + GRACE]
        for one in held:
            again = [t.start for t in thoughts if t.chat == one.chat and t.start > blow.at]
            found += [again[0] - blow.at] if again else []
    return found


def pickups(case: Case) -> list[float]:
    """Seconds from a message's acknowledgement to the first time it was thought about."""
    first: dict[tuple[int, int], float] = {}
    for thought in sorted(case.history.thoughts, key=lambda each: each.start):
        for number in thought.numbers:
            first.setdefault((thought.chat, number), thought.start)
    keys = ((said, first.get((said.chat, said.number))) for said in case.history.said if said.acked)
    return [max(0.0, at - said.acked) for said, at in keys if at is not None]


def spread(values: list[float]) -> dict[str, float]:
    if not values:
        return {"count": 0}
    figures = {"p50": percentile(values, 0.5), "p99": percentile(values, 0.99), "max": max(values)}
    return {"count": len(values)} | {name: round(value, 2) for name, value in figures.items()}


def describe(case: Case) -> dict[str, Any]:
    """Counts and times of a run."""
    history = case.history
    statuses = Counter(row.status for row in case.outbound.values())
    rows = [case.inbound[said.text] for said in history.said if said.text in case.inbound]
    return {
        "messages": {"posted": len(history.said), "acknowledged": sum(bool(said.acked) for said in history.said)},
        "outcomes": dict(Counter(outcome(case, row) for row in rows)),
        "sends": {
            "asked": len(history.requests),
            "arrived": sum(len(each) for each in case.arrivals.values()),
            "unconfirmed": statuses["unconfirmed"],
            "failed": statuses["failed"],
            "confirmed": sum(statuses[name] for name in ARRIVED),
            "faults": dict(Counter(each.fault for each in history.requests if each.fault)),
        },
        "blows": dict(sorted(Counter(blow.what for blow in history.blows).items())),
        "handovers": dict(Counter(hand.what for hand in history.handovers if hand.acked)),
        "turns": dict(Counter(turn.state for turn in case.final.turns)),
        "recovered": sum(turn.recoveries for turn in case.final.turns),
        "refused_webhooks": dict(Counter(history.refused)),
        "recovery_seconds": spread(recoveries(case)),
        "pickup_seconds": spread(pickups(case)),
        "drained_seconds": round(case.final.drained, 1),
    }


def beyond_bounds(case: Case) -> list[Violation]:
    """What the profile asks for and the run did not keep."""
    profile = case.profile
    found = []
    for name, most, values in (
        ("recovery", profile.recovery, recoveries(case)),
        ("pickup", profile.pickup, pickups(case)),
    ):
        if most is not None and max(values, default=0.0) > most:
            found.append(Violation(name, -1, f"{max(values):.1f} s, {most:g} s are the most"))
    unconfirmed = sum(row.status == "unconfirmed" for row in case.outbound.values())
    if profile.unconfirmed is not None and unconfirmed > profile.unconfirmed:
        found.append(Violation("unconfirmed", -1, f"{unconfirmed}, {profile.unconfirmed} are allowed"))
    if profile.refused is not None and len(case.history.refused) > profile.refused:
        found.append(Violation("refused", -1, f"{len(case.history.refused)} webhooks: {case.history.refused[:5]}"))
    return found
