"""What people are told: once, with its cause, in their language, to those in charge."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tawkee_core.channels.connect import apply_connection
from tawkee_core.channels.health import trip_breakers
from tawkee_core.channels.pause import lose_auth
from tawkee_core.conversation.turns import bury_poison, claim_turns
from tawkee_core.db import after_commit, run, transaction
from tawkee_core.errors import ModelDown, Refused
from tawkee_core.notifications import KINDS, notify_team, resolve_notices
from tawkee_core.notifications.kinds import describe
from tawkee_core.security import unseal
from tawkee_core.testing.running import Running
from tawkee_core.types import Connection, Label, Qr
from tawkee_core.work.sweeps import purge_old
from tests.callers import PASSWORD, Caller, register_caller
from tests.lines import Line, in_parallel

BROKEN = Connection("failed", Label("O celular saiu.", "The phone left."))
GONE = Connection("disconnected")
BACK = Connection("connected")


def bell(caller: Caller, query: str = "") -> list[Any]:
    answer = caller.get(f"…/notifications{query}")
    assert answer.status_code == 200, answer.text
    return list(answer.json)


def kinds(caller: Caller) -> list[str]:
    return [notice["kind"] for notice in bell(caller)]


def join(caller: Caller, line: Line, role: str) -> Caller:
    """Somebody else becomes a member of the line's workspace."""
    run(
        "insert into membership (workspace_id, user_id, role) values (%s, %s, %s)",
        (line.company.workspace_id, caller.user_id, role),
    )
    return Caller(
        caller.client,
        caller.email,
        caller.user_id,
        line.company.workspace_id,
        caller.access_token,
        caller.refresh_token,
    )


def test_a_channel_that_stops_is_told_to_those_in_charge(tawkee: Running, line: Line, owner: Caller) -> None:
    manager, attendant = (
        join(register_caller(tawkee.app.test_client()), line, role) for role in ("MANAGER", "ATTENDANT")
    )
    apply_connection(None, line.channel, BROKEN)
    (notice,) = bell(owner)
    assert (notice["event"], notice["kind"], notice["page"]) == ("CONNECTION", "channel_failed", "channel")
    assert notice["object_id"] == line.channel.id
    assert notice["description"] == "O canal echo parou de funcionar. O celular saiu."
    assert kinds(manager) == ["channel_failed"]
    assert kinds(attendant) == []


def test_it_is_told_in_the_readers_language(line: Line, owner: Caller) -> None:
    apply_connection(None, line.channel, BROKEN)
    run("update account_user set locale = 'en' where id = %s", (owner.user_id,))
    assert bell(owner)[0]["description"] == "The channel echo stopped working. The phone left."


def test_a_channel_that_flaps_is_told_once(line: Line, owner: Caller) -> None:
    for _ in range(5):
        apply_connection(None, line.channel, GONE)
        apply_connection(None, line.channel, BACK)
    (notice,) = bell(owner)
    assert notice["times"] == 5
    assert notice["resolved_at"] is not None
    apply_connection(None, line.channel, GONE)
    (notice,) = bell(owner)
    assert (notice["times"], notice["resolved_at"]) == (6, None)


def test_who_has_just_read_is_left_in_peace_for_ten_minutes(line: Line, owner: Caller) -> None:
    apply_connection(None, line.channel, GONE)
    owner.post("…/notifications/read")
    apply_connection(None, line.channel, BACK)
    apply_connection(None, line.channel, GONE)
    assert len(bell(owner)) == 1
    run("update notification set read_at = now() - interval '11 minutes' where user_id = %s", (owner.user_id,))
    apply_connection(None, line.channel, BACK)
    apply_connection(None, line.channel, GONE)
    assert [notice["read_at"] is None for notice in bell(owner)] == [True, False]


def test_what_somebody_does_on_purpose_is_not_told(line: Line, owner: Caller) -> None:
    apply_connection(None, line.channel, GONE, intended=True)
    apply_connection(None, line.channel, Connection("connecting"))
    apply_connection(None, line.channel, GONE)  # the code was not scanned in time: it never worked
    assert bell(owner) == []


def test_a_channel_lost_while_connecting_again_is_told(line: Line, owner: Caller) -> None:
    line.say()
    apply_connection(None, line.channel, Connection("connecting"))
    assert bell(owner) == []
    apply_connection(None, line.channel, GONE)
    assert kinds(owner) == ["channel_disconnected"]


def test_a_channel_whose_code_has_to_be_scanned_again_is_told(line: Line, owner: Caller) -> None:
    """What the watch comes to when it connects a channel again and the phone does not know us any more."""
    apply_connection(None, line.channel, Connection("connecting", qr=Qr("data:,", "code")))
    (notice,) = bell(owner)
    assert notice["description"] == "O canal echo foi desconectado. Escaneie o código de novo para conectá-lo."


