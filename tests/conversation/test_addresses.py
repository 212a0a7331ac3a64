"""Who wrote: one contact and one chat for every spelling of who they are."""

from datetime import datetime
from functools import partial
from typing import Any

import pytest

from tawkee_core.conversation.addresses import address_key, phone_of
from tawkee_core.db import run
from tawkee_core.types import Address
from tests.lines import Line, in_parallel


def counts(line: Line) -> tuple[int, int]:
    """How many contacts and chats the company has."""
    row = run(
        "select (select count(*) from contact where workspace_id = %(id)s) as contacts,"
        " (select count(*) from chat where workspace_id = %(id)s) as chats",
        {"id": line.company.workspace_id},
    )[0]
    return row.contacts, row.chats


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("5511987654321", "551187654321"),
        ("5511987654321@s.whatsapp.net", "+55 11 98765-4321"),
        ("5511987654321:12@s.whatsapp.net", "5511987654321"),
    ],
)
def test_spellings_of_one_phone_are_one_address(one: str, other: str) -> None:
    assert address_key(Address("phone", one)) == address_key(Address("phone", other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("5511932165498", "551132165498"),  # a mobile, and the landline of the same last digits
        ("5511987654321", "5521987654321"),
        ("4915112345678", "5515112345678"),
    ],
)
def test_different_phones_are_different_addresses(one: str, other: str) -> None:
    assert address_key(Address("phone", one)) != address_key(Address("phone", other))


def test_lid_is_no_phone() -> None:
    assert address_key(Address("lid", "5511987654321@lid")) != address_key(Address("phone", "5511987654321"))
    assert phone_of([Address("lid", "123@lid"), Address("phone", "5511987654321@s.whatsapp.net")]) == "+5511987654321"


def test_first_messages_at_once_make_one_contact_and_one_chat(line: Line) -> None:
    spellings = ["5511987654321", "551187654321", "5511987654321@s.whatsapp.net"] * 6
    also = [[["phone", phone], ["lid", "99@lid"]] for phone in spellings]
    in_parallel([lambda more=more: line.say(also=more) for more in also])  # type: ignore[misc]  # a default binds
    assert counts(line) == (1, 1)
    assert len(line.messages()) == 18
    assert line.chat.seq == 18


def test_strangers_at_once_have_a_contact_each(line: Line) -> None:
    in_parallel([partial(line.say, sender=f"person-{n}") for n in range(12)])
    assert counts(line) == (12, 12)


def test_phone_joins_the_lid_it_comes_with(line: Line) -> None:
    line.say("by phone", sender="first", also=[["phone", "5511987654321"]])
    line.say("both", sender="second", also=[["phone", "5511987654321"], ["lid", "99@lid"]])
    line.say("by lid", sender="third", also=[["lid", "99@lid"]])
    assert counts(line) == (1, 1)


def test_reply_goes_to_the_address_last_heard_from(line: Line) -> None:
    line.say(sender="old", also=[["lid", "99@lid"]])
    line.settle()
    line.say(sender="new", also=[["lid", "99@lid"]])
    line.settle()
    assert [sent.to for sent in line.provider.sent] == ["old", "new"]


def test_same_address_on_another_channel_is_another_contact(line: Line) -> None:
    other = line.running.add_channel(line.company, "echo")
    line.say()
    line.running.post_echo(other, {"type": "message", "id": "1", "from": "ana", "text": "oi"})
    assert counts(line) == (2, 2)


def test_a_contact_that_moved_stays_in_its_chat_and_leaves_the_old_address_free(line: Line) -> None:
    line.say("oi", sender="ana")
    assert line.post({"type": "moved", "from": "ana", "to": "bia"}) == 200
    line.say("sou eu, de outro número", sender="bia")
    line.settle()
    assert counts(line) == (1, 1)
    assert [sent.to for sent in line.provider.sent[-1:]] == ["bia"]
    line.say("quem é?", sender="ana")
    assert counts(line) == (2, 2)


def test_who_is_not_known_moves_nowhere(line: Line) -> None:
    assert line.post({"type": "moved", "from": "nobody", "to": "bia"}) == 200
    assert counts(line) == (0, 0)
    (event,) = line.events()
    assert (event.state, event.reason) == ("ignored", "nobody known moved")


def test_moving_onto_anothers_address_takes_nothing_from_them(line: Line) -> None:
    for sender in ("ana", "bia"):
        line.say("oi", sender=sender)
    line.post({"type": "moved", "from": "ana", "to": "bia"})
    line.say("ainda eu", sender="bia")
    texts = [
        [m.text for m in line.messages("in") if m.chat_id == chat] for chat in {m.chat_id for m in line.messages()}
    ]
    assert sorted(texts) == [["oi"], ["oi", "ainda eu"]]


ROWS = {
    "contact": "select * from contact where workspace_id = %s",
    "contact_address": "select * from contact_address where workspace_id = %s",
    "chat": "select * from chat where workspace_id = %s",
    "interaction": "select * from interaction where workspace_id = %s",
    "message": "select * from message where workspace_id = %s",
    "turn": "select * from turn where workspace_id = %s",
}


@pytest.mark.parametrize("group", [False, True])
def test_first_message_is_kept_alike_alone_and_among_others(line: Line, group: bool) -> None:
    """Alone it takes one statement, in a batch the transaction of many; their rows differ in ids and moments only."""
    said = {"type": "message", "text": "oi", "name": "Ana Maria", "group": group, "mentioned": group, "from": "ana"}
    line.post(said | {"id": "1"})
    line.running.post_echo(line.running.add_channel(line.company, "echo"), said | {"id": "1"}, {"type": "unheard of"})
    rows = {name: run(sql, (line.company.workspace_id,)) for name, sql in ROWS.items()}
    for name, (first, second) in rows.items():
        assert plain(first) == plain(second), name


def plain(row: Any) -> dict[str, Any]:
    """A row with what is new in each reduced to whether it is there, and moments to their distance from its making."""
    told: dict[str, Any] = row._asdict()
    made = next(told[name] for name in ("created_at", "started_at", "sent_at") if name in told)
    for name, value in told.items():
        if name == "id" or name.endswith("_id"):
            told[name] = value is not None and name != "provider_message_id"
        elif isinstance(value, datetime):
            told[name] = round((value - made).total_seconds())
        else:
            told[name] = value
    return told
