"""Webhooks made wrong: real ones with a part gone, repeated or replaced at any depth, cut, or in another encoding."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, quote_from_bytes, urlencode

Place = tuple[str | int, ...]
Make = Callable[[], bytes]


class Repeated(dict[str, Any]):
    """An object that is written with every key twice: first without a value, then with its own."""

    def items(self) -> Any:
        return [(key, each) for key, value in super().items() for each in (None, value)]


#: what `json.dumps` cannot write, by the text that is written in its place
RAW = {
    **{f"<{depth} lists>": b"[" * depth + b"]" * depth for depth in (50, 250, 900, 1000)},
    **{f"<{depth} objects>": b'{"message":' * depth + b"{}" + b"}" * depth for depth in (50, 250, 900, 1000)},
    "<nan>": b"NaN",
    "<long>": b"1" + b"0" * 10_000,
    "<broken>": b"}",
}
TIRING = ("a" * 25 + "!", "1" * 25 + "!", " " * 20_000 + "!", "1 " * 12 + "!", "a@" * 10_000 + "!")
#: what may stand where something else belongs
ODD_TEXTS = (
    "", " ", "text", "0", "-1", "1e999", "nan", "\0", "a\0b", "\ud800", "\udfff\ud83d", "\u202e\ufeff\uffff", "%00",
    "@", ":", "x" * 70_000, "9" * 5000, "é\n" * 20_000, "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00",
)  # fmt: skip
WRONG: tuple[Any, ...] = (
    None, True, False, 0, -1, 7, 1.5, -1e308, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 10**400, *ODD_TEXTS,
    [], {}, [[]], [{}], [None], {"id": []}, {"": None}, [1] * 5000, {str(n): n for n in range(2000)}, *RAW,
)  # fmt: skip
#: what may stand in a form
ODD_BYTES = (
    b"", b" ", b"text", b"0", b"-1", b"1e999", b"\0", b"a\0b", b"\xff\xfe", b"\xed\xa0\x80", b"\xf0\x9f", b"+", b"@",
    b":", b"x" * 70_000, b"9" * 5000, b"9" * 10, b"99", b"{", b"[]", b"null", b"whatsapp:", "\u202e\ufeff".encode(),
)  # fmt: skip
#: what says how a body is to be read, and may say something else
CONTENT_TYPES = (
    "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "multipart/form-data",
    "text/plain; charset=utf-16", "application/json; charset=nonsense", "application/octet-stream", "", "/;=\xff",
)  # fmt: skip


def wrong_bodies(body: bytes, most: int) -> Iterator[bytes]:
    """At most so many bodies that are this one made wrong, drawn evenly from all ways to do so."""
    ways = list(all_ways(body))
    step = max(1.0, len(ways) / most)
    for number in range(min(most, len(ways))):
        yield ways[int(number * step)]()


def all_ways(body: bytes) -> Iterator[Make]:
    """Each way to make one part of a body wrong."""
    yield from (partial(bytes, each) for each in recoded(body))
    yield from (partial(cut, body, place) for place in range(0, len(body), max(1, len(body) // 100)))
    yield from (partial(flip, body, place) for place in range(0, len(body), max(1, len(body) // 100)))
    value = json_of(body)
    if value is not None:
        yield from json_ways(value)
    else:
        yield from form_ways(parse_qsl(body.decode("latin-1"), keep_blank_values=True))


def tiring_bodies(body: bytes) -> Iterator[bytes]:
    """The body with each of its texts in turn made one that a careless regular expression takes very long to turn
    down."""
    value = json_of(body)
    if value is not None:
        for path in all_paths(value):
            yield from (write(value, path, partial(tire, text)) for text in TIRING)
        return
    fields = parse_qsl(body.decode("latin-1"), keep_blank_values=True)
    for place, (name, _) in enumerate(fields):
        for text in TIRING:
            yield splice_form(fields[:place], name, text.encode(), fields[place + 1 :])


def tire(text: str, old: Any) -> Any:
    return text if isinstance(old, str) else old


def recoded(body: bytes) -> Iterable[bytes]:
    """The body in another encoding, twice, in another body, in a list."""
    text = body.decode("utf-8", "replace")
    encodings = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "utf-7")
    yield from (text.encode(each) for each in encodings)
    yield from (body + body, b"[" + body + b"]", b'{"data":' + body + b"}", json.dumps(text).encode(), b"\0" + body)
    yield from (text.encode("latin-1", "replace"), b" " * 1000 + body, body + b"\n" * 1000, body[::-1])


def cut(body: bytes, place: int) -> bytes:
    return body[:place]


def flip(body: bytes, place: int) -> bytes:
    return body[:place] + bytes((body[place] ^ 0x55,)) + body[place + 1 :]


def json_of(body: bytes) -> Any:
    """The value of a JSON body; None for a body that is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def json_ways(value: Any) -> Iterator[Make]:
    for path in all_paths(value):
        yield from (partial(write, value, path, change) for change in CHANGES)


