"""A new unofficial number writes to a few people a day, a few more each day; the rest waits, is shown, and is sent."""

from functools import partial

import pytest
from psycopg2.extras import Json

from tawkee_core import ChannelInfo, Label
from tawkee_core.channels.load import load_channel
from tawkee_core.channels.warmup import daily_cap, may_write, show_warmup
from tawkee_core.db import run
from tests.lines import Line, in_parallel

INFO = ChannelInfo(Label("x", "x"), "opaque", unofficial=True)


def warm_up(line: Line, contacts: float) -> None:
    line.echo.unofficial = True
    config = Json({"warmup_contacts": contacts})
    run("update channel set config = config || %s where id = %s", (config, line.channel.id))


def ask(line: Line, *senders: str) -> None:
    for sender in senders:
        line.say("oi", sender=sender)
        line.start()
        line.rest()


def statuses(line: Line) -> list[str]:
    return sorted(message.status for message in line.messages("out"))


def test_who_is_beyond_the_days_number_waits_is_shown_and_is_answered(line: Line) -> None:
    warm_up(line, 2)
    ask(line, "ana", "bia", "carla")
    assert statuses(line) == ["queued", "sent", "sent"]
    (waiting,) = [message for message in line.messages("out") if message.status == "queued"]
    assert waiting.error.startswith("warming_up")
    channel = load_channel(line.tawkee.settings, line.channel.id)
    assert show_warmup(channel, INFO) == {"contacts_a_day": 2, "written_to": 2, "waiting": 1}
    ask(line, "ana")
    assert statuses(line) == ["queued", "sent", "sent", "sent"], "who was written to today is written to all day"
    run("update warmed_chat set day = day - 1 where channel_id = %s", (line.channel.id,))
    line.pass_time()
    line.settle()
    assert statuses(line) == ["sent"] * 4
    assert all(row.attempts == 1 for row in line.outbounds())


def test_owner_lets_a_number_that_is_not_new_speak(line: Line) -> None:
    warm_up(line, 1)
    ask(line, "ana", "bia")
    warm_up(line, 0)
    line.pass_time()
    line.settle()
    assert statuses(line) == ["sent", "sent"]


@pytest.mark.parametrize(("days", "cap"), [(0, 10), (1, 20), (6, 70), (7, None)])
def test_a_few_more_people_each_day_for_a_week(line: Line, days: int, cap: int | None) -> None:
    run("update channel set created_at = now() - make_interval(days => %s) where id = %s", (days, line.channel.id))
    assert daily_cap(line.channel.id, 10) == cap


def test_number_that_nobody_answers_is_treated_as_new(line: Line) -> None:
    run("update channel set created_at = now() - interval '30 days' where id = %s", (line.channel.id,))
    for number in range(30):
        line.post({"type": "echo", "id": f"e{number}", "to": f"person-{number}", "text": "promoção"})
    assert daily_cap(line.channel.id, 10) == 10
    for number in range(10):
        line.say("oi", sender=f"person-{number}")
    assert daily_cap(line.channel.id, 10) is None


def test_the_days_last_place_is_given_once(line: Line) -> None:
    """Many people at the same moment, over real connections of their own."""
    for sender in range(12):
        line.say("oi", sender=f"person-{sender}")
    warm_up(line, 5)
    channel = load_channel(line.tawkee.settings, line.channel.id)
    chats = [row.id for row in run("select id from chat where channel_id = %s", (channel.id,))]
    allowed = in_parallel([partial(may_write, channel, INFO, chat) for chat in chats])
    assert (len(allowed), sum(allowed)) == (12, 5)
    again = [may_write(channel, INFO, chat) for chat in chats]
    assert again == allowed


def test_official_numbers_need_no_warming_up(line: Line) -> None:
    warm_up(line, 1)
    line.echo.unofficial = False
    ask(line, "ana", "bia")
    assert statuses(line) == ["sent", "sent"]
