"""Reading what strangers send: JSON that may be hostile."""

import json
from typing import Any, NoReturn

from .errors import BadPayload

MAX_DEPTH = 64


def refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def read_json(body: bytes) -> Any:
    """The JSON value in a body. Lone surrogates become U+FFFD and NULs are dropped, since PostgreSQL can keep neither.

    Raises BadPayload for anything that is not JSON of a sane depth: broken text, NaN, 10^5 brackets, endless digits."""
    if nesting(body) > MAX_DEPTH:
        raise BadPayload("The body is nested too deeply.")
    try:
        return clean_value(json.loads(body, parse_constant=refuse_constant))
    except (ValueError, RecursionError) as error:
        raise BadPayload("The body is not valid JSON.") from error


def nesting(body: bytes) -> int:
    """An upper bound of how deep the brackets go; brackets inside texts count too, closing ones are trusted."""
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return 0
    depth = deepest = 0
    inside = escaped = False
    for byte in body:
        if inside:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                inside = False
        elif byte == 0x22:
            inside = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def clean_value(value: Any) -> Any:
    match value:
        case str():
            return clean_text(value)
        case list():
            return [clean_value(each) for each in value]
        case dict():
            return {clean_text(key): clean_value(each) for key, each in value.items()}
        case int() if abs(value) >= 2**63:
            return float(value)
        case _:
            return value


def clean_text(text: str) -> str:
    """The text without what PostgreSQL cannot store."""
    if text.isascii():
        return text.replace("\0", "")
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
