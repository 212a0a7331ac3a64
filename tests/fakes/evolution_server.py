"""An Evolution API v2 server on loopback: real HTTP, instances, QR codes, sends, look-ups, and webhooks posted to us.

    with EvolutionServer() as server:                       # in a thread of its own
        server.scan("tawkee-1")                             # as if the phone had read the code
        server.say("tawkee-1", "5511955551234", "Oi!")      # a contact writes: posted to the instance's webhook
        server.faults.append(Fault("drop"))                 # the next send is taken, and its answer lost
        server.deliveries[-1].text

For benchmarks, as a process: `python -m tests.fakes.evolution_server --port 9100` prints `ready: URL`; POST to
/fake/deliveries, /fake/scan, /fake/say and /fake/fault does the same over HTTP. Guard order, bodies and errors are
those of 2.3.7."""

import argparse
import asyncio
import json
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Self

import aiohttp
from aiohttp import web

from tests.canary import canary

from .evolution_routes import ROUTES
from .evolution_world import FLAGS, Delivery, Fault, Instance, Refusal, jid_of, message_object, new_message_id, record

FINAL = (400, 401, 403, 404, 422)
HTML = "<html><body><h1>502 Bad Gateway</h1><hr>nginx</body></html>"


class EvolutionServer:
    """The server and what reached it. Times of webhook retries are the real ones times `pace`."""

    def __init__(self, key: str = "", port: int = 0, pace: float = 0.01, acks: bool = False) -> None:
        self.key = key or canary("evolution")
        self.port = port
        self.pace = pace
        self.acks = acks
        self.instances: dict[str, Instance] = {}
        self.deliveries: list[Delivery] = []
        self.calls: list[tuple[str, str, Any]] = []
        self.posted: list[tuple[str, int]] = []
        self.read: list[dict[str, Any]] = []
        self.presences: list[tuple[str, str]] = []
        self.faults: deque[Fault] = deque()
        self.unknown_numbers: set[str] = set()
        self.on_call: Callable[[], None] = lambda: None
        self.licensed = True
        self.stores = True
        self.loop = asyncio.new_event_loop()
        self.started = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.thread.start()
        self.started.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join(10)

    def run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_until_complete(self.serve())
        finally:
            self.loop.run_until_complete(end_tasks(self.loop))
            self.loop.close()

    async def serve(self) -> None:
        self.stop = asyncio.Event()
        self.client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        app = web.Application(client_max_size=136 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self.answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port, backlog=1024)
        await site.start()
        self.port = runner.addresses[0][1]
        self.started.set()
        await self.stop.wait()
        await runner.cleanup()
        await self.client.close()

    # ---- what tests do

    def make_instance(self, name: str, **values: Any) -> Instance:
        """An instance that was there before."""
        self.instances[name] = Instance(name, token=f"token-{name}", **values)
        return self.instances[name]

    def scan(self, name: str, owner: str = "5511955550000") -> None:
        """The phone reads the code."""
        instance = self.instances[name]
        instance.state, instance.owner = "open", owner
        data = {"instance": name, "wuid": instance.jid, "profileName": "Loja", "state": "open", "statusReason": 200}
        self.emit(name, "connection.update", data)

    def say(self, name: str, number: str, text: str) -> str:
        """A contact writes; the message's id."""
        return self.receive(name, number, {"conversation": text})

    def receive(self, name: str, number: str, message: Mapping[str, Any], file: bytes | None = None) -> str:
        """Any message of a contact, posted to the webhook; `file` can then be fetched."""
        said = record(jid_of(number), new_message_id("3A"), message, False, "Cliente")
        message_id = str(said["key"]["id"])
        if file is not None:
            part = next(value for value in message.values() if isinstance(value, dict))
            self.instances[name].files[message_id] = (part.get("mimetype", ""), file)
        self.keep(self.instances[name], said)
        self.emit(name, "messages.upsert", said)
        return message_id

    def type_on_phone(self, name: str, number: str, text: str) -> str:
        """The owner answers on the phone itself."""
        typed = record(jid_of(number), new_message_id("3A"), {"conversation": text}, True, "Loja")
        self.keep(self.instances[name], typed)
        self.emit(name, "messages.upsert", typed)
        return str(typed["key"]["id"])

    def emit(self, name: str, event: str, data: Any) -> None:
        """Post an event to the instance's webhook, from any thread; returns at once."""
        asyncio.run_coroutine_threadsafe(self.post(name, event, data), self.loop)

    # ---- webhooks out

    async def post(self, name: str, event: str, data: Any) -> None:
        instance = self.instances.get(name)
        hook = instance.webhook if instance else {}
        wanted = hook.get("events") or [event.upper().replace(".", "_")]
        if instance is None or not hook.get("enabled") or event.upper().replace(".", "_") not in wanted:
            return
        envelope = {"event": event, "instance": name, "data": data, "destination": hook["url"],
                    "sender": instance.jid, "date_time": time.strftime("%Y-%m-%dT%H:%M:%S.000Z"), "apikey": None,
                    "server_url": self.url}  # fmt: skip
        body = json.dumps(envelope, ensure_ascii=False).encode()
        await self.deliver(hook["url"], {**hook.get("headers", {}), "content-type": "application/json"}, body)

    async def deliver(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Ten attempts, 5 s doubling to 300 s with jitter, none again after 400, 401, 403, 404, 422."""
        for attempt in range(10):
            try:
                async with self.client.post(url, data=body, headers=headers) as response:
                    status = response.status
            except (aiohttp.ClientError, TimeoutError):
                status = 0
            self.posted.append((url, status))
            if 200 <= status < 300 or status in FINAL:
                return
            await asyncio.sleep(min(5 * 2**attempt, 300) * random.uniform(0.8, 1.2) * self.pace)

    # ---- HTTP

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await read_body(request)
        if request.path.startswith("/fake/"):
            return web.json_response(await self.control(request.path[6:], body))
        self.calls.append((request.method, request.path, body))
        self.on_call()
        fault = self.next_fault(request.path)
        early = await self.fail_early(request, fault) if fault else None
        if early is not None:
            return early
        try:
            status, answer = await self.route(request, body)
        except Refusal as refusal:
            status, answer = refusal.status, refusal.body
        if fault and fault.kind == "drop":
            return break_connection(request)
        if fault and fault.kind == "timed_out":
            return refuse(Refusal(400, ["Error: Timed Out"]))
        return web.json_response(answer, status=status)

    def next_fault(self, path: str) -> Fault | None:
        for fault in self.faults:
            if path.startswith(fault.route):
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
                return fault
        return None

    async def fail_early(self, request: web.Request, fault: Fault) -> web.StreamResponse | None:
        match fault.kind:
            case "error":
                return refuse(Refusal(500, "Cannot read properties of undefined (reading 'onWhatsApp')"))
            case "busy":
                return web.json_response({"message": "Too many"}, status=429, headers={"retry-after": "7"})
            case "denied":
                return refuse(Refusal(401, "Unauthorized"))
            case "refused":
                return refuse(Refusal(400, ["Text is required"]))
            case "html":
                return web.Response(text=HTML, status=502, content_type="text/html")
            case "license":
                return license_required(self.url)
            case "hang":
                await asyncio.sleep(fault.seconds)
                return break_connection(request)
            case "cut":
                return break_connection(request)
        return None

    async def route(self, request: web.Request, body: dict[str, Any]) -> tuple[int, Any]:
        """The guards in the server's own order: licence, instance, name taken, key."""
        if not self.licensed:
            raise LicenseMissing(self.url)
        if request.path == "/instance/create":
            return self.create(request, body)
        parts = request.path.strip("/").split("/")
        handler = ROUTES.get((request.method, "/".join(parts[:2]))) if len(parts) == 3 else None
        if handler is None:
            raise Refusal(404, [f"Cannot {request.method} {request.path}"])
        instance = self.instances.get(parts[2])
        if instance is None:
            raise Refusal(404, [f'The "{parts[2]}" instance does not exist'])
        if request.headers.get("apikey") not in (self.key, instance.token):
            raise Refusal(401, "Unauthorized")
        return await handler(self, instance, body)

    def create(self, request: web.Request, body: dict[str, Any]) -> tuple[int, Any]:
        name = str(body.get("instanceName", ""))
        if name in self.instances:
            raise Refusal(403, [f'This name "{name}" is already in use.'])
        if request.headers.get("apikey") != self.key:
            raise Refusal(401, "Unauthorized")
        if body.get("integration") != "WHATSAPP-BAILEYS":
            raise Refusal(400, ["Invalid integration"])
        instance = self.make_instance(name, webhook=dict(body.get("webhook") or {}), state="connecting")
        instance.settings = {flag: body.get(flag) is True for flag in FLAGS}
        answer = {"instance": {"instanceName": name, "integration": "WHATSAPP-BAILEYS", "status": "connecting"}}
        return 201, answer | {"hash": instance.token, "qrcode": instance.new_code() if body.get("qrcode") else None}

    async def control(self, what: str, body: dict[str, Any]) -> Any:
        if what == "scan":
            self.scan(body["instance"])
        elif what == "say":
            return {"id": self.say(body["instance"], body["number"], body["text"])}
        elif what == "fault":
            self.faults.append(Fault(**body))
        elif what == "deliveries":
            fresh = self.deliveries[body.get("from", 0) :]
            return [{"number": d.number, "text": d.text, "id": d.id, "at": d.at} for d in fresh]
        return {}

    def keep(self, instance: Instance, said: dict[str, Any]) -> None:
        if self.stores:
            instance.records.append(said)

    async def send(self, instance: Instance, body: dict[str, Any], kind: str, text: str) -> tuple[int, Any]:
        if instance.state != "open":
            raise Refusal(500, "Connection Closed")
        if body["number"].partition("@")[0] in self.unknown_numbers:
            number = body["number"]
            raise Refusal(400, [{"jid": jid_of(number), "exists": False, "number": number}])
        sent = record(jid_of(body["number"]), new_message_id(), message_object(kind, body), True)
        message_id = str(sent["key"]["id"])
        self.deliveries.append(Delivery(instance.name, body["number"], kind, text, body, message_id, time.time()))
        self.keep(instance, sent)
        self.loop.create_task(self.post(instance.name, "send.message", sent))
        if self.acks:
            self.loop.create_task(self.acknowledge(instance, sent))
        return 201, sent

    async def acknowledge(self, instance: Instance, sent: dict[str, Any]) -> None:
        for status in ("SERVER_ACK", "DELIVERY_ACK", "READ"):
            key = sent["key"]
            data = {"keyId": key["id"], "remoteJid": key["remoteJid"], "fromMe": True, "status": status}
            await self.post(instance.name, "messages.update", data)


async def end_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what still waits to deliver."""
    tasks = [task for task in asyncio.all_tasks(loop) if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class LicenseMissing(Refusal):
    def __init__(self, url: str) -> None:
        super().__init__(503, "")
        self.body = {
            "error": "service not activated",
            "code": "LICENSE_REQUIRED",
            "register_url": f"{url}/manager/login",
            "message": "This Evolution API instance is not activated.",
        }


def license_required(url: str) -> web.Response:
    return refuse(LicenseMissing(url))


def refuse(refusal: Refusal) -> web.Response:
    return web.json_response(refusal.body, status=refusal.status)


def break_connection(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def read_body(request: web.Request) -> dict[str, Any]:
    raw = await request.read()
    value = json.loads(raw) if raw else {}
    return value if isinstance(value, dict) else {}


def main() -> None:
    """Serve until ended."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--port", type=int, default=0)
    arguments.add_argument("--key", default="global-key-0001")
    arguments.add_argument("--instance", action="append", default=[], help="an instance that is there and connected")
    given = arguments.parse_args()
    server = EvolutionServer(given.key, given.port, pace=1.0)
    for name in given.instance:
        server.make_instance(name, state="open")
    with server:
        print(f"ready: {server.url}", flush=True)
        server.thread.join()


if __name__ == "__main__":
    main()
