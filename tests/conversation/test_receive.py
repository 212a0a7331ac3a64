"""Webhooks: verified, kept and applied once, whatever their order, number or shape."""

import json
import random
from functools import partial
from typing import Any

import pytest

from tawkee_core import hookimpl, inbox
from tawkee_core.conversation.receive import receive_events
from tawkee_core.db import run
from tawkee_core.models import new_id
from tawkee_core.testing.echo_channel import SECRET_HEADER
from tawkee_core.types import Address, Incoming
from tests.lines import Line, in_parallel


def message(text: str = "oi", sender: str = "ana", **more: Any) -> dict[str, Any]:
    return {"type": "message", "id": new_id(), "from": sender, "text": text, **more}


def post_body(line: Line, body: bytes, secret: str | None = None) -> int:
    headers = {SECRET_HEADER: line.channel.webhook_secret if secret is None else secret}
    return line.running.post(line.channel, body, headers)


def test_same_body_again_changes_nothing(line: Line) -> None:
    body = json.dumps({"events": [message()]}).encode()
    assert in_parallel([lambda: post_body(line, body)] * 20) == [200] * 20
    assert (len(line.events()), len(line.messages())) == (1, 1)


def test_same_message_in_other_bodies_changes_nothing(line: Line) -> None:
    same = message()
    assert in_parallel([lambda: line.post(same)] * 20) == [200] * 20
    assert len(line.messages()) == 1
    assert line.chat.seq == 1
    line.settle()
    assert line.provider.texts() == ["echo: oi"]


def test_what_a_known_contact_says_again_changes_nothing(line: Line) -> None:
    line.say("first")
    body, same = json.dumps({"events": [message("um")]}).encode(), message("dois")
    bodies = [lambda: post_body(line, body), lambda: line.post(same)] * 10
    assert in_parallel(bodies) == [200] * 20
    assert sorted(m.text for m in line.messages()) == ["dois", "first", "um"]
    assert line.chat.seq == 3
    assert line.post(same) == 200
    assert [(event.state, event.reason) for event in line.events()][-1] == ("ignored", "message known already")
    line.settle()
    assert len(line.provider.texts()) == 1  # one turn collected all three


def test_batches_of_the_same_chats_in_any_order_lose_nothing(line: Line) -> None:
    """Two batches that name chats in different orders would wait for each other for ever."""
    people = [f"person-{number}" for number in range(6)]
    in_parallel([partial(line.say, "first", person) for person in people])
    batches = [[message(f"{n}", p) for p in random.Random(n).sample(people, len(people))] for n in range(12)]
    assert in_parallel([partial(line.post, *batch) for batch in batches]) == [200] * 12
    rows = run("select chat_id, seq from message where channel_id = %s order by chat_id, seq", (line.channel.id,))
    assert len(rows) == 6 * 13
    assert [row.seq for row in rows] == list(range(1, 14)) * 6


def test_batch_with_one_known_message_keeps_the_rest(line: Line) -> None:
    known = message("um")
    line.post(known)
    line.post(known, message("dois"))
    assert [m.text for m in line.messages()] == ["um", "dois"]


def test_order_is_that_of_arrival_and_the_providers_time_is_kept(line: Line) -> None:
    line.say("sent later", at=1_760_000_100)
    line.say("sent earlier", at=1_760_000_000)
    first, second = line.messages()
    assert (first.text, second.text) == ("sent later", "sent earlier")
    assert second.sent_at < first.sent_at


@pytest.mark.parametrize("secret", ["", "wrong", "x" * 100_000])
def test_wrong_secret_is_401_and_nothing_is_kept(line: Line, secret: str) -> None:
    assert post_body(line, json.dumps({"events": [message()]}).encode(), secret) == 401
    assert (line.events(), line.messages()) == ([], [])


@pytest.mark.parametrize(
    "path", ["/webhooks/none/none", "/webhooks/{new}/token", "/webhooks/%00/%ff", "/webhooks/{id}/wrong"]
)
def test_unknown_address_is_the_same_401(line: Line, path: str) -> None:
    known = line.running.client.post(f"/webhooks/{line.channel.id}/wrong", data=b"{}").get_data()
    address = path.replace("{id}", line.channel.id).replace("{new}", new_id())
    answer = line.running.client.post(address, data=b"{}")
    assert (answer.status_code, answer.get_data()) == (401, known)


