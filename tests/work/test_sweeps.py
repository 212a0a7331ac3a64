"""What grows while nobody looks, and is kept from it."""

import time

from tawkee_core.channels import warmup
from tawkee_core.conversation import pace
from tawkee_core.db import run
from tawkee_core.models.base import first_id, new_id
from tawkee_core.work.sweeps import DAY, KEEP_RAW_DAYS, all_sweeps, purge_raw
from tests.lines import Line


def keep_events(line: Line, days: float, count: int) -> None:
    """So many raw webhooks that came so many days ago."""
    run(
        "insert into inbound_event (id, workspace_id, channel_id, dedupe_key, headers, body, state, received_at)"
        " select (left(%(id)s, 24) || lpad(to_hex(n), 12, '0'))::uuid, %(workspace)s, %(channel)s,"
        " %(id)s || n::text, '{}', '', 'applied', now() - make_interval(secs => %(age)s)"
        " from generate_series(1, %(count)s) n",
        {
            "id": first_id(time.time() - days * DAY),
            "workspace": line.company.workspace_id,
            "channel": line.channel.id,
            "age": days * DAY,
            "count": count,
        },
    )


def test_raw_webhooks_go_after_their_time_as_fast_as_they_can_come(line: Line) -> None:
    keep_events(line, KEEP_RAW_DAYS + 1, 1500)
    keep_events(line, KEEP_RAW_DAYS - 0.01, 2)
    left = []
    for _ in range(3):
        purge_raw()
        left.append(len(line.events()))
    assert left == [502, 2, 2]
    (every,) = (sweep.seconds for sweep in all_sweeps() if sweep.do is purge_raw)
    assert 1000 / every >= 200


def test_raw_webhooks_are_found_by_their_ids(line: Line) -> None:
    keep_events(line, 1, 5000)
    run("analyze inbound_event")
    plan = run("explain select id from inbound_event where id < %s order by id limit 1000", (first_id(time.time()),))
    assert "Index" in " ".join(row[0] for row in plan)


def test_ids_of_before_a_moment_are_lower() -> None:
    before = new_id()
    time.sleep(0.002)
    moment = time.time()
    time.sleep(0.002)
    assert before < first_id(moment) < new_id()


def test_channels_that_may_speak_again_are_not_remembered() -> None:
    for number in range(pace.MOST_KEPT * 2):
        assert pace.wait_turn(f"paced-{number}", 1e6)
    assert len(pace._next) <= pace.MOST_KEPT + 1
    assert pace.wait_turn("busy", 0.1)
    for number in range(pace.MOST_KEPT * 2):
        pace.wait_turn(f"again-{number}", 1e6)
    assert not pace.wait_turn("busy", 0.1), "it is still to wait"


def test_caps_are_not_remembered_for_longer_than_they_hold(line: Line) -> None:
    long_ago = time.monotonic() - warmup.RATIO_SECONDS - 1
    warmup._caps.update({(f"gone-{number}", 1.0): (long_ago, None) for number in range(warmup.MOST_KEPT)})
    assert warmup.recent_cap(new_id(), 1.0) is None
    assert not any(channel.startswith("gone-") for channel, _ in warmup._caps)


def test_tables_that_every_message_changes_are_cleaned_early(line: Line) -> None:
    rows = run(
        "select relname, option_value::float as share from pg_class, pg_options_to_table(reloptions)"
        " where option_name = 'autovacuum_vacuum_scale_factor'"
    )
    assert {row.relname: row.share for row in rows} == {"turn": 0.01, "outbound": 0.01, "chat": 0.02, "message": 0.02}
