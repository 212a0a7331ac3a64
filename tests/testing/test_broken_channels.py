"""The kit notices a channel that is broken in a way that loses, doubles, forges or falsifies messages."""

import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

import pytest

from tawkee_core import (
    BadPayload,
    Channel,
    ChannelEvent,
    Contact,
    Echo,
    Ignored,
    Incoming,
    InvalidWebhook,
    Message,
    NotSent,
    Status,
    hookimpl,
)
from tawkee_core.models import new_id
from tawkee_core.testing.conformance import Webhook
from tawkee_core.testing.conformance.kit import KIT_SETTINGS
from tawkee_core.testing.echo_channel import SECRET_HEADER, EchoChannel
from tawkee_core.testing.running import Running, make_running

from .test_conformance import EchoConformance

PHONES = re.compile(r"(\d+\s?)+$")


class Reads(EchoChannel):
    """Changes each event that it reads."""

    @hookimpl
    def channel_parse(self, body: bytes) -> list[ChannelEvent]:
        return [self.change(event) for event in super().channel_parse(body)]

    def change(self, event: Any) -> Any:
        return event


class RandomIds(Reads):
    def change(self, event: Any) -> Any:
        return replace(event, id=new_id()) if isinstance(event, Incoming) else event


class WordsAsIds(Reads):
    def change(self, event: Any) -> Any:
        return replace(event, id=str(crc32(event.text.encode()))) if isinstance(event, Incoming) else event


class CutsWhatIsSaid(Reads):
    def change(self, event: Any) -> Any:
        return replace(event, text=event.text[:500]) if isinstance(event, Incoming) else event


class AnotherZone(Reads):
    """Three hours off, as a clock in Brazil is that nobody told so."""

    def change(self, event: Any) -> Any:
        return replace(event, sent_at=datetime.now(UTC) - timedelta(hours=3)) if isinstance(event, Incoming) else event


class RemembersWhatItRead(Reads):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def change(self, event: Any) -> Any:
        if not isinstance(event, Incoming):
            return event
        known = event.id in self.seen
        self.seen.add(event.id)
        return Ignored("seen") if known else event


class AsksWhileReading(Reads):
    def change(self, event: Any) -> Any:
        with socket.socket() as connection:
            connection.connect_ex(("127.0.0.1", 9))
        return event


class SwallowsWhatIsBroken(EchoChannel):
    @hookimpl
    def channel_parse(self, body: bytes) -> list[ChannelEvent]:
        try:
            return super().channel_parse(body)
        except BadPayload:
            return []


class LooksForNumbersCarelessly(Reads):
    def change(self, event: Any) -> Any:
        told = isinstance(event, Incoming) and PHONES.match(event.text)
        return replace(event, data={"phone": event.text}) if told else event


class ReadIsDelivered(Reads):
    def change(self, event: Any) -> Any:
        return replace(event, state="delivered") if isinstance(event, Status) else event


class OwnWordsAreAPersons(Reads):
    def change(self, event: Any) -> Any:
        return replace(event, id=new_id(), client_id=None) if isinstance(event, Echo) else event


class EchoIsACustomer(Reads):
    def change(self, event: Any) -> Any:
        return Incoming(event.id, event.addresses, text=event.text) if isinstance(event, Echo) else event


class Sends(EchoChannel):
    """Changes each message that it sends, and what it says of that."""

    @hookimpl
    def channel_send(self, contact: Contact, message: Message, client_id: str) -> Any:
        return self.tell(super().channel_send(contact, self.change(message), client_id))

    def change(self, message: Message) -> Message:
        return message

    def tell(self, id: str) -> Any:
        return id


class OneIdForAll(Sends):
    def tell(self, id: str) -> str:
        return "ok"


class NoIdAtAll(Sends):
    def tell(self, id: str) -> None:
        return None


class LosesAccents(Sends):
    def change(self, message: Message) -> Message:
        return replace(message, text=message.text.encode("ascii", "ignore").decode())


class StumblesOverFiles(Sends):
    def change(self, message: Message) -> Message:
        return replace(message, text=message.text + message.media.link) if message.media else message  # type: ignore[attr-defined]  # on purpose