BROKEN = {
    "empty": b"",
    "half": b'{"events": [',
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "not text": b"\xff\xfe\x00",
    "beyond numbers": b'{"events": 1e999}',
    "endless digits": b'{"events": ' + b"9" * 10_000 + b"}",
    "not a number": b'{"events": NaN}',
    "another shape": b"[1, 2, 3]",
    "no list": b'{"events": {"a": 1}}',
    "html": b"<html>502 Bad Gateway</html>",
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_broken_body_is_a_400_and_kept_raw(line: Line, body: bytes) -> None:
    assert post_body(line, body) == 400
    (event,) = line.events()
    assert (event.state, bytes(event.body)) == ("dead", body)
    assert event.reason


@pytest.mark.parametrize("text", ["\x00nul\x00", "\ud800 alone", "😀" * 30_000, "\\u0000", "'; drop table chat; --"])
def test_hostile_texts_are_kept_as_text(line: Line, text: str) -> None:
    body = json.dumps({"events": [message(text, sender="ana", name=text)], "big": 2**70}).encode()
    assert post_body(line, body) == 200
    (kept,) = line.messages()
    expected = text.replace("\x00", "").encode("utf-8", "replace").decode()
    assert kept.text == expected[:65_536]
    line.settle()


def test_five_megabytes_are_refused(line: Line) -> None:
    body = json.dumps({"events": [message("a" * 5_000_000)]}).encode()
    assert post_body(line, body) == 413
    assert line.events() == []


def test_unknown_event_is_kept_as_ignored(line: Line) -> None:
    assert line.post({"type": "weather", "of": "tomorrow"}) == 200
    (event,) = line.events()
    assert (event.state, event.reason) == ("ignored", "unknown event")


def test_secrets_of_the_request_are_not_kept(line: Line) -> None:
    line.say()
    (event,) = line.events()
    assert line.channel.webhook_secret not in json.dumps(event.headers)


def test_message_that_cannot_be_kept_is_kept_raw_and_tried_again(line: Line) -> None:
    """A plugin's fault: an address without value would be a row PostgreSQL refuses."""
    assert line.post(message(also=[["phone", None]])) == 200
    (event,) = line.events()
    assert (event.state, line.messages()) == ("new", [])
    for _ in range(5):
        line.pass_time()
        line.start("events")
        line.rest()
    (event,) = line.events()
    assert event.state == "dead"
    assert event.reason


class Odd:
    """A channel whose author forgot something."""

    def __init__(self, events: Any) -> None:
        self.events = events

    @hookimpl
    def channel_verify(self) -> bool:
        return True

    @hookimpl
    def channel_parse(self) -> Any:
        return self.events


@pytest.mark.parametrize(("events", "told"), [(None, "NoneType"), (["text"], "str among"), ((), "tuple")])
def test_webhook_of_which_a_plugin_gives_no_events_is_not_taken_for_read(line: Line, events: Any, told: str) -> None:
    """A forgotten `return` would lose every message without a word."""
    plugins = line.running.tawkee.plugins
    plugins.register(Odd(events), "odd")
    try:
        channel = line.running.add_channel(line.company, "odd")
        assert line.running.post(channel, b"{}", {}) == 200
        (event,) = run("select state, reason from inbound_event where channel_id = %s", (channel.id,))
        assert (event.state, told in event.reason) == ("new", True)
        run("delete from channel where id = %s", (channel.id,))
    finally:
        plugins.manager.unregister(name="odd")


def test_group_is_stored_and_answered_only_when_mentioned(line: Line) -> None:
    line.say("bom dia a todos", group=True, name="Bia")
    line.settle()
    assert line.turns() == []
    line.say("@ana qual o preço?", group=True, mentioned=True, name="Bia")
    line.settle()
    assert len(line.provider.sent) == 1
    assert [m.sender for m in line.messages("in")] == ["Bia", "Bia"]


def test_a_groups_chat_is_called_after_the_group_and_not_its_writer(line: Line) -> None:
    with line.running.app.app_context():
        for id, names in (("a", {"group_name": "Obras"}), ("b", {})):
            said = Incoming(id, (Address("group", id),), text="oi", name="Bia", data=names, group=True)
            receive_events(line.tawkee, line.channel, [said])
    rows = run(
        "select p.name, p.is_group from contact p join chat c on c.contact_id = p.id where c.channel_id = %s",
        (line.channel.id,),
    )
    assert sorted(rows) == [("", True), ("Obras", True)]


def test_headers_that_hold_a_key_are_not_kept(line: Line) -> None:
    channel = line.running.add_channel(line.company, "echo", {}, {"token": "INSTANCE-TOKEN-1"})
    headers = {SECRET_HEADER: channel.webhook_secret, "z-api-token": "INSTANCE-TOKEN-1", "x-kept": "yes"}
    assert line.running.post(channel, b'{"events": []}', headers) == 200
    (event,) = run("select headers from inbound_event where channel_id = %s", (channel.id,))
    assert {"x-kept"} <= set(event.headers) and not {SECRET_HEADER, "z-api-token"} & set(event.headers)


def test_sleeping_agent_does_not_answer(line: Line) -> None:
    run("update agent set status = 'INACTIVE' where id = %s", (line.company.agent_id,))
    line.say()
    line.settle()
    assert ([m.text for m in line.messages()], line.turns()) == (["oi"], [])


def test_messages_through_a_route_of_the_channels_own_are_kept_once(line: Line) -> None:
    incoming = Incoming("client-1", (Address("visitor", "v1"),), text="oi")
    with line.running.app.app_context():
        shown = in_parallel([lambda: receive_in(line, incoming)] * 8)
        again = inbox.messages(line.channel, Address("visitor", "v1"))
    assert {m["id"] for m in shown} == {again[0]["id"]}
    assert len(line.messages()) == 1


def receive_in(line: Line, incoming: Incoming) -> dict[str, Any]:
    with line.running.app.app_context():
        return inbox.receive(line.channel, incoming)
