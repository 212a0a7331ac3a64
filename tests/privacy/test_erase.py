"""A contact who is erased is nowhere any more."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from redis import Redis

from tawkee_core.db import run, transaction
from tawkee_core.models import new_id
from tawkee_core.notifications import notify_team
from tawkee_core.privacy import erase, tasks
from tawkee_core.privacy.traces import phone_spellings
from tawkee_core.settings import Settings
from tawkee_core.testing.running import Running
from tests.callers import Caller
from tests.lines import Line, hold_model, wait_until
from tests.privacy.conftest import add_file, the_contact
from tests.privacy.test_export import work

PERSON = "canary-person-5511987654321"
WORDS = "canary words of hers"


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    run("update contact_task set state = 'failed' where state in ('pending', 'running')")


def speak(line: Line, person: str = PERSON, words: str = WORDS, name: str = "Canary Souza") -> None:
    """She writes, is answered, is quoted back by the provider, and sends a file; her colleague writes too."""
    sent = line.say(words, person, name=name)
    line.settle()
    (out,) = line.messages("out")
    line.post({"type": "status", "id": out.provider_message_id, "state": "read", "recipient": person})
    line.post({"type": "echo", "id": f"echo-{sent}", "to": person, "text": f"{words}, said on the phone"})
    line.post({"type": "nothing we know", "about": person})
    line.post({"type": "message", "id": f"g-{sent}", "from": "group-1", "group": True, "text": words, "name": person})
    line.settle()


def erase_her(line: Line, owner: Caller, person: str = PERSON) -> Any:
    contact = run(
        "select contact_id from contact_address where channel_id = %s and value = %s", (line.channel.id, person)
    )
    asked = owner.delete(f"…/contacts/{contact[0].contact_id}")
    assert asked.status_code == 202, asked.text
    work(line)
    return owner.get(f"…/contacts/tasks/{asked.json['id']}").json


def places_of(settings: Settings, marks: tuple[str, ...]) -> list[str]:
    """Every column, file, vector and key of Redis that one of these texts stands in."""
    return [*columns_with(marks), *files_with(Path(settings.data), marks), *servers_with(settings, marks)]


def columns_with(marks: tuple[str, ...]) -> Iterator[str]:
    tables = run("select table_name as name from information_schema.tables where table_schema = 'public'")
    for table in tables:
        for mark in marks:
            text = "(t.*)::text like %s or encode(convert_to((t.*)::text, 'UTF8'), 'escape') like %s"
            if table.name == "inbound_event":
                text += " or position(convert_to(%s, 'UTF8') in t.body) > 0"
            values = [f"%{mark}%"] * 2 + [mark] * (table.name == "inbound_event")
            if run(f'select 1 from "{table.name}" t where {text} limit 1', tuple(values)):
                yield f"{table.name}: {mark}"


def files_with(folder: Path, marks: tuple[str, ...]) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.is_file() and any(mark.encode() in path.read_bytes() for mark in marks):
            yield str(path)


def servers_with(settings: Settings, marks: tuple[str, ...]) -> Iterator[str]:
    client: Any = Redis.from_url(settings.redis_url)
    for key in client.scan_iter():
        if any(mark in str(key) + str(client.dump(key)) for mark in marks):
            yield f"redis {key}"
    headers = {"api-key": settings.qdrant_api_key}
    answer = requests.get(f"{settings.qdrant_url}/collections", headers=headers, timeout=10).json()
    for collection in answer["result"]["collections"]:
        path = f"{settings.qdrant_url}/collections/{collection['name']}/points/scroll"
        points = requests.post(path, json={"limit": 10_000, "with_payload": True}, headers=headers, timeout=10).text
        if any(mark in points for mark in marks):
            yield f"vectors {collection['name']}"


def test_nothing_is_left_of_an_erased_contact(
    tawkee: Running, line: Line, owner: Caller, capfd: pytest.CaptureFixture[str]
) -> None:
    marks = tuple(f"canary-{what}-{new_id()}" for what in ("person", "words", "name", "file"))
    speak(line, *marks[:3])
    add_file(line_chat_of(line), marks[3].encode())
    settings = line.tawkee.settings
    contact = run("select contact_id from contact_address where value = %s", (marks[0],))[0].contact_id
    owner.post(f"…/contacts/{contact}/export")
    work(line)
    before = places_of(settings, marks)
    assert {place.partition(":")[0] for place in before} >= {
        "contact",
        "contact_address",
        "message",
        "inbound_event",
        "chat",
    }
    assert any("media" in place for place in before)
    told = erase_her(line, owner, marks[0])
    assert told["state"] == "done"
    assert places_of(settings, marks) == []
    captured = capfd.readouterr()
    assert not any(mark in captured.out + captured.err for mark in marks)


def line_chat_of(line: Line) -> Line:
    """The line, whose only chat is hers: the group's goes."""
    run("delete from chat where channel_id = %s and address = 'group-1'", (line.channel.id,))
    return line


