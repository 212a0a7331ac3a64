"""How fast a contact is spoken to."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tawkee_core.conversation.outbound import claim_sendings, settle_row
from tawkee_core.db import run, transaction
from tawkee_core.errors import NotSent
from tawkee_core.types import Pace
from tests.lines import Line, hold_provider, wait_until, waits_for_lock


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


def test_result_and_echo_of_a_message_never_wait_for_each_other(line: Line) -> None:
    """An echo, which comes at the moment of the result, has the chat locked when it settles the sending."""
    line.provider.fail_with.append(NotSent("no route"))
    line.say()
    line.start()
    line.rest()
    line.pass_time()
    (sending,) = claim_sendings(line.tawkee.settings, 1)
    with ThreadPoolExecutor(1) as executor, transaction() as cursor:
        cursor.execute("select id from chat where id = %s for update", (line.chat.id,))
        settling = executor.submit(settle_row, sending, "sent", provider_id="wamid.1", pace=Pace(6.0, 3))
        wait_until(lambda: waits_for_lock(line))
        cursor.execute("select id from outbound where id = %s for update nowait", (sending.id,))
        cursor.execute("commit; begin")
        settling.result(10)
    assert [o.state for o in line.outbounds()] == ["sent"]
