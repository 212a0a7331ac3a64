"""What every channel does with its provider: a batch that is broken in part. Calls are tried in tests/channels."""

import pytest
from structlog.testing import capture_logs

from tawkee_core import Address, BadPayload, ChannelEvent, Ignored, Incoming, provider


def read(item: str) -> list[ChannelEvent]:
    if item == "broken":
        raise BadPayload("It has no `id`.")
    return [Incoming(item, (Address("acme", "rita"),))]


def test_a_broken_item_does_not_lose_the_others() -> None:
    first, second, third = provider.read_each(["1", "broken", "2"], read)
    assert isinstance(first, Incoming) and isinstance(third, Incoming)
    assert (first.id, second, third.id) == ("1", Ignored("unreadable: It has no `id`."), "2")


def test_a_webhook_of_which_nothing_can_be_read_is_a_bad_payload() -> None:
    with pytest.raises(BadPayload, match="no `id`"):
        provider.read_each(["broken", "broken"], read)
    assert provider.read_each([], read) == []


def test_however_many_items_are_broken_one_line_is_logged() -> None:
    with capture_logs() as logs:
        provider.read_each(["1", *["broken"] * 5000], read)
    assert [(each["event"], each["broken"], each["whole"]) for each in logs] == [("webhook_items_unreadable", 5000, 1)]
