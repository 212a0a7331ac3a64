"""What has broken many a program: values of the right kind, and of wrong ones, at the ends of what can be written."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

MANY = os.environ.get("HYPOTHESIS_PROFILE") == "long"


def nest(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


STRINGS = ("\0", "a\0b", "\ud800", "x" * 30_000, "\u202e\u0301" * 20, "", " ", "٣", "%00", "../..", "{{1}}", "\n")
MOMENTS = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2024-02-30T00:00:00Z", "\0")
NUMBERS = (10**30, -(10**30), 2**63, 2**31, -1, 0.5, 1e308, True, "1")
OTHERS: Sequence[Any] = (None, [], {}, nest(90), nest(400), [[]] * 500, 10**30, "\0", False)
TEXTS = ("\0", "9" * 5000, "-1", "x" * 5000, "null", "٣", "%ff", "0001-01-01T00:00:00+14:00", "1e9", "\n", "")
BY_TYPE: dict[str, Sequence[Any]] = {
    "string": (*STRINGS, None, 1, nest(400)),
    "date-time": (*MOMENTS, None, 1),
    "uuid": ("\0", "0" * 36, "", None, 1),
    "integer": (*NUMBERS, None, "\0", nest(400)),
    "number": (*NUMBERS, None, "\0"),
    "boolean": (None, 2, "\0", [], "yes"),
    "array": ([None], [nest(90)], [[]], ["\0"], ["x"] * 3000, None, {}, [1], nest(400)),
    "object": ({"\0": "\0"}, {"\ud800": 1}, nest(90), nest(400), {"": 10**30}, {"x" * 9000: 1}, None, [], {"a": None}),
}


def spoilt_fields(document: dict[str, Any], operation: Any, turn: int) -> Iterator[tuple[str, Any]]:
    """For every field of an operation's JSON body, some of what its kind can be spoilt with."""
    content = operation.definition.raw["requestBody"]["content"]["application/json"]
    properties = resolve(document, content["schema"]).get("properties", {})
    for number, (name, schema) in enumerate(properties.items()):
        for value in choose(BY_TYPE.get(kind_of(resolve(document, schema)), OTHERS), turn + number):
            yield name, value


def choose(values: Sequence[Any], turn: int) -> Sequence[Any]:
    """All of them, or three, others every time."""
    return values if MANY else [values[(turn * 3 + place) % len(values)] for place in range(3)]


def kind_of(schema: dict[str, Any]) -> str:
    if schema.get("format") in BY_TYPE:
        return str(schema["format"])
    kinds = schema.get("type", "")
    return str(next(iter(kind for kind in kinds if kind != "null"), "")) if isinstance(kinds, list) else str(kinds)


def resolve(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The schema that a reference means."""
    found: Any = schema
    if "$ref" in schema:
        found = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
    return dict(found)
