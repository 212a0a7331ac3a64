"""WhatsApp from end to end: our web server and the fake Evolution server call each other over HTTP on loopback."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from werkzeug.serving import make_server

from tawkee_core import safe_http
from tawkee_core.db import run
from tawkee_core.embedded.ports import free_port
from tawkee_core.testing.echo_model import EchoModel
from tawkee_core.testing.running import Running, make_running
from tests.callers import Caller, register_caller
from tests.fakes.evolution_server import EvolutionServer
from tests.fakes.evolution_world import Fault

CUSTOMER = "5531977771111"
PHOTO = b"\x89PNG\r\n\x1a\n" + bytes(64)


@pytest.fixture(scope="module")
def running(tawkee_config: dict[str, Any]) -> Iterator[Running]:
    """A Tawkee that listens where providers can deliver."""
    port = free_port()
    config = tawkee_config | {"public_url": f"http://127.0.0.1:{port}", "private_hosts": "127.0.0.1"}
    before = safe_http.process_policy
    whole = make_running(config, [("echo_model", EchoModel())])
    web = make_server("127.0.0.1", port, whole.app, threaded=True)
    thread = threading.Thread(target=web.serve_forever)
    thread.start()
    yield whole
    web.shutdown()
    thread.join()
    web.server_close()
    whole.close()
    safe_http.process_policy = before


@pytest.fixture
def server() -> Iterator[EvolutionServer]:
    with EvolutionServer(acks=True) as fake:
        yield fake


class Shop:
    """A company whose WhatsApp is connected."""

    def __init__(self, running: Running, server: EvolutionServer, **config: Any) -> None:
        self.running, self.server = running, server
        self.caller: Caller = register_caller(running.client)
        agent = self.caller.make_agent()
        self.caller.patch(f"…/agents/{agent}/settings", {"message_grouping_time": 0})
        given = {"base_url": server.url, "api_key": server.key, "typing": False, **config}
        made = self.caller.post(f"…/agents/{agent}/channels", {"kind": "evolution", "config": given})
        self.channel_id = made.json["id"]
        self.path = f"…/channels/{self.channel_id}"
        assert self.caller.post(f"{self.path}/connect").json["qr"]["image"]
        (self.name,) = server.instances
        server.scan(self.name)
        self.wait(lambda: self.caller.get(self.path).json["status"] == "connected")

    def wait(self, happened: Callable[[], bool]) -> None:
        """Do what is due until something has happened."""
        deadline = time.monotonic() + 30
        while not happened():
            assert time.monotonic() < deadline, "it never happened"
            self.running.pool.drain_all()
            time.sleep(0.02)

    def say(self, text: str) -> None:
        self.server.say(self.name, CUSTOMER, text)

    def texts(self) -> list[str]:
        return [delivery.text for delivery in self.server.deliveries]

    def chat(self) -> dict[str, Any]:
        (chat,) = self.caller.get("…/chats").json
        return dict(chat)

    def messages(self) -> list[dict[str, Any]]:
        if not self.caller.get("…/chats").json:
            return []
        return list(self.caller.get(f"…/chats/{self.chat()['id']}/messages").json)


def test_a_customer_is_answered_and_the_answer_is_read(running: Running, server: EvolutionServer) -> None:
    shop = Shop(running, server)
    shop.say("Tem pão de queijo?")
    shop.wait(lambda: shop.texts() == ["echo: Tem pão de queijo?"])
    shop.wait(lambda: shop.messages()[-1]["status"] == "read")
    asked, answered = shop.messages()
    assert (asked["direction"], asked["text"]) == ("in", "Tem pão de queijo?")
    assert (answered["direction"], answered["author"], answered["text"]) == ("out", "agent", "echo: Tem pão de queijo?")
    assert answered["provider_message_id"] == server.deliveries[0].id
    assert shop.chat()["contact"]["name"] == "Cliente" and shop.chat()["contact"]["phone"] == f"+{CUSTOMER}"
    assert server.deliveries[0].number == f"{CUSTOMER}@s.whatsapp.net"
    assert {status for _, status in server.posted} == {200}


def test_what_the_owner_types_on_the_phone_takes_the_chat_over(running: Running, server: EvolutionServer) -> None:
    shop = Shop(running, server)
    shop.say("Oi")
    shop.wait(lambda: len(shop.texts()) == 1)
    assert shop.chat()["owner"] == "ai", "the echo of our own send is no takeover"
    server.type_on_phone(shop.name, CUSTOMER, "Deixa comigo")
    shop.wait(lambda: shop.chat()["owner"] == "human")
    shop.say("Obrigado!")
    shop.wait(lambda: len(shop.messages()) == 4)
    running.settle()
    assert len(shop.texts()) == 1, "nobody but the person answers now"
    assert [m["author"] for m in shop.messages()] == ["contact", "agent", "person", "contact"]


def test_a_lost_answer_is_looked_up_and_never_sent_twice(running: Running, server: EvolutionServer) -> None:
    shop = Shop(running, server)
    server.instances[shop.name].webhook["events"] = ["MESSAGES_UPSERT"]  # no echo comes to help
    server.faults.append(Fault("drop"))
    shop.say("Oi")
    shop.wait(lambda: len(shop.messages()) == 2 and shop.messages()[-1]["status"] == "sent")
    assert shop.texts() == ["echo: Oi"]
    assert shop.messages()[-1]["provider_message_id"] == server.deliveries[0].id


def test_received_files_are_fetched_and_shown(running: Running, server: EvolutionServer) -> None:
    shop = Shop(running, server)
    image = {"imageMessage": {"mimetype": "image/png", "caption": "É este?", "fileLength": {"low": 72, "high": 0}}}
    server.receive(shop.name, CUSTOMER, image, PHOTO)
    shop.wait(lambda: [m["media"]["state"] for m in shop.messages()[:1]] == ["stored"])
    message = shop.messages()[0]
    assert (message["kind"], message["text"], message["media"]["mimetype"]) == ("image", "É este?", "image/png")
    url = message["media"]["url"].removeprefix(running.tawkee.settings.public_url)
    with running.client.get(url) as shown:
        assert shown.status_code == 200 and shown.data == PHOTO


def test_forged_and_repeated_webhooks_change_nothing(running: Running, server: EvolutionServer) -> None:
    shop = Shop(running, server)
    shop.say("Oi")
    shop.wait(lambda: len(shop.texts()) == 1)
    hook = server.instances[shop.name].webhook
    hook["headers"], good = {"authorization": "Bearer guessed"}, hook["headers"]
    shop.say("Sou eu mesmo")
    shop.wait(lambda: 401 in [status for _, status in server.posted])
    hook["headers"] = good
    (first,) = [r for r in server.instances[shop.name].records if r["message"].get("conversation") == "Oi"]
    posted = len(server.posted)
    server.emit(shop.name, "messages.upsert", first)
    shop.wait(lambda: len(server.posted) > posted)
    running.settle()
    assert len(shop.texts()) == 1
    assert [message["text"] for message in shop.messages()] == ["Oi", "echo: Oi"]
    bodies = run(
        "select convert_from(body, 'UTF8') as text from inbound_event where channel_id = %s", (shop.channel_id,)
    )
    assert not [body for body in bodies if "Sou eu mesmo" in body.text]


def test_removing_the_channel_removes_the_instance(running: Running, server: EvolutionServer) -> None:
    shop = Shop(running, server)
    assert shop.caller.delete(shop.path).json["cleaned"] is True
    assert server.instances == {}
