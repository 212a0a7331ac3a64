"""What must never happen: a forged webhook let in, a broken one crashing, a secret told, an answer doubled."""

import json
from dataclasses import replace
from typing import Any

import pytest

from ...channels.config import BadConfig, read_config
from ...channels.show import show_channels
from ...db import connection, run
from ...models import Channel as ChannelRow, new_id
from ...types import Channel
from ..running import Running, make_running
from .kit import KIT_SETTINGS, ChannelKit, Line, Said, Webhook, unsupported

HOSTILE = (b"", b"{", b"[" * 100_000, b'"\\ud800\\u0000"', b"\xff\xfe", b'{"a":1e999}', b"null", b"9" * 10_000)


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

    def test_channel_without_its_secrets_lets_nobody_in(self, line: Line) -> None:
        """A secret that is not there is no key: neither is nothing, nor the word that stands for it."""
        names = self.secrets()
        config = {"contact_seconds": 0, **self.config()}
        bare = line.running.add_channel(line.company, self.kind, config)
        if self.lets_in(line, self.guess(line.channel, dict.fromkeys(names, "another"))):
            line.running.settle()
            return unsupported("secret of its own that proves a webhook")
        for guess in ("", "None"):
            assert not self.lets_in(replace(line, channel=bare), self.guess(bare, dict.fromkeys(names, guess)))

    def guess(self, channel: Channel, secrets: dict[str, str]) -> Channel:
        """The channel as somebody sees it who takes these for its secrets."""
        return replace(channel, config={**channel.config, **secrets})

    def lets_in(self, line: Line, forged: Channel) -> bool:
        """Whether any webhook that is made by who knows a channel so passes."""
        webhooks = self.webhooks(forged, [Said(new_id(), self.sender(1), "oi")])
        return any(self.post(line, webhook) != 401 for webhook in webhooks)

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
            told = json.dumps(show_channels(line.running.tawkee, [row]), default=str)
        secrets = [str(value) for value in self.secrets().values() if len(str(value)) >= 6]
        assert not [secret for secret in secrets if secret in told]

    def test_starting_and_stopping_three_times_answers_once(
        self, line: Line, tawkee_config: dict[str, Any], tawkee_plugins: list[tuple[str, Any]]
    ) -> None:
        for _ in range(3):
            make_running(tawkee_config | KIT_SETTINGS, tawkee_plugins).close()
        assert [d.text for d in self.ask(line)] == ["echo: oi"]
