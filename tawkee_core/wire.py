"""Reading what strangers send: JSON that may be hostile."""

import json
import math
from typing import Any, NoReturn

from .errors import BadPayload


def read_json(body: bytes) -> Any:
    """The JSON value in a body. Lone surrogates become "?" and NULs are dropped, since PostgreSQL can keep neither.

    Raises BadPayload for anything else than sane JSON: broken text, NaN, 1e999, 10^5 brackets, endless digits."""
    try:
        return clean_value(json.loads(body, parse_constant=refuse_constant, parse_float=finite_float))
    except (ValueError, OverflowError, RecursionError) as error:
        raise BadPayload("The body is not valid JSON.") from error


def refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def finite_float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number beyond any range")
    return value


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
