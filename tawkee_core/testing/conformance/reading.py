"""What a channel may make of a body: events whose every value is what its field says and can be stored, or BadPayload,
and soon."""

import math
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from ...errors import BadPayload
from ...types import ChannelEvent, Echo, Incoming

PARSE_SECONDS = 0.05
TRIES = 3
REFUSED = object()
EVENTS: tuple[type, ...] = get_args(ChannelEvent)


def check_reading(parse: Callable[[], Any]) -> list[ChannelEvent] | None:
    """The events that `parse` gives; None where it says BadPayload. Raises AssertionError for whatever else it does. It
    may take its time twice, since a collection of garbage strikes once, and a slow parser always."""
    took = []
    for _ in range(TRIES):
        began = time.thread_time()
        try:
            events = parse()
        except BadPayload:
            events = REFUSED
        took.append(time.thread_time() - began)
        if took[-1] < PARSE_SECONDS:
            break
    assert min(took) < PARSE_SECONDS, f"parsing took {min(took):.3f} s of CPU at best, {PARSE_SECONDS} s are allowed"
    if events is REFUSED:
        return None
    assert isinstance(events, list), f"channel_parse gave {type(events).__name__}, not a list"
    faults = [fault for event in events for fault in find_faults(event)]
    assert not faults, "; ".join(faults[:5])
    return events


def find_faults(event: Any) -> Iterator[str]:
    """What is wrong with an event: a value that its field does not hold, or that cannot be stored."""
    if not isinstance(event, EVENTS):
        yield f"{type(event).__name__} is no event"
        return
    yield from find_misfits(event, type(event).__name__)
    if isinstance(event, Incoming | Echo):
        if not event.id:
            yield f"{type(event).__name__}.id is empty: all such messages would be taken for one"
        if not event.addresses or not all(each.value for each in event.addresses):
            yield f"{type(event).__name__}.addresses name nobody"


def find_misfits(value: Any, name: str) -> Iterator[str]:
    for field in fields(value):
        told, part = f"{name}.{field.name}", getattr(value, field.name)
        if not fits(part, hints_of(value.__class__)[field.name]):
            yield f"{told} is {type(part).__name__} {str(part)[:60]!r}"
        elif is_dataclass(part):
            yield from find_misfits(part, told)
        elif isinstance(part, tuple):
            yield from (fault for each in part if is_dataclass(each) for fault in find_misfits(each, told))
        elif not is_storable(part):
            yield f"{told} cannot be stored: {part!r:.60}"


@cache
def hints_of(kind: Hashable) -> dict[str, Any]:
    return get_type_hints(kind)


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is what a field's type says."""
    origin, parts = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin in (Union, UnionType):
        return any(fits(value, part) for part in parts)
    if origin is Literal:
        return isinstance(value, str) and value in parts
    if origin is tuple:
        return isinstance(value, tuple) and all(fits(each, parts[0]) for each in value)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    return isinstance(value, NoneType if hint is None else origin or hint)


def is_storable(value: Any) -> bool:
    """Whether PostgreSQL can keep it: no NUL, no lone surrogate, no NaN; a moment knows its zone and has a year."""
    match value:
        case str():
            return "\0" not in value and value.isascii() or can_encode(value)
        case float():
            return math.isfinite(value)
        case datetime():
            return value.tzinfo is not None and has_year(value)
        case Mapping():
            return all(isinstance(key, str) and is_storable(key) for key in value) and is_storable([*value.values()])
        case bytes() | bool() | int() | None:
            return True
        case Sequence():
            return all(is_storable(each) for each in value)
        case _:
            return False


def can_encode(text: str) -> bool:
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def has_year(moment: datetime) -> bool:
    try:
        return moment.astimezone(UTC).year > 0
    except OverflowError:
        return False