def test_a_channel_that_stops_is_mailed_once(tawkee: Running, line: Line, owner: Caller) -> None:
    run("update account_user set locale = 'en' where id = %s", (owner.user_id,))
    with tawkee.app.app_context():
        for _ in range(3):
            apply_connection(None, line.channel, BROKEN)
            apply_connection(None, line.channel, BACK)
    (mail,) = run("select * from mail where recipient = %s and template = 'notice'", (owner.email,))
    words = unseal(tawkee.tawkee.settings, f"mail|{mail.id}", mail.sealed)
    assert words["subject"] == "A channel stopped"
    assert "The channel echo stopped working. The phone left." in words["text"]


def test_lost_credentials_are_told_once(line: Line, owner: Caller) -> None:
    lose_auth(line.channel, "token revoked")
    lose_auth(line.channel, "token revoked")
    (notice,) = bell(owner)
    assert (notice["kind"], notice["times"]) == ("channel_failed", 1)
    assert "token revoked" in notice["description"]


def test_a_failing_channel_that_is_stopped_is_told(line: Line, owner: Caller) -> None:
    for number in range(5):
        line.provider.fail_with.append(Refused("no such number"))
        line.say("oi", f"person-{number}")
        line.settle()
    trip_breakers()
    told = {notice["kind"]: notice for notice in bell(owner)}
    assert set(told) == {"channel_paused", "message_dead"}
    assert told["message_dead"]["times"] == 5
    assert told["message_dead"]["page"] == "chat"


def test_a_turn_given_up_is_told(line: Line, owner: Caller) -> None:
    line.say()
    run("update turn set created_at = now() - interval '1 hour' where chat_id = %s", (line.chat.id,))
    line.model.script.extend([ModelDown("no answer")] * 2)
    line.start()
    line.rest()
    (notice,) = bell(owner)
    assert (notice["event"], notice["kind"], notice["object_id"]) == ("DELIVERY", "turn_dead", line.chat.id)


def test_a_turn_whose_workers_die_is_told(line: Line, owner: Caller) -> None:
    line.say()
    claim_turns(line.tawkee.settings, "w1", 10)
    run(
        "update turn set recoveries = 2, lease_until = now() - interval '1 s' where workspace_id = %s",
        (owner.workspace_id,),
    )
    bury_poison()
    assert kinds(owner) == ["turn_dead"]


def test_a_webhook_that_cannot_be_read_is_told(line: Line, owner: Caller) -> None:
    assert line.post({"type": "message", "lacks": "everything"}) == 400
    assert kinds(owner) == ["event_dead"]


def test_nothing_is_told_of_what_was_rolled_back(line: Line, owner: Caller) -> None:
    with pytest.raises(ZeroDivisionError), transaction() as cursor:
        notify_team(cursor, owner.workspace_id, "turn_dead")
        _ = 1 / 0
    assert bell(owner) == []


def test_parallel_causes_are_one_notification_with_their_count(line: Line, owner: Caller) -> None:
    def tell() -> None:
        with transaction() as cursor:
            notify_team(cursor, owner.workspace_id, "turn_dead")

    in_parallel([tell] * 8)
    (notice,) = bell(owner)
    assert notice["times"] == 8


def test_read_one_all_and_again(line: Line, owner: Caller) -> None:
    with transaction() as cursor:
        for kind in ("turn_dead", "message_dead", "credits_low"):
            notify_team(cursor, owner.workspace_id, kind)
    first = bell(owner)[0]["id"]
    assert owner.get("…/notifications/unread").json == {"unread": 3}
    once, twice = (owner.post(f"…/notifications/{first}/read").json for _ in range(2))
    assert once == twice and once["read_at"]
    assert owner.get("…/notifications/unread").json == {"unread": 2}
    assert len(bell(owner, "?unread=true")) == 2
    assert [notice["kind"] for notice in bell(owner, "?event=CREDITS")] == ["credits_low"]
    assert owner.post("…/notifications/read").json == {"read": 2}
    assert owner.post("…/notifications/read").json == {"read": 0}


def test_pages_go_back_in_time(line: Line, owner: Caller) -> None:
    for number in range(5):
        with transaction() as cursor:
            notify_team(cursor, owner.workspace_id, "turn_dead", subject=str(number))
    everything = [notice["id"] for notice in bell(owner)]
    page = [notice["id"] for notice in bell(owner, "?page_size=2")]
    rest = [notice["id"] for notice in bell(owner, f"?before={page[-1]}")]
    assert page + rest == everything


def test_anothers_notification_is_an_unknown_one(line: Line, owner: Caller, tawkee: Running) -> None:
    colleague = join(register_caller(tawkee.app.test_client()), line, "ATTENDANT")
    with transaction() as cursor:
        notify_team(cursor, owner.workspace_id, "turn_dead")
    (notice,) = bell(owner)
    assert colleague.post(f"…/notifications/{notice['id']}/read").status_code == 404
    assert owner.get("…/notifications/unread").json == {"unread": 1}