def test_others_keep_what_is_theirs(line: Line, owner: Caller) -> None:
    speak(line)
    line.say("oi, sou o Beto", "beto", name="Beto")
    line.settle()
    erase_her(line, owner)
    assert sorted(contact["name"] for contact in owner.get("…/contacts").json) == ["", "Beto"]
    texts = [row.text for row in run("select text from message where channel_id = %s order by id", (line.channel.id,))]
    assert "oi, sou o Beto" in texts and "echo: oi, sou o Beto" in texts
    (group,) = run("select * from message where channel_id = %s and data ? 'group'", (line.channel.id,))
    assert (group.text, group.sender) == ("", "") and group.deleted_at is not None
    bodies = [bytes(row.body) for row in line.events()]
    assert any(b"sou o Beto" in body for body in bodies)


def test_the_audit_keeps_a_tombstone_without_a_person(line: Line, owner: Caller) -> None:
    speak(line)
    told = erase_her(line, owner)
    done, asked = owner.get("…/audit?action=contact").json
    assert (asked["action"], asked["user"]["id"]) == ("contact.erase", owner.user_id)
    assert (done["action"], done["user"], done["object_id"]) == ("contact.erased", None, told["contact_id"])
    assert set(done["after"]) == {"chats", "rows"} and done["after"]["rows"] == told["done"] > 3


def test_what_is_written_later_is_a_new_contacts(line: Line, owner: Caller) -> None:
    line.say("oi", PERSON, name="Canary Souza")
    line.settle()
    before = the_contact(line)
    asked = owner.delete(f"…/contacts/{before}").json
    line.say("sou eu de novo", PERSON)  # before a worker came to it
    line.settle()
    work(line)
    assert owner.get(f"…/contacts/tasks/{asked['id']}").json["state"] == "done"
    (contact,) = owner.get("…/contacts").json
    assert contact["id"] != before
    assert [message.text for message in line.messages("in")] == ["sou eu de novo"]
    assert line.provider.texts(PERSON)[-1] == "echo: sou eu de novo"


def test_an_erased_contact_is_an_unknown_one(line: Line, owner: Caller) -> None:
    line.say("oi", PERSON)
    contact = the_contact(line)
    assert owner.delete(f"…/contacts/{contact}").status_code == 202
    for answer in (
        owner.get(f"…/contacts/{contact}"),
        owner.delete(f"…/contacts/{contact}"),
        owner.post(f"…/contacts/{contact}/export"),
    ):
        assert answer.status_code == 404


def test_an_answer_under_way_is_not_sent(line: Line, owner: Caller) -> None:
    gate = hold_model(line)
    line.say("oi", PERSON)
    line.start()
    wait_until(lambda: line.model.waiting == 1)
    owner.delete(f"…/contacts/{the_contact(line)}")
    work(line)
    gate.set()
    line.rest()
    assert line.provider.sent == []


def test_an_erasure_goes_in_batches_and_goes_on_where_it_was(
    line: Line, owner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.say("oi", PERSON)
    line.settle()
    run(
        "insert into message (id, workspace_id, chat_id, channel_id, seq, direction, author, kind, text, status)"
        " select gen_random_uuid(), workspace_id, chat_id, channel_id, n, 'in', 'contact', 'text', n::text, 'received'"
        " from message, generate_series(100, %s) n where chat_id = %s and seq = 1",
        (100 + 2 * erase.BATCH, line.chat.id),
    )
    monkeypatch.setattr(tasks, "SLICE_SECONDS", 0.0)
    asked = owner.delete(f"…/contacts/{the_contact(line)}").json
    assert work(line) >= 4
    assert owner.get(f"…/contacts/tasks/{asked['id']}").json["state"] == "done"
    assert line.messages() == []


def test_a_waiting_event_is_not_taken_from_others(line: Line, owner: Caller) -> None:
    """It may carry somebody else's words too: it is emptied when it was read."""
    line.say("oi", PERSON)
    run(
        "update inbound_event set state = 'new', next_at = now() + interval '1 hour' where channel_id = %s",
        (line.channel.id,),
    )
    asked = owner.delete(f"…/contacts/{the_contact(line)}").json
    work(line)
    assert owner.get(f"…/contacts/tasks/{asked['id']}").json["state"] == "pending"
    (event,) = line.events()
    assert PERSON.encode() in bytes(event.body)
    run("update inbound_event set state = 'applied' where id = %s", (event.id,))
    run("update contact_task set next_at = now() where id = %s", (asked["id"],))
    work(line)
    (event,) = line.events()
    assert (bytes(event.body), event.headers, event.reason) == (b"", {}, "erased")


def test_notifications_about_their_chats_go(line: Line, owner: Caller) -> None:
    line.say("oi", PERSON)
    with transaction() as cursor:
        notify_team(cursor, owner.workspace_id, "turn_dead", line.chat.id)
    erase_her(line, owner)
    assert owner.get("…/notifications").json == []


def test_a_phone_is_found_in_every_spelling() -> None:
    assert phone_spellings("5511987654321") == {"5511987654321", "551187654321"}
    assert phone_spellings("551187654321") == {"5511987654321", "551187654321"}
    assert phone_spellings("4915112345678") == {"4915112345678"}
    assert json.dumps(sorted(phone_spellings("551133334444"))) == '["551133334444", "5511933334444"]'
