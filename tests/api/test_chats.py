"""Conversations through the API: looked through, taken over, written in, handed back."""

import io
from dataclasses import dataclass
from typing import Any

import pytest

from tawkee_core.errors import Refused
from tawkee_core.models import new_id
from tawkee_core.testing.echo_channel import EchoChannel
from tawkee_core.testing.running import Company, Running
from tawkee_core.types import Channel
from tests.api.routes import UNKNOWN, every_route
from tests.callers import Caller, register_caller

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64


@dataclass(frozen=True)
class Desk:
    """A person, their agent, and its channel, on which contacts write."""

    running: Running
    caller: Caller
    agent_id: str
    channel: Channel

    def hear(self, sender: str, text: str = "oi", **more: Any) -> str:
        """Let a contact write; their chat's id."""
        event = {"type": "message", "id": new_id(), "from": sender, "text": text, "name": sender.title(), **more}
        assert self.running.post_echo(self.channel, event) == 200
        self.running.settle()
        chats = self.caller.get("…/chats").json
        return str(next(chat["id"] for chat in chats if chat["contact"]["name"] == sender.title()))

    def said(self, chat_id: str) -> list[tuple[str, str, str]]:
        messages = self.caller.get(f"…/chats/{chat_id}/messages").json
        return [(m["author"], m["text"], m["status"]) for m in messages]


def open_desk(tawkee: Running) -> Desk:
    caller = register_caller(tawkee.client)
    agent_id = caller.make_agent()
    caller.patch(f"…/agents/{agent_id}/settings", {"message_grouping_time": 0})
    company = Company(caller.workspace_id, agent_id, caller.user_id)
    return Desk(tawkee, caller, agent_id, tawkee.add_channel(company, "echo"))


@pytest.fixture
def desk(tawkee: Running) -> Desk:
    return open_desk(tawkee)


def test_a_chat_tells_who_with_what_and_how_it_stands(desk: Desk) -> None:
    assert desk.caller.get("…/chats").json == []
    chat_id = desk.hear("carla", "qual o preço?")
    (chat,) = desk.caller.get("…/chats").json
    assert chat == desk.caller.get(f"…/chats/{chat_id}").json
    assert (chat["status"], chat["owner"], chat["attention"]) == ("open", "ai", "")
    assert chat["contact"]["name"] == "Carla" and chat["contact"]["phone"] is None
    assert (chat["channel"]["id"], chat["channel"]["kind"]) == (desk.channel.id, "echo")
    assert chat["agent"] == {"id": desk.agent_id, "name": "Ana"}
    assert chat["last_message"]["text"] == "echo: qual o preço?" and chat["last_message"]["author"] == "agent"


def test_chats_are_found_by_words_agent_channel_status_and_owner(desk: Desk) -> None:
    carla, davi = desk.hear("carla"), desk.hear("davi")
    desk.caller.post(f"…/chats/{carla}/takeover")
    desk.caller.post(f"…/chats/{davi}/resolve")

    def found(query: str) -> set[str]:
        return {chat["id"] for chat in desk.caller.get(f"…/chats?{query}").json}

    assert found("q=CARL") == found("owner=human") == found("status=open") == {carla}
    assert found("owner=ai") == found("status=resolved") == {davi}
    assert found(f"agent_id={desk.agent_id}") == found(f"channel_id={desk.channel.id}") == {carla, davi}
    assert found("q=%25") == set()
    for name in ("agent_id", "channel_id"):
        assert desk.caller.get(f"…/chats?{name}={UNKNOWN}").status_code == 404


def test_chats_are_paged_newest_first(desk: Desk) -> None:
    ids = [desk.hear(name) for name in ("a", "b", "c")]
    first = desk.caller.get("…/chats?page_size=2").json
    assert [chat["id"] for chat in first] == [ids[2], ids[1]]
    rest = desk.caller.get(f"…/chats?page_size=2&before={ids[1]}").json
    assert [chat["id"] for chat in rest] == [ids[0]]
    assert desk.caller.get(f"…/chats?before={UNKNOWN}").status_code == 404
    assert desk.caller.get("…/chats?page_size=101").status_code == 422


