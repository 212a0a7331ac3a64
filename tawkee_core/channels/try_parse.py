"""What a channel reads out of payload files: an author's first tool, which needs no server, setting or secret."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlencode

from ..errors import BadPayload, TawkeeError, UnknownPlugin
from ..plugins import Plugins
from ..types import Channel, ChannelEvent
from ..wire import read_json

JSON_HEADERS = {"content-type": "application/json"}
FORM_HEADERS = {"content-type": "application/x-www-form-urlencoded"}
EVENTS: tuple[type, ...] = get_args(ChannelEvent)


def try_files(
    plugins: Plugins, kind: str, files: Iterable[Path], config: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """What each file says, as {file, events} or {file, error}; `-` is standard input. Raises UnknownPlugin."""
    if kind in plugins.broken:
        raise UnknownPlugin(f"The plugin {kind!r} is installed and was left out ({plugins.broken[kind]}).")
    plugins.ask(kind)
    channel = made_up(kind, config)
    for file in files:
        try:
            events = parse_body(plugins, channel, read_file(file))
        except OSError as error:
            yield {"file": str(file), "error": error.strerror or "cannot be read"}
        except TawkeeError as error:
            yield {"file": str(file), "error": str(error)}
        except Exception as error:  # whatever a stranger's channel raises, the other files are still told
            yield {"file": str(file), "error": f"{type(error).__name__}: {error}"}
        else:
            yield {"file": str(file), "events": [show_event(event) for event in events]}


def read_file(file: Path) -> bytes:
    return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()


def made_up(kind: str, config: Mapping[str, Any]) -> Channel:
    """A channel that is in no database."""
    url = "https://tawkee.example/webhooks/channel/secret"
    return Channel("channel", "workspace", "agent", kind, kind, config, url, "secret", "connected")


def parse_body(plugins: Plugins, channel: Channel, body: bytes) -> Sequence[ChannelEvent]:
    """The events of one payload; of a form kept as a JSON object too, since that is how forms are mostly recorded."""
    try:
        return parse(plugins, channel, JSON_HEADERS, body)
    except BadPayload as error:
        form = form_of(body)
        if form is None:
            raise
        try:
            return parse(plugins, channel, FORM_HEADERS, form)
        except BadPayload:  # it was no form either
            raise error from None


def parse(plugins: Plugins, channel: Channel, headers: dict[str, str], body: bytes) -> Sequence[ChannelEvent]:
    events = plugins.channel(channel.kind).channel_parse(channel=channel, headers=headers, body=body)
    if events is None:
        raise BadPayload(f"{channel.kind} reads no webhooks: it has no channel_parse, or that returned None.")
    if not isinstance(events, list):
        raise TypeError(f"channel_parse gave {type(events).__name__}, not a list of events")
    for event in events:
        if not isinstance(event, EVENTS):
            raise TypeError(f"channel_parse gave {type(event).__name__} among its events")
    return events


def form_of(body: bytes) -> bytes | None:
    """A JSON object that holds only texts, as a form."""
    try:
        values = read_json(body)
    except BadPayload:
        return None
    flat = isinstance(values, dict) and values and all(isinstance(each, str) for each in values.values())
    return urlencode(values).encode() if flat else None


def show_event(event: ChannelEvent) -> dict[str, Any]:
    """An event's fields after its `type`, which is its class's name in lower case."""
    return {"type": type(event).__name__.lower(), **show(event)}


def show(value: Any) -> Any:
    """A value as JSON can hold it: moments in ISO 8601, bytes as their number."""
    if is_dataclass(value):
        return {field.name: show(getattr(value, field.name)) for field in fields(value)}
    match value:
        case datetime():
            return value.isoformat()
        case bytes():
            return len(value)
        case Mapping():
            return {str(name): show(each) for name, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [show(each) for each in value]
        case _:
            return value


def to_line(told: Mapping[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False, default=str)
