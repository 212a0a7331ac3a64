"""What was said long before it came, as after a channel's reconnection: kept and shown, not answered by the AI."""

import time

from tawkee_core.testing.echo_channel import EchoChannel
from tawkee_core.testing.running import Running

DAY = 86_400


def test_a_message_of_two_days_ago_is_kept_and_not_answered(tawkee: Running, echo_channel: EchoChannel) -> None:
    channel = tawkee.add_channel(tawkee.add_company(), "echo")
    old, fresh = time.time() - 2 * DAY, time.time() - DAY / 2
    tawkee.post_echo(channel, {"type": "message", "id": "old", "from": "ana", "text": "ainda tem?", "at": old})
    tawkee.settle()
    assert [m.text for m in tawkee.messages_of(channel)] == ["ainda tem?"]
    assert echo_channel.provider.texts("ana") == []
    tawkee.post_echo(channel, {"type": "message", "id": "fresh", "from": "ana", "text": "oi", "at": fresh})
    tawkee.settle()
    assert len(echo_channel.provider.texts("ana")) == 1
