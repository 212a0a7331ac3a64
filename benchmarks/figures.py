"""What was measured against what was wanted."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal


class BenchError(Exception):
    """The measurement itself is wrong: what it gave must not be believed."""


@dataclass(frozen=True)
class Figure:
    """One value a round. `bound` says which side of the goal is good; without a goal the figure is for information."""

    name: str
    unit: str
    values: Sequence[float]
    goal: float | None = None
    bound: Literal["least", "most"] = "least"

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def ok(self) -> bool | None:
        if self.goal is None:
            return None
        return self.median >= self.goal if self.bound == "least" else self.median <= self.goal

    def describe(self) -> dict[str, Any]:
        described: dict[str, Any] = {"name": self.name, "unit": self.unit, "median": tidy(self.median)}
        described["values"] = [tidy(value) for value in self.values]
        if self.goal is not None:
            described |= {"goal": f"{'≥' if self.bound == 'least' else '≤'} {self.goal:g}", "ok": self.ok}
        return described


@dataclass
class Rounds:
    """The values of a scenario, gathered round by round."""

    values: dict[str, list[float]] = field(default_factory=dict)

    def note(self, **values: float) -> None:
        for name, value in values.items():
            self.values.setdefault(name, []).append(value)

    def figure(
        self, key: str, name: str, unit: str, goal: float | None = None, bound: Literal["least", "most"] = "least"
    ) -> Figure:
        return Figure(name, unit, self.values[key], goal, bound)


def check(holds: bool, what: str) -> None:
    """Raise BenchError when something that must hold for the figures to mean anything does not."""
    if not holds:
        raise BenchError(what)


def percentile(values: Iterable[float], share: float) -> float:
    """The value below which `share` (0…1) of all lie."""
    ordered = sorted(values)
    check(bool(ordered), "nothing was timed")
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def tidy(value: float) -> float:
    """Three digits that count."""
    return float(f"{value:.3g}") if abs(value) < 1000 else float(round(value))
