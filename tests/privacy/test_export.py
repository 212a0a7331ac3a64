"""All that is kept of a contact, in one file."""

import io
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit
from zipfile import ZipFile

import pytest

from tawkee_core.db import run
from tawkee_core.privacy import tasks
from tawkee_core.privacy.export import BATCH
from tawkee_core.privacy.tasks import claim_tasks, export_folder, remove_expired
from tawkee_core.testing.running import Running
from tawkee_core.work.kinds import do_contact
from tests.callers import Caller
from tests.lines import Line
from tests.privacy.conftest import add_file, the_contact


def work(line: Line) -> int:
    """Do what is due of contacts' tasks; how many claims there were."""
    count = 0
    while claimed := claim_tasks(4):
        count += len(claimed)
        for task in claimed:
            do_contact(line.tawkee, task)
    return count


def download(owner: Caller, url: str) -> Any:
    with closing(owner.client.get(urlsplit(url).path)) as answer:
        assert answer.data
        return answer


def export(line: Line, owner: Caller) -> Any:
    asked = owner.post(f"…/contacts/{the_contact(line)}/export")
    assert asked.status_code == 202, asked.text
    work(line)
    told = owner.get(f"…/contacts/tasks/{asked.json['id']}").json
    assert told["state"] == "done", told
    return told


def test_an_export_has_everything(line: Line, owner: Caller) -> None:
    line.say("oi", "ana", name="Ana Souza")
    line.settle()
    (out,) = line.messages("out")
    line.post({"type": "status", "id": out.provider_message_id, "state": "read", "recipient": "ana"})
    line.settle()
    media_id = add_file(line, b"a photo of a receipt")
    told = export(line, owner)
    assert told["done"] == told["total"] == 3
    answer = download(owner, told["url"])
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    archive = ZipFile(io.BytesIO(answer.data))
    about = json.loads(archive.read("contact.json"))
    assert about["contact"]["name"] == "Ana Souza"
    assert [address["value"] for address in about["addresses"]] == ["ana"]
    said = json.loads(archive.read(f"messages/{line.chat.id}/00001.json"))
    assert [message["text"] for message in said] == ["oi", "echo: oi"]
    assert said[1]["status"] == "read" and said[1]["read_at"] and said[0]["read_at"] is None
    (name,) = [name for name in archive.namelist() if media_id in name]
    assert archive.read(name) == b"a photo of a receipt"


def test_what_they_said_in_groups_is_theirs_and_the_groups_other_words_are_not(line: Line, owner: Caller) -> None:
    jid, other = "5511987650001@s.whatsapp.net", "5511987650002@s.whatsapp.net"
    line.say("oi", "ana", name="Ana Souza", also=[["phone", jid]])
    for number, (who, words) in enumerate(((jid, "hers"), (other, "his"), ("551187650001@s.whatsapp.net", "hers too"))):
        group = {"type": "message", "id": f"g-{number}-{line.channel.id}", "from": "group-1", "group": True}
        line.post({**group, "text": words, "name": who})
    line.settle()
    contact = run("select contact_id from contact_address where value = %s", (jid,))[0].contact_id
    asked = owner.post(f"…/contacts/{contact}/export").json
    work(line)
    told = owner.get(f"…/contacts/tasks/{asked['id']}").json
    archive = ZipFile(io.BytesIO(download(owner, told["url"]).data))
    said = json.loads(archive.read("messages/groups/00001.json"))
    assert [message["text"] for message in said] == ["hers", "hers too"]
    assert told["done"] == told["total"]
    owner.delete(f"…/contacts/{contact}")
    work(line)
    left = run("select text from message where channel_id = %s and direction = 'in' order by seq", (line.channel.id,))
    assert [row.text for row in left] == ["", "his", ""]