def all_paths(value: Any, path: Place = ()) -> list[Place]:
    """Where the value and each of its parts is, at any depth."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deeper for key, part in parts for deeper in all_paths(part, (*path, key)))]


def replace_by(new: Any) -> Callable[[Any], Any]:
    return lambda old: new


def repeat(old: Any) -> Any:
    """A list with its parts 50 times, an object with each key twice, a text 50 times."""
    if isinstance(old, dict):
        return Repeated(old)
    return old * 50 if isinstance(old, list | str) else [old, old]


GONE: Any = object()
CHANGES: tuple[Callable[[Any], Any], ...] = (
    replace_by(GONE),
    repeat,
    lambda old: [old],
    lambda old: {"value": old},
    lambda old: str(old)[:1000],
    lambda old: old + 1 if isinstance(old, int) else -1,
    *(replace_by(new) for new in WRONG),
)


def write(value: Any, path: Place, change: Callable[[Any], Any]) -> bytes:
    """The value as JSON with one part changed."""
    changed = change_at(value, path, change)
    return b"" if changed is GONE else write_raw(json.dumps(changed).encode())


def write_changed(value: Any, changes: Iterable[tuple[int, Callable[[Any], Any]]]) -> bytes:
    """The value as JSON with one of its parts after another changed; which, as a number over all of them."""
    for number, change in changes:
        paths = all_paths(value)[1:] or [()]
        value = change_at(value, paths[number % len(paths)], change)
        if value is GONE:
            return b""
    return write(value, (), lambda old: old)


def write_raw(body: bytes) -> bytes:
    for name, raw in RAW.items():
        body = body.replace(b'"%s"' % name.encode(), raw) if name.encode() in body else body
    return body


def change_at(value: Any, path: Place, change: Callable[[Any], Any]) -> Any:
    """The value with the part at this path changed, or gone. A path that leads nowhere changes nothing."""
    if not path:
        return change(value)
    key, deeper = path[0], path[1:]
    if isinstance(value, dict) and key in value:
        new = change_at(value[key], deeper, change)
        return {name: new if name == key else old for name, old in value.items() if name != key or new is not GONE}
    if isinstance(value, list) and isinstance(key, int) and key < len(value):
        new = change_at(value[key], deeper, change)
        return [*value[:key], *(() if new is GONE else (new,)), *value[key + 1 :]]
    return value


def form_ways(fields: Sequence[tuple[str, str]]) -> Iterator[Make]:
    """A form with a field gone, repeated, renamed, or saying something else."""
    for place, (name, value) in enumerate(fields):
        before, after = [*fields[:place]], [*fields[place + 1 :]]
        yield partial(write_form, [*before, *after])
        yield partial(write_form, [*fields, (name, value)] * 2)
        yield partial(write_form, [*before, (name.lower(), value), *after])
        for text in ODD_BYTES:
            yield partial(splice_form, before, name, text, after)
    yield partial(write_form, [*fields] * 60)


def write_form(fields: Sequence[tuple[str, str]]) -> bytes:
    return urlencode(fields, encoding="latin-1", errors="replace").encode()


def splice_form(before: Sequence[tuple[str, str]], name: str, value: bytes, after: Sequence[tuple[str, str]]) -> bytes:
    """A form with one value of raw bytes."""
    field = f"{name}={quote_from_bytes(value)}".encode()
    return b"&".join(part for part in (write_form(before), field, write_form(after)) if part)


def mixed(bodies: Sequence[bytes]) -> Iterator[bytes]:
    """Halves of different bodies put together."""
    for one, other in pairwise(bodies):
        yield one[: len(one) // 2] + other[len(other) // 2 :]
