"""What is watched from outside: metrics that are counted, explained, and named by alerts that are explained."""

import ast
import re
from typing import Any

import yaml  # type: ignore[import-untyped]  # it comes without types

from .source import House

COUNTS, GAUGES = "tawkee_core.metrics", "tawkee_core.scrape"
PAGE, ALERTS = "docs/operating.md", "docs/alerts.yml"
METRIC = re.compile(r"\btawkee_[a-z][a-z_]*\b")
PARTS = re.compile(r"_(bucket|sum|count)$")


def declared(house: House) -> dict[str, str]:
    """The metrics that are counted, by their names in Prometheus: what they are called in the code."""
    found = {}
    for node in house.modules[COUNTS].tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and isinstance(node.targets[0], ast.Name):
            found[str(ast.literal_eval(node.value.args[0]))] = node.targets[0].id
    return found


def all_metrics(house: House) -> set[str]:
    """Those, and the ones that are read from the database at each scrape."""
    strings = (n.value for n in ast.walk(house.modules[GAUGES].tree) if isinstance(n, ast.Constant))
    return {*declared(house), *(text for text in strings if isinstance(text, str) and METRIC.fullmatch(text))}


def metrics_are_counted(house: House) -> list[str]:
    """Each metric is moved somewhere: `metrics.TURNS.labels(…)`, or TURNS where it was imported."""
    code = "\n".join(module.text for module in house.core() if module.name != COUNTS)
    moved = set(re.findall(r"\b([A-Z_]+)(?:\.labels\([^\n]*\))?\.(?:inc|observe|set)\b", code))
    return [f"{name} is never counted" for name, called in declared(house).items() if called not in moved]


def metrics_are_explained(house: House) -> list[str]:
    named = set(METRIC.findall(page(house)))
    known = all_metrics(house)
    return [f"{name} is not in {PAGE}" for name in sorted(known - named)] + [
        f"{PAGE} names {name}, which does not exist" for name in sorted(named - known - {"tawkee_core"})
    ]


def alerts_name_metrics(house: House) -> list[str]:
    """An alert of a metric that nobody tells would never fire."""
    known = all_metrics(house)
    return [
        f"{rule['alert']} watches {name}, which does not exist"
        for rule in alerts(house)
        for name in METRIC.findall(str(rule["expr"]))
        if name not in known and PARTS.sub("", name) not in known
    ]


def alerts_are_explained(house: House) -> list[str]:
    """In the page's table: what it means, where to look, what to do."""
    rows = {row.split("|")[1].strip(): row.split("|")[2:-1] for row in page(house).splitlines() if row.count("|") > 3}
    return [
        f"{rule['alert']} is not explained in {PAGE}"
        for rule in alerts(house)
        if not all(cell.strip() for cell in rows.get(rule["alert"], [""]))
    ]


def alerts(house: House) -> list[dict[str, Any]]:
    groups = yaml.safe_load((house.root / ALERTS).read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def page(house: House) -> str:
    return (house.root / PAGE).read_text()