def test_a_long_export_goes_on_where_it_was(line: Line, owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    line.say()
    line.settle()
    run(
        "insert into message (id, workspace_id, chat_id, channel_id, seq, direction, author, kind, text, status)"
        " select gen_random_uuid(), workspace_id, chat_id, channel_id, n, 'in', 'contact', 'text', n::text, 'received'"
        " from message, generate_series(100, %s) n where chat_id = %s and seq = 1",
        (100 + 2 * BATCH, line.chat.id),
    )
    monkeypatch.setattr(tasks, "SLICE_SECONDS", 0.0)
    asked = owner.post(f"…/contacts/{the_contact(line)}/export").json
    assert work(line) == 5  # three parts of messages, the contact, and the look that finds everything there
    told = owner.get(f"…/contacts/tasks/{asked['id']}").json
    archive = ZipFile(io.BytesIO(download(owner, told["url"]).data))
    said = [m for name in sorted(archive.namelist()) if "messages" in name for m in json.loads(archive.read(name))]
    assert [m["seq"] for m in said] == [1, 2, *range(100, 101 + 2 * BATCH)]


def test_a_worker_that_dies_while_writing_loses_nothing(line: Line, owner: Caller) -> None:
    line.say()
    line.settle()
    asked = owner.post(f"…/contacts/{the_contact(line)}/export").json
    assert len(claim_tasks(4)) == 1
    folder = export_folder(line.tawkee.settings)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{asked['id']}.part").write_bytes(b"PK\x03\x04 half a zip")
    assert claim_tasks(4) == []
    run("update contact_task set next_at = now() where id = %s", (asked["id"],))
    work(line)
    told = owner.get(f"…/contacts/tasks/{asked['id']}").json
    assert "contact.json" in ZipFile(io.BytesIO(download(owner, told["url"]).data)).namelist()


def test_asking_again_meanwhile_starts_no_other(line: Line, owner: Caller) -> None:
    line.say()
    path = f"…/contacts/{the_contact(line)}/export"
    assert owner.post(path).json["id"] == owner.post(path).json["id"]
    assert len(owner.get("…/audit?action=contact.export").json) == 1


def test_links_end_and_are_not_to_be_guessed(line: Line, owner: Caller, tawkee: Running) -> None:
    line.say()
    told = export(line, owner)
    good = urlsplit(told["url"]).path
    task_id, until, signature = good.split("/")[2:]
    for path in (
        f"/exports/{task_id}/{int(until) + 60}/{signature}",
        f"/exports/{task_id}/{until}/{signature[:-1]}x",
        f"/exports/{owner.workspace_id}/{until}/{signature}",
        f"/exports/nonsense/{until}/{signature}",
        f"/exports/{task_id}/²/{signature}",
    ):
        assert download(owner, path).status_code == 404
    assert download(owner, good).status_code == 200
    run("update contact_task set expires_at = now() - interval '1 second' where id = %s", (task_id,))
    assert download(owner, good).status_code == 404
    remove_expired(tawkee.tawkee)
    assert list(export_folder(tawkee.tawkee.settings).glob(f"{task_id}*")) == []
    assert owner.get(f"…/contacts/tasks/{task_id}").json["url"] is None


def test_contacts_are_listed_found_and_read(line: Line, owner: Caller) -> None:
    for name in ("Ana Souza", "Bia 100%", "Caio"):
        line.say("oi", name.split()[0].lower(), name=name)
    everybody = owner.get("…/contacts").json
    assert [contact["name"] for contact in everybody] == ["Caio", "Bia 100%", "Ana Souza"]
    assert [contact["name"] for contact in owner.get("…/contacts?q=100%25").json] == ["Bia 100%"]
    rest = owner.get(f"…/contacts?before={everybody[0]['id']}&page_size=1").json
    assert [contact["name"] for contact in rest] == ["Bia 100%"]
    one = owner.get(f"…/contacts/{everybody[0]['id']}").json
    assert one == everybody[0]
    assert one["addresses"][0] | {"channel_id": ""} == {
        "channel_id": "", "channel_kind": "echo", "kind": "echo", "value": "caio",
    }  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    run("update contact_task set state = 'failed' where state in ('pending', 'running')")