class DropsChoices(Sends):
    def change(self, message: Message) -> Message:
        return replace(message, text=message.text.partition("\n")[0])


class TriesAgainAfterAProxy(Sends):
    """Takes 502 for a refusal."""

    garbled = False

    def tell(self, id: str) -> str:
        if self.garbled:
            self.garbled = False
            raise NotSent("HTTP 502")
        return id


class LetsInWithoutASecret(EchoChannel):
    """A secret of its own that nobody filled in is compared all the same."""

    @hookimpl
    def channel_verify(self, channel: Channel, headers: dict[str, str]) -> bool:
        if headers.get(SECRET_HEADER) != str(channel.config.get("secret")):
            raise InvalidWebhook()
        return True


class BrokenKit(EchoConformance):
    kind = "broken"
    plugin: Any

    def secrets(self) -> dict[str, Any]:
        return {"secret": "of-its-own"} if isinstance(self.plugin, LetsInWithoutASecret) else {}

    def webhooks(self, channel: Channel, said: Any) -> list[Webhook]:
        (webhook,) = super().webhooks(channel, said)
        if isinstance(self.plugin, LetsInWithoutASecret):
            return [Webhook({SECRET_HEADER: channel.config["secret"]}, webhook.body)]
        return [webhook]

    def confirmations(self, channel: Channel) -> list[Webhook]:
        """None where a late word of the provider's would save what the channel got wrong."""
        return [] if isinstance(self.plugin, TriesAgainAfterAProxy) else super().confirmations(channel)

    def garble_next(self) -> bool:
        self.plugin.garbled = True
        return True


@pytest.fixture(scope="module")
def running(tawkee_config: dict[str, Any], echo_model: Any) -> Iterator[Running]:
    running = make_running(tawkee_config | KIT_SETTINGS, [("echo_model", echo_model)])
    yield running
    running.close()


@pytest.mark.parametrize(
    ("broken", "case"),
    [
        (RandomIds, "reading_asks_nobody_and_reads_the_same_again"),
        (RemembersWhatItRead, "reading_asks_nobody_and_reads_the_same_again"),
        (AsksWhileReading, "reading_asks_nobody_and_reads_the_same_again"),
        (WordsAsIds, "same_words_twice_are_two_messages"),
        (CutsWhatIsSaid, "words_are_kept_as_they_were_said"),
        (AnotherZone, "moment_of_a_message_is_true"),
        (SwallowsWhatIsBroken, "half_a_webhook_is_a_bad_payload"),
        (LooksForNumbersCarelessly, "no_text_tires_it"),
        (ReadIsDelivered, "read_is_shown_as_read"),
        (OwnWordsAreAPersons, "own_words_told_back_are_no_takeover"),
        (EchoIsACustomer, "words_typed_by_a_person_are_a_takeover"),
        (OneIdForAll, "each_answer_has_an_id_of_the_provider"),
        (NoIdAtAll, "each_answer_has_an_id_of_the_provider"),
        (LosesAccents, "words_leave_as_they_were_written"),
        (StumblesOverFiles, "file_leaves_with_its_words"),
        (DropsChoices, "choices_arrive_as_buttons_or_numbers"),
        (TriesAgainAfterAProxy, "proxys_answer_never_doubles_the_message"),
        (LetsInWithoutASecret, "channel_without_its_secrets_lets_nobody_in"),
    ],
)
def test_broken_channel_is_noticed(running: Running, echo_model: Any, broken: type[EchoChannel], case: str) -> None:
    echo_model.reset()
    kit = BrokenKit()
    kit.plugin = broken()
    running.tawkee.plugins.register(kit.plugin, kit.kind)
    try:
        with pytest.raises(AssertionError):
            try_case(kit, case, running)
    finally:
        running.settle()
        running.tawkee.plugins.manager.unregister(name=kit.kind)
        running.tawkee.plugins._forget_answers()


def try_case(kit: BrokenKit, case: str, running: Running) -> None:
    """Run one case of the kit; one that is skipped has noticed nothing."""
    try:
        getattr(kit, f"test_{case}")(kit.open_line(running))
    except pytest.skip.Exception as skipped:  # which would skip this test too, as if all were well
        raise RuntimeError(f"not run: {skipped}") from skipped
