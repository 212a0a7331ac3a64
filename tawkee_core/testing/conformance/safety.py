"""What must never happen: a forged webhook let in, a broken one crashing, a secret told, an answer doubled."""

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ...channels.config import BadConfig, read_config
from ...channels.show import show_channel
from ...db import connection, run
from ...errors import BadPayload
from ...models import Channel as ChannelRow
from ...models import new_id
from ..running import Running, make_running
from .kit import KIT_SETTINGS, ChannelKit, Line, Said, Webhook, unsupported

PARSE_SECONDS = 0.05
HOSTILE = (b"", b"{", b"[" * 100_000, b'"\\ud800\\u0000"', b"\xff\xfe", b'{"a":1e999}', b"null", b"9" * 10_000)
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class SafetyCases(ChannelKit):
    """Cases of what must not be."""

    def test_wrong_signature_is_refused_and_nothing_kept(self, line: Line) -> None:
        for webhook in self.webhooks(self.forger(line.channel), [Said(new_id(), self.sender(1), "oi")]):
            assert self.post(line, webhook) == 401
        assert line.running.messages_of(line.channel) == []
        assert run("select 1 as one from inbound_event where channel_id = %s", (line.channel.id,)) == []

    def test_other_channels_secret_is_refused(self, line: Line, tawkee: Running) -> None:
        other = self.open_line(tawkee).channel
        for webhook in self.webhooks(other, [Said(new_id(), self.sender(1), "oi")]):
            assert self.post(line, webhook) == 401

    def test_missing_proof_is_refused(self, line: Line) -> None:
        (webhook, *_) = self.webhooks(line.channel, [Said(new_id(), self.sender(1), "oi")])
        if not webhook.headers:
            return unsupported("proof in its headers")
        assert self.post(line, Webhook({}, webhook.body)) == 401

    def test_broken_body_is_no_server_error(self, line: Line) -> None:
        (webhook, *_) = self.webhooks(line.channel, [Said(new_id(), self.sender(1), "oi")])
        for body in HOSTILE:
            assert self.post(line, Webhook(webhook.headers, body)) < 500

    def test_huge_body_is_refused(self, line: Line) -> None:
        (webhook, *_) = self.webhooks(line.channel, [Said(new_id(), self.sender(1), "oi")])
        assert self.post(line, Webhook(webhook.headers, b"x" * 5_000_000)) == 413

    def test_any_bytes_are_events_or_a_bad_payload(self, line: Line) -> None:
        """Whatever passes verification: parsing gives events or raises BadPayload, and soon."""
        (webhook, *_) = self.webhooks(line.channel, [Said(new_id(), self.sender(1), "oi")])

        @FUZZ
        @given(st.binary(max_size=200), st.integers(0, len(webhook.body)), st.integers(0, 20))
        @example(b"", 0, 0)
        def parse_mutated(piece: bytes, place: int, cut: int) -> None:
            self.parse(line, webhook.headers, webhook.body[:place] + piece + webhook.body[place + cut :])
            self.parse(line, webhook.headers, piece)

        parse_mutated()

    def test_any_json_is_events_or_a_bad_payload(self, line: Line) -> None:
        (webhook, *_) = self.webhooks(line.channel, [Said(new_id(), self.sender(1), "oi")])
        try:
            original = json.loads(webhook.body)
        except ValueError:
            return unsupported("JSON in its webhooks")
        values: st.SearchStrategy[Any] = st.sampled_from((None, True, 7, "text", [], {}, [{}], {"id": []}))

        @FUZZ
        @given(st.lists(st.tuples(st.integers(0, 50), values), min_size=1, max_size=3))
        def parse_replaced(changes: list[tuple[int, Any]]) -> None:
            changed = original
            for place, value in changes:
                changed = replace_at(changed, place, value)[0]
            self.parse(line, webhook.headers, json.dumps(changed).encode())

        parse_replaced()

    def test_missing_required_field_is_told(self, line: Line) -> None:
        info = line.running.tawkee.plugins.channel(self.kind).channel_info()
        assert info is not None
        required = [field.name for field in info.fields if field.required]
        if not required:
            return unsupported("required field")
        with pytest.raises(BadConfig) as caught:
            read_config(info.fields, {})
        assert set(required) <= set(caught.value.errors["json"]["config"])

    def test_secrets_are_never_told(self, line: Line) -> None:
        with connection():
            row = ChannelRow.find(line.company.workspace_id, line.channel.id)
            told = json.dumps(show_channel(line.running.tawkee, row), default=str)
        secrets = [str(value) for value in self.secrets().values() if len(str(value)) >= 6]
        assert not [secret for secret in secrets if secret in told]

    def test_starting_and_stopping_three_times_answers_once(
        self, line: Line, tawkee_config: dict[str, Any], tawkee_plugins: list[tuple[str, Any]]
    ) -> None:
        for _ in range(3):
            make_running(tawkee_config | KIT_SETTINGS, tawkee_plugins).close()
        assert [d.text for d in self.ask(line)] == ["echo: oi"]

    def parse(self, line: Line, headers: Any, body: bytes) -> None:
        """Parse, and again where it took long: a collection of garbage strikes once, a slow parser always."""
        lower = {name.lower(): value for name, value in headers.items()}
        tries = (self.time_parse(line, lower, body) for _ in range(3))
        assert any(seconds < PARSE_SECONDS for seconds in tries)

    def time_parse(self, line: Line, headers: dict[str, str], body: bytes) -> float:
        """Seconds of this thread that a parse took; what it gave was checked."""
        plugin = line.running.tawkee.plugins.channel(self.kind)
        started = time.thread_time()
        try:
            events = plugin.channel_parse(channel=line.channel, headers=headers, body=body)
        except BadPayload:
            events = []
        assert isinstance(events, list)
        return time.thread_time() - started


def replace_at(value: Any, place: int, new: Any) -> tuple[Any, int]:
    """The value with its n-th part (in reading order) replaced, and how many parts are left to count."""
    if place == 0:
        return new, -1
    place -= 1
    if isinstance(value, dict | list):
        parts = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
        for key, part in parts:
            if place < 0:
                break
            changed, place = replace_at(part, place, new)
            value = {**value, key: changed} if isinstance(value, dict) else [*value[:key], changed, *value[key + 1 :]]
    return value, place
