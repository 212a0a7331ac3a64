"""How fast a contact is spoken to."""

import pytest

from tawkee_core.db import run
from tests.lines import Line, hold_provider, wait_until


@pytest.mark.parametrize("first", ["status", "result"])
def test_contact_is_spoken_to_at_the_channels_pace_whoever_tells_first(line: Line, first: str) -> None:
    run("""update channel set config = '{"contact_seconds": 60}' where id = %s""", (line.channel.id,))
    release = hold_provider(line)
    line.say()
    line.start()
    wait_until(lambda: [o.state for o in line.outbounds()] == ["sending"])
    if first == "status":
        line.post({"type": "status", "state": "sent", "client_id": line.messages("out")[0].id})
    release.set()
    line.rest()
    assert [o.state for o in line.outbounds()] == ["sent"]
    (chat,) = run("select paced_until > now() as paced from chat where id = %s", (line.chat.id,))
    assert chat.paced