def test_messages_are_read_oldest_first_before_and_after_one(desk: Desk) -> None:
    chat_id = desk.hear("carla", "um")
    desk.hear("carla", "dois")
    path = f"…/chats/{chat_id}/messages"
    messages = desk.caller.get(path).json
    assert [m["text"] for m in messages] == ["um", "echo: um", "dois", "echo: dois"]
    assert [m["direction"] for m in messages] == ["in", "out"] * 2
    assert all(m["sent_at"] and m["provider_message_id"] for m in messages)
    ids = [m["id"] for m in messages]
    assert [m["id"] for m in desk.caller.get(f"{path}?before={ids[2]}&limit=1").json] == [ids[1]]
    assert [m["id"] for m in desk.caller.get(f"{path}?after={ids[1]}").json] == ids[2:]
    assert desk.caller.get(f"{path}?after={messages[-1]['seq']}").json == []
    assert desk.caller.get(f"{path}?limit=0").status_code == desk.caller.get(f"{path}?after=x").status_code == 422


def test_after_a_takeover_the_person_speaks_and_the_ai_does_not(desk: Desk) -> None:
    chat_id = desk.hear("carla")
    taken = desk.caller.post(f"…/chats/{chat_id}/takeover").json
    assert (taken["owner"], taken["owner_id"], taken["in_flight"]) == ("human", desk.caller.user_id, 0)
    desk.hear("carla", "tem alguém aí?")
    written = desk.caller.post(f"…/chats/{chat_id}/messages", {"text": "Sou a Bia"})
    assert written.status_code == 201 and written.json["author"] == "person"
    assert written.json["user_id"] == desk.caller.user_id
    desk.running.settle()
    assert desk.said(chat_id)[2:] == [("contact", "tem alguém aí?", "received"), ("person", "Sou a Bia", "sent")]
    desk.caller.post(f"…/chats/{chat_id}/handback")
    desk.hear("carla", "obrigada")
    assert desk.said(chat_id)[-1] == ("agent", "echo: obrigada", "sent")


def test_writing_is_taking_over(desk: Desk) -> None:
    chat_id = desk.hear("carla")
    desk.caller.post(f"…/chats/{chat_id}/messages", {"text": "Eu cuido disso"})
    assert desk.caller.get(f"…/chats/{chat_id}").json["owner"] == "human"


def test_the_same_client_id_sends_once(desk: Desk, echo_channel: EchoChannel) -> None:
    chat_id = desk.hear("carla")
    given = {"text": "uma vez", "client_id": "c-1"}
    one, two = (desk.caller.post(f"…/chats/{chat_id}/messages", given) for _ in range(2))
    desk.running.settle()
    assert one.json["id"] == two.json["id"]
    assert echo_channel.provider.texts("carla").count("uma vez") == 1


def test_a_person_sends_a_file(desk: Desk, echo_channel: EchoChannel) -> None:
    chat_id = desk.hear("carla")
    form = {"text": "a foto", "file": (io.BytesIO(PNG), "../../etc/foto.png", "image/png")}
    sent = desk.caller.call("POST", f"…/chats/{chat_id}/messages", data=form, content_type="multipart/form-data")
    assert sent.status_code == 201, sent.text
    media = sent.json["media"]
    assert (sent.json["kind"], media["filename"], media["size"]) == ("image", "foto.png", len(PNG))
    desk.running.settle()
    assert echo_channel.provider.sent[-1].kind == "image"
    path = media["url"].removeprefix(desk.running.tawkee.settings.public_url)
    with desk.running.client.get(path) as shown:
        assert (shown.data, shown.mimetype) == (PNG, "image/png")
    assert desk.running.client.get(path[:-1] + "x").status_code == 404


