"""The kit's fuzzing sees what it is there for, and makes what it says."""

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tawkee_core import Address, BadPayload, Echo, Ignored, Incoming, Media, Status
from tawkee_core.testing.conformance.mutation import (
    CHANGES,
    GONE,
    all_paths,
    all_ways,
    change_at,
    write_changed,
    wrong_bodies,
)
from tawkee_core.testing.conformance.reading import PARSE_SECONDS, check_reading

ANA = (Address("phone", "5531988887777"),)
VALUE = {"a": [{"b": 1}, "two"], "c": None}


def refuse() -> Any:
    raise BadPayload("no")


def test_events_and_bad_payloads_are_what_is_wanted() -> None:
    moment = datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=-3)))
    media = Media(ref={"url": "https://x", "parts": [1, 2.5, None]}, size=3)
    events = [Incoming("1", ANA, text="é 🎉", sent_at=moment, media=media), Ignored("known")]
    assert check_reading(lambda: events) == events
    assert check_reading(refuse) is None


@pytest.mark.parametrize(
    ("event", "what"),
    [
        ("text", "str is no event"),
        (Incoming("", ANA), "id is empty"),
        (Echo("", ANA), "id is empty"),
        (Incoming("1", ()), "name nobody"),
        (Incoming("1", (Address("phone", ""),)), "name nobody"),
        (Incoming("1", ANA, text="a\0b"), "text cannot be stored"),
        (Incoming("1", ANA, name="\ud800"), "name cannot be stored"),
        (Incoming("1", (Address("phone", "5\0"),)), "addresses.value cannot be stored"),
        (Incoming("1", ANA, data={"n": [float("nan")]}), "data cannot be stored"),
        (Incoming("1", ANA, data={"n": {"\0": 1}}), "data cannot be stored"),
        (Incoming("1", ANA, data={"n": object()}), "data cannot be stored"),
        (Incoming("1", ANA, media=Media(ref={"a": "\udfff"})), "media.ref cannot be stored"),
        (Incoming("1", ANA, media=Media(size=2**70)), "media.size is int"),
        (Incoming("1", ANA, sent_at=datetime(2026, 1, 1)), "sent_at cannot be stored"),
        (Incoming("1", ANA, sent_at=datetime.max.replace(tzinfo=timezone(-timedelta(hours=1)))), "sent_at cannot be"),
        (Incoming("1", ANA, text=["a"]), "text is list"),  # type: ignore[arg-type]  # on purpose
        (Incoming("1", ANA, kind="poem"), "kind is str"),  # type: ignore[arg-type]  # on purpose
        (Incoming("1", list(ANA)), "addresses is list"),  # type: ignore[arg-type]  # on purpose
        (Incoming(7, ANA), "id is int"),  # type: ignore[arg-type]  # on purpose
        (Status("sent", id=7), "id is int"),  # type: ignore[arg-type]  # on purpose
        (Incoming("1", ANA, group=None), "group is NoneType"),  # type: ignore[arg-type]  # on purpose
    ],
)
def test_odd_events_are_noticed(event: Any, what: str) -> None:
    with pytest.raises(AssertionError, match=what):
        check_reading(lambda: [Ignored("good"), event])


@pytest.mark.parametrize("given", [None, (), {}, "events"])
def test_no_list_is_noticed(given: Any) -> None:
    with pytest.raises(AssertionError, match="not a list"):
        check_reading(lambda: given)


def test_another_error_comes_through() -> None:
    with pytest.raises(KeyError):
        check_reading(lambda: dict[str, int]()["from"])


def test_slow_parser_is_noticed_and_one_hiccup_is_not() -> None:
    hiccups = iter([True])

    def burn(again: Callable[[], bool]) -> list[Any]:
        end = time.thread_time() + 2 * PARSE_SECONDS
        while again() and time.thread_time() < end:
            pass
        return []

    with pytest.raises(AssertionError, match="of CPU"):
        check_reading(lambda: burn(lambda: True))
    slow_once = next(hiccups)

    def stumble() -> list[Any]:
        nonlocal slow_once
        slow, slow_once = slow_once, False
        return burn(lambda: slow)

    assert check_reading(stumble) == []


def test_every_part_is_changed_in_every_way() -> None:
    assert all_paths(VALUE) == [(), ("a",), ("a", 0), ("a", 0, "b"), ("a", 1), ("c",)]
    body = json.dumps(VALUE).encode()
    made = [way() for way in all_ways(body)]
    assert len(made) > 6 * len(CHANGES)
    wanted = (
        b'{"a": [{"b": 1}, "two"]}', b'{"a": [{}, "two"], "c": null}', b'{"a": ["two"], "c": null}',
        b'{"a": [{"b": null, "b": 1}, "two"], "c": null}', b'{"a": [{"b": 1}, "two"], "c": NaN}',
        b'{"a": [{"b": "\\ud800"}, "two"], "c": null}', body.replace(b"null", b"[" * 1000 + b"]" * 1000),
        body[:1], b"",
    )  # fmt: skip
    assert [each for each in wanted if each not in made] == []


def test_forms_are_changed_field_by_field() -> None:
    made = set(wrong_bodies(b"From=%2B55&Body=oi", 10_000))
    assert {b"Body=oi", b"From=%2B55", b"From=%00&Body=oi", b"from=%2B55&Body=oi", b"From=%2B55&Body=%ED%A0%80"} <= made


def test_draw_is_even_and_no_more_than_asked_for() -> None:
    body = json.dumps(VALUE).encode()
    some = list(wrong_bodies(body, 50))
    assert len(some) == 50
    assert len(set(some)) > 40
    assert some == list(wrong_bodies(body, 50))


def test_changes_follow_each_other_until_nothing_is_left() -> None:
    assert write_changed(VALUE, [(0, lambda old: 1), (1, lambda old: GONE)]) == b'{"a": 1}'
    assert write_changed(7, [(0, lambda old: GONE), (0, lambda old: [old])]) == b""
    assert change_at(VALUE, ("x", 3), lambda old: 1) == VALUE
