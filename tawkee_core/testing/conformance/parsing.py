"""Whatever comes in a body: parsing gives events that can be kept, or raises BadPayload, and soon.

HYPOTHESIS_PROFILE=long tries far more."""

import json
import os
from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, example, given, settings, strategies as st

from ...conversation.receive import receive_webhook
from ...db import run
from ...errors import BadPayload, InvalidWebhook
from ...models import new_id
from ...types import ChannelEvent
from .kit import ChannelKit, Line, Said, Webhook, unsupported
from .mutation import CHANGES, CONTENT_TYPES, json_of, mixed, replace_by, tiring_bodies, write_changed, wrong_bodies
from .reading import check_reading
from .watching import watch

TIMES = 30 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 1
FUZZ = settings(max_examples=30 * TIMES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
WRONG_BODIES = 250 * TIMES
POSTED = 50 * TIMES
KEPT = 20 * TIMES
TEXT = st.text(st.characters(), max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)
#: which part, counted over all of them, and what becomes of it
CHANGED = st.tuples(st.integers(0, 1000), st.sampled_from(CHANGES) | JSON.map(replace_by))
FAULTS = "select reason from inbound_event where channel_id = %s and state = 'new' and reason ~ '^[A-Z][A-Za-z]+: '"


class ParsingCases(ChannelKit):
    """Cases of what may stand in a body. Where contacts come by routes of the plugin's own, those are asked, and must
    not fall over."""

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
        line.running.settle()

    def test_any_json_is_events_or_a_bad_payload(self, line: Line) -> None:
        """JSON of any kind, and real webhooks of which several parts are changed."""
        samples = self.samples(line)
        values = [value for each in samples if (value := json_of(each.body)) is not None]
        if not values:
            return unsupported("JSON in its webhooks")

        @FUZZ
        @given(JSON, st.sampled_from(values), st.lists(CHANGED, min_size=1, max_size=4))
        def parse_changed(anything: Any, value: Any, changes: list[tuple[int, Any]]) -> None:
            self.parse(line, samples[0].headers, json.dumps(anything).encode())
            self.parse(line, samples[0].headers, write_changed(value, changes))

        parse_changed()
        line.running.settle()

    def test_webhooks_made_wrong_are_events_or_a_bad_payload(self, line: Line) -> None:
        samples = self.samples(line)
        most = (WRONG_BODIES if self.keeps_events else POSTED) // len(samples)
        for webhook in samples:
            for body in wrong_bodies(webhook.body, most):
                self.parse(line, webhook.headers, body)
            for content_type in CONTENT_TYPES:
                self.parse(line, {**webhook.headers, "Content-Type": content_type}, webhook.body)
        for body in mixed([webhook.body for webhook in samples]):
            self.parse(line, samples[0].headers, body)
        line.running.settle()

    def test_reading_asks_nobody_and_reads_the_same_again(self, line: Line) -> None:
        """A kept webhook is read again after a fault: what the first reading remembered, or made up, would lose or
        double its messages."""
        if not self.keeps_events:
            return unsupported("webhooks")
        for webhook in self.samples(line):
            with watch() as asked:
                first, again = (self.parse(line, webhook.headers, webhook.body) for _ in range(2))
            assert first == again
            assert asked == [], f"channel_parse is to be pure, and did {asked}"

    def test_half_a_webhook_is_a_bad_payload(self, line: Line) -> None:
        """A body that a proxy cut is not a webhook that says nothing: that would lose what it held."""
        halves = [(each, each.body[: len(each.body) // 2]) for each in self.samples(line)]
        broken = [(each, half) for each, half in halves if json_of(each.body) is not None and json_of(half) is None]
        if not broken or not self.keeps_events:
            return unsupported("JSON in its webhooks")
        for webhook, half in broken:
            assert self.parse(line, webhook.headers, half) is None, f"{half!r:.300} was read"

    def test_no_text_tires_it(self, line: Line) -> None:
        """A few letters are enough to keep a careless regular expression busy for hours, and with it a worker."""
        for webhook in self.samples(line):
            for body in tiring_bodies(webhook.body) if self.keeps_events else ():
                self.parse(line, webhook.headers, body)

    def test_webhooks_made_wrong_can_be_kept(self, line: Line) -> None:
        """What is read out of them goes into the database, and is no fault of the plugin's."""
        if not self.keeps_events:
            return unsupported("webhooks")
        samples = self.samples(line)
        for webhook in samples:
            for body in wrong_bodies(webhook.body, KEPT // len(samples) + 1):
                self.keep(line, lower_names(webhook.headers), body)
        faults = [row.reason for row in run(FAULTS, (line.channel.id,))]
        run("delete from workspace where id = %s", (line.company.workspace_id,))
        assert faults == []

    def keep(self, line: Line, headers: dict[str, str], body: bytes) -> None:
        try:
            receive_webhook(line.running.tawkee, line.channel, headers, body)
        except BadPayload:
            return

    def samples(self, line: Line) -> list[Webhook]:
        """Real webhooks, one of each kind that the channel's kit tells of."""
        channel, sender = line.channel, self.sender(1)
        told = [
            *self.webhooks(channel, [Said(new_id(), sender, "oi")])[:1],
            self.unknown_webhook(channel),
            self.echo_webhook(channel, sender, "Aqui é a Ana"),
            self.status_webhook(channel, "id", new_id(), "delivered"),
            self.file_webhook(channel, sender),
            *self.payloads(channel),
        ]
        return [webhook for webhook in told if webhook is not None]

    def parse(self, line: Line, headers: Mapping[str, str], body: bytes) -> list[ChannelEvent] | None:
        """What the channel makes of a body; verifying it may refuse it and do nothing else."""
        if not self.keeps_events:
            assert self.post(line, Webhook(headers, body)) < 500
            return None
        plugin, lower = line.running.tawkee.plugins.channel(self.kind), lower_names(headers)
        try:
            assert self.verify(line, lower, body) in (True, False)
            return check_reading(lambda: plugin.channel_parse(channel=line.channel, headers=lower, body=body))
        except Exception as error:  # whatever it is, its author wants to see what brought it about
            error.add_note(f"The body was {body!r:.1000}, its headers {lower!r:.300}")
            raise

    def verify(self, line: Line, headers: dict[str, str], body: bytes) -> bool | None:
        """Whether the channel takes it for authentic; what was signed before it was made wrong is not."""
        plugin = line.running.tawkee.plugins.channel(self.kind)
        try:
            return plugin.channel_verify(channel=line.channel, headers=headers, body=body)
        except InvalidWebhook:
            return False


def lower_names(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