def test_files_that_cannot_be_sent_are_refused(desk: Desk) -> None:
    path = f"…/chats/{desk.hear('carla')}/messages"

    def send(*parts: tuple[str, bytes]) -> int:
        form = b"".join(
            b"--x\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (p[0].encode(), p[1]) for p in parts
        )
        options = {"data": form + b"--x--\r\n", "content_type": "multipart/form-data; boundary=x"}
        return int(desk.caller.call("POST", path, **options).status_code)

    def file(size: int, field: str = "file") -> tuple[str, bytes]:
        return f'name="{field}"; filename="x.png"', b"x" * size

    assert send(file(1_000_001)) == 413
    assert send(file(desk.running.tawkee.settings.max_upload_bytes + 100_000)) == 413
    assert send(file(9, "other")) == send(file(9), file(9)) == 422
    assert send(('name="text"', b"x"), ('name="workspace_id"', b"x")) == 422
    assert send(('name="text"', b"x")) == 201


@pytest.mark.parametrize(
    "given", [{}, {"text": ""}, {"text": "  "}, {"text": "x" * 10_001}, {"text": 7}, {"text": "x", "author": "agent"}]
)
def test_what_is_no_message_is_refused(desk: Desk, given: dict[str, Any]) -> None:
    assert desk.caller.post(f"…/chats/{desk.hear('carla')}/messages", given).status_code == 422


def test_what_failed_is_sent_again_by_a_person(desk: Desk, echo_channel: EchoChannel) -> None:
    chat_id = desk.hear("carla")
    echo_channel.provider.fail_with.append(Refused("blocked"))
    message_id = desk.caller.post(f"…/chats/{chat_id}/messages", {"text": "chegou?"}).json["id"]
    desk.running.settle()
    assert desk.said(chat_id)[-1] == ("person", "chegou?", "failed")
    again = desk.caller.post(f"…/chats/{chat_id}/messages/{message_id}/resend")
    assert (again.status_code, again.json["status"]) == (200, "queued")
    desk.running.settle()
    assert desk.said(chat_id)[-1] == ("person", "chegou?", "sent")
    assert desk.caller.post(f"…/chats/{chat_id}/messages/{message_id}/resend").status_code == 409


def test_reading_a_chat_empties_its_count(desk: Desk) -> None:
    chat_id = desk.hear("carla")
    desk.caller.post(f"…/chats/{chat_id}/takeover")
    desk.hear("carla")
    assert desk.caller.get(f"…/chats/{chat_id}").json["unread"] >= 1
    assert desk.caller.post(f"…/chats/{chat_id}/read").json["unread"] == 0


def test_a_resolved_chat_opens_again_with_the_next_message(desk: Desk) -> None:
    chat_id = desk.hear("carla")
    assert desk.caller.post(f"…/chats/{chat_id}/resolve").json["status"] == "resolved"
    desk.hear("carla", "voltei")
    assert desk.caller.get(f"…/chats/{chat_id}").json["status"] == "open"
    assert desk.said(chat_id)[-1] == ("agent", "echo: voltei", "sent")


def test_a_paused_agents_messages_are_kept_and_not_answered(desk: Desk) -> None:
    desk.caller.post(f"…/agents/{desk.agent_id}/deactivate")
    chat_id = desk.hear("carla", "alô")
    assert desk.said(chat_id) == [("contact", "alô", "received")]


def test_a_foreign_chat_is_answered_as_an_unknown_one(desk: Desk, tawkee: Running) -> None:
    other = open_desk(tawkee)
    chat_id = other.hear("carla", "segredo")
    message_id = other.caller.get(f"…/chats/{chat_id}/messages").json[0]["id"]
    before = other.said(chat_id)
    ids = {"workspace_id": desk.caller.workspace_id, "chat_id": chat_id, "message_id": message_id}
    tried = 0
    for route in every_route(tawkee.app, **ids):
        if "<id:chat_id>" in route.rule:
            theirs = desk.caller.call(route.method, route.path, json={"text": "x"})
            unknown = desk.caller.call(route.method, route.path.replace(chat_id, UNKNOWN), json={"text": "x"})
            assert theirs.status_code == 404 and theirs.data == unknown.data, route
            tried += 1
    assert tried == 8
    assert desk.caller.get(f"…/chats?before={chat_id}").status_code == 404
    assert other.said(chat_id) == before
