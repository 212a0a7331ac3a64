"""What grows while nobody looks, and is kept from it."""

import os
import time
from pathlib import Path

from tawkee_core.channels import warmup
from tawkee_core.conversation import pace
from tawkee_core.conversation.media import keep_data, media_folder
from tawkee_core.conversation.stray_files import forget_strays
from tawkee_core.db import run
from tawkee_core.models.base import first_id, new_id
from tawkee_core.privacy.tasks import export_folder
from tawkee_core.types import Media
from tawkee_core.work.sweeps import (
    DAY,
    KEEP_RAW_DAYS,
    Sweep,
    all_sweeps,
    forget_exports,
    purge_old,
    purge_raw,
    run_sweeps,
)
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


def kept_file(line: Line, days: float) -> Path:
    """A file as it is kept, so many days ago."""
    moved = first_id(time.time() - days * DAY)
    id = moved[:13] + new_id()[13:]
    kept = keep_data(line.tawkee.settings, line.company.workspace_id, Media(id, "image/png", "a.png", data=b"x"))
    return media_folder(line.tawkee.settings) / str(kept.ref["path"])


def test_files_that_no_message_has_go_and_others_stay(line: Line) -> None:
    stray, young, owned = kept_file(line, 2), kept_file(line, 0.5), kept_file(line, 2)
    line.say()
    (message,) = line.messages("in")
    run(
        "insert into media (id, workspace_id, message_id, mimetype, path, state) values (%s, %s, %s, '', %s, 'stored')",
        (owned.stem, line.company.workspace_id, message.id, str(owned)),
    )
    assert forget_strays(line.tawkee.settings) >= 1
    assert [path.exists() for path in (stray, young, owned)] == [False, True, True]


def test_what_strangers_gave_for_nothing_goes(line: Line) -> None:
    ids = {name: new_id() for name in ("waits", "withdrawn", "accepted", "forgotten")}
    long_ago, soon = "now() - interval '91 days'", "now() + interval '1 day'"
    terms = {
        "waits": (soon, "null", "null"),
        "withdrawn": (soon, "null", long_ago),
        "accepted": (long_ago, long_ago, "null"),
        "forgotten": (long_ago, "null", "null"),
    }
    for name, (expires, accepted, revoked) in terms.items():
        run(
            "insert into invitation (id, workspace_id, email, role, mail_hash, link_hash, expires_at, accepted_at,"
            f" revoked_at) values (%s, %s, %s, 'TRAINER', %s, %s, {expires}, {accepted}, {revoked})",
            (ids[name], line.company.workspace_id, f"{ids[name]}@example.com", ids[name], ids[name]),
        )
    for name in ("waits", "forgotten"):
        run(
            "insert into activation (invitation_id, workspace_id, name, phone, locale, password_hash, code_hash,"
            " sent_by, expires_at) values (%s, %s, '', '', 'en', '', '', 'email', now() - interval '2 days')",
            (ids[name], line.company.workspace_id),
        )
    asked = [new_id(), new_id()]
    for id, days in zip(asked, (2, 0), strict=True):
        run(
            "insert into account_request (id, kind, email, next_at, created_at)"
            " values (%s, 'reset', 'a@example.com', now() + interval '1 day', now() - make_interval(days => %s))",
            (id, days),
        )
    purge_old()
    left = run("select id from invitation where workspace_id = %s", (line.company.workspace_id,))
    assert {row.id for row in left} == {ids["waits"], ids["accepted"]}
    assert run("select 1 from activation where workspace_id = %s", (line.company.workspace_id,)) == []
    assert [row.id for row in run("select id from account_request where id = any(%s::uuid[])", (asked,))] == asked[1:]


def test_exports_that_were_never_finished_go(line: Line) -> None:
    folder = export_folder(line.tawkee.settings)
    folder.mkdir(exist_ok=True)
    old, fresh = folder / f"{new_id()}.part", folder / f"{new_id()}.part"
    for path in (old, fresh):
        path.touch()
    os.utime(old, (time.time() - 2 * DAY,) * 2)
    with line.running.app.app_context():
        forget_exports()
    assert (old.exists(), fresh.exists()) == (False, True)


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


def test_sweep_that_fails_keeps_no_other_from_its_work(line: Line) -> None:
    done = []

    def fail() -> None:
        raise PermissionError("read-only")

    run_sweeps([Sweep(1, fail), Sweep(1, lambda: done.append("other"))])
    assert done == ["other"]