def test_who_leaves_the_workspace_takes_no_notifications_along(line: Line, owner: Caller, tawkee: Running) -> None:
    manager = join(register_caller(tawkee.app.test_client()), line, "MANAGER")
    with transaction() as cursor:
        notify_team(cursor, owner.workspace_id, "turn_dead")
    run("delete from membership where user_id = %s and workspace_id = %s", (manager.user_id, owner.workspace_id))
    assert run("select 1 from notification where user_id = %s", (manager.user_id,)) == []


def test_what_is_old_goes(line: Line, owner: Caller) -> None:
    with transaction() as cursor:
        notify_team(cursor, owner.workspace_id, "turn_dead")
    run("update notification set happened_at = now() - interval '91 days' where user_id = %s", (owner.user_id,))
    purge_old()
    assert bell(owner) == []


def test_every_kind_can_be_told_in_both_languages() -> None:
    for kind in KINDS:
        for locale in ("pt-BR", "en"):
            text = describe(kind, {"channel": "Loja", "reason": {"pt": "Saiu.", "en": "Left."}}, locale)
            assert text and "{" not in text
    assert describe("gone_since", {}, "en") == "gone_since"


def test_steps_after_a_commit_wait_for_it() -> None:
    done: list[str] = []
    after_commit(lambda: done.append("at once"))
    with transaction():
        after_commit(lambda: done.append("later"))
        assert done == ["at once"]
    assert done == ["at once", "later"]


class Stream:
    """An open event stream of the test client."""

    def __init__(self, caller: Caller, place: int | None = None) -> None:
        headers = {} if place is None else {"Last-Event-ID": str(place)}
        self.answer = caller.get("…/notifications/events", headers=headers, buffered=False)
        assert self.answer.status_code == 200, self.answer.text
        self.events = self.read()

    def read(self) -> Iterator[tuple[str, Any, str]]:
        text = ""
        for piece in self.answer.response:
            text += piece.decode()
            while "\n\n" in text:
                event, _, text = text.partition("\n\n")
                lines = dict(line.split(": ", 1) for line in event.splitlines())
                if "event" in lines:
                    yield lines["event"], json.loads(lines["data"]), lines.get("id", "")

    def take(self, name: str) -> tuple[Any, str]:
        return next((data, place) for event, data, place in self.events if event == name)

    def close(self) -> None:
        self.answer.close()


def test_open_pages_are_told_live_and_go_on_where_they_were(tawkee: Running, line: Line, owner: Caller) -> None:
    stream = Stream(owner)
    assert stream.take("unread")[0] == {"unread": 0}
    with tawkee.app.app_context():
        apply_connection(None, line.channel, GONE)
    notice, place = stream.take("notification")
    assert notice["kind"] == "channel_disconnected"
    assert stream.take("unread")[0] == {"unread": 1}
    owner.post("…/notifications/read")
    assert stream.take("notification")[0]["read_at"]
    assert stream.take("unread")[0] == {"unread": 0}
    stream.close()
    with tawkee.app.app_context(), transaction() as cursor:
        resolve_notices(cursor, owner.workspace_id, line.channel.id, ["channel_disconnected"])
        notify_team(cursor, owner.workspace_id, "turn_dead")
    again = Stream(owner, int(place))
    assert again.take("notification")[0]["kind"] == "turn_dead"
    again.close()


def ended(stream: Stream) -> bool:
    """Whether it tells nothing more than how many are unread; waits for its end."""
    return [event for event, *_ in stream.events if event != "unread"] == []


def test_a_stream_ends_when_its_reader_is_removed_from_the_workspace(
    tawkee: Running, line: Line, owner: Caller
) -> None:
    manager = join(register_caller(tawkee.app.test_client()), line, "MANAGER")
    stream = Stream(manager)
    stream.take("unread")
    with tawkee.app.app_context(), transaction() as cursor:
        notify_team(cursor, owner.workspace_id, "turn_dead")
    stream.take("notification")
    assert owner.delete(f"…/members/{manager.user_id}").status_code == 204
    assert ended(stream)
    assert manager.get("…/notifications/events").status_code == 404


def test_who_has_signed_out_is_told_nothing_more(tawkee: Running, line: Line, owner: Caller) -> None:
    """By their access token alone they were let in, and that one ends with the session."""
    given = {"email": owner.email, "password": PASSWORD}
    login: Any = owner.client.post("/api/auth/login", json=given)
    again = replace(owner, access_token=login.json["access_token"])
    stream, elsewhere = Stream(owner), Stream(again)
    for each in (stream, elsewhere):
        each.take("unread")
    assert owner.post("/api/auth/logout").status_code == 204
    with tawkee.app.app_context(), transaction() as cursor:
        notify_team(cursor, owner.workspace_id, "turn_dead")
    assert ended(stream)
    assert elsewhere.take("notification")[0]["kind"] == "turn_dead"
    elsewhere.close()
