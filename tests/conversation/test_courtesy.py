"""Typing and read receipts: shown where the channel can, within the application, and never in the answer's way."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tawkee_core import hookimpl, inbox
from tawkee_core.testing.echo_channel import EchoChannel
from tawkee_core.testing.echo_model import EchoModel
from tawkee_core.testing.running import Running, make_running
from tawkee_core.types import Channel, ChannelInfo, Contact
from tests.lines import Line, open_line, wait_until


class PoliteChannel(EchoChannel):
    """Shows typing through the inbox, as the web chat does."""

    def __init__(self) -> None:
        super().__init__()
        self.typed: list[str] = []
        self.read: list[str] = []
        self.fails = False

    @hookimpl
    def channel_info(self) -> ChannelInfo:
        info = super().channel_info()
        return replace(info, capabilities=replace(info.capabilities, typing=True, read_receipts=True))

    @hookimpl
    def channel_typing(self, channel: Channel, contact: Contact) -> bool:
        if self.fails:
            raise KeyError("presence")
        inbox.signal(channel, contact.address, {"event": "typing"})
        self.typed.append(contact.address.value)
        return True

    @hookimpl
    def channel_read(self, message_ids: Sequence[str]) -> bool:
        self.read.extend(message_ids)
        return True


@pytest.fixture(scope="module")
def polite() -> PoliteChannel:
    return PoliteChannel()


@pytest.fixture(scope="module")
def tawkee(tawkee_config: dict[str, Any], polite: PoliteChannel, echo_model: EchoModel) -> Iterator[Running]:
    running = make_running(tawkee_config, [("echo", polite), ("echo_model", echo_model)])
    yield running
    running.close()


@pytest.fixture
def line(tawkee: Running, polite: PoliteChannel, echo_model: EchoModel) -> Iterator[Line]:
    polite.provider.reset()
    polite.typed.clear()
    polite.read.clear()
    polite.fails = False
    echo_model.reset()
    yield from open_line(tawkee, polite, echo_model)


def test_typing_is_shown_and_messages_are_marked_as_read(line: Line, polite: PoliteChannel) -> None:
    id = line.say()
    line.settle()
    wait_until(lambda: polite.typed == ["ana"])
    wait_until(lambda: polite.read == [id])


def test_courtesy_that_fails_costs_nothing(line: Line, polite: PoliteChannel) -> None:
    polite.fails = True
    line.say()
    line.settle()
    assert line.provider.texts() == ["echo: oi"]
