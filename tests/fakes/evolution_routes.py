"""The fake Evolution server's routes below an instance: (method, first two parts of the path) → handler."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from .evolution_world import EVENTS, FLAGS, Instance, Refusal, check_media, check_text

if TYPE_CHECKING:
    from .evolution_server import EvolutionServer

Body = dict[str, Any]
Answer = tuple[int, Any]


async def connect(server: "EvolutionServer", instance: Instance, body: Body) -> Answer:
    if instance.state == "open":
        return 200, {"instance": {"instanceName": instance.name, "state": "open"}}
    instance.state = "connecting"
    return 200, instance.new_code()


async def connection_state(server: "EvolutionServer", instance: Instance, body: Body) -> Answer:
    return 200, {"instance": {"instanceName": instance.name, "state": instance.state}}


async def log_out(server: "EvolutionServer", instance: Instance, body: Body) -> Answer:
    if instance.state == "close":
        raise Refusal(400, [f'The "{instance.name}" instance is not connected'])
    instance.state = "close"
    server.emit(instance.name, "logout.instance", None)
    return 200, {"status": "SUCCESS", "error": False, "response": {"message": "Instance logged out"}}


async def delete(server: "EvolutionServer", instance: Instance, body: Body) -> Answer:
    del server.instances[instance.name]
    return 200, {"status": "SUCCESS", "error": False, "response": {"message": "Instance deleted"}}


async def set_webhook(server: "EvolutionServer", instance: Instance, body: Body) -> Answer:
    hook = body.get("webhook")
    if not isinstance(hook, dict) or "enabled" not in hook or "url" not in hook:
        raise Refusal(400, [['instance requires property "webhook"']])
    if "events" not in hook:
        raise Refusal(500, "Cannot read properties of undefined (reading 'length')")
    wrong = [event for event in hook["events"] if event not in EVENTS]
    if wrong:
        raise Refusal(400, [[f"webhook.events[0] is not one of enum values: {','.join(EVENTS)}"]])
    instance.webhook = dict(hook)
    return 201, find_webhook_row(instance)


async def find_webhook(server: "EvolutionServer", instance: Instance, body: Body) -> Answer:
    return 200, find_webhook_row(instance)


def find_webhook_row(instance: Instance) -> Body:
    hook = instance.webhook
    return {
        "url": hook.get("url"),
        "headers": hook.get("headers"),
        "enabled": hook.get("enabled"),
        "events": hook.get("events") or list(EVENTS),
        "webhookByEvents": hook.get("byEvents", False),
        "webhookBase64": hook.get("base64", False),
    }


async def find_settings(server: "EvolutionServer", instance: Instance, body: Body) -> Answer:
    return 200, {flag: False for flag in FLAGS} | {"msgCall": ""} | instance.settings


async def set_settings(server: "EvolutionServer", instance: Instance, body: Body) -> Answer:
    missing = [flag for flag in FLAGS if not isinstance(body.get(flag), bool)]
    if missing:
        raise Refusal(400, [[f'instance requires property "{flag}"' for flag in missing]])
    instance.settings = dict(body)
    return 201, {"settings": {"instanceName": instance.name, "settings": instance.settings}}


async def send_text(server: "EvolutionServer", instance: Instance, body: Body) -> Answer:
    check_text(body)
    return await server.send(instance, body, "text", body["text"])


async def send_media(server: "EvolutionServer", instance: Instance, body: Body) -> Answer:
    check_media(body, "media")
    return await server.send(instance, body, str(body.get("mediatype")), str(body.get("caption", "")))


async def send_audio(server: "EvolutionServer", instance: Instance, body: Body) -> Answer:
    check_media(body, "audio")
    return await server.send(instance, body, "audio", "")


async def send_sticker(server: "EvolutionServer", instance: Instance, body: Body) -> Answer:
    check_media(body, "sticker")
    return await server.send(instance, body, "sticker", "")


async def send_presence(server: "EvolutionServer", instance: Instance, body: Body) -> Answer:
    missing = [name for name in ("number", "presence", "delay") if name not in body]
    if missing:
        raise Refusal(400, [[f'instance requires property "{name}"' for name in missing]])
    server.presences.append((body["number"], body["presence"]))
    await asyncio.sleep(body["delay"] / 1000)
    return 201, {"presence": body["presence"]}


async def mark_read(server: "EvolutionServer", instance: Instance, body: Body) -> Answer:
    if not isinstance(body.get("readMessages"), list):
        raise Refusal(400, [['instance requires property "readMessages"']])
    server.read += [each for each in body["readMessages"] if not each["remoteJid"].endswith("@lid")]
    return 201, {"message": "Read messages", "read": "success"}


async def find_messages(server: "EvolutionServer", instance: Instance, body: Body) -> Answer:
    key = body.get("where", {}).get("key", {})
    found = [r for r in reversed(instance.records) if all(r["key"].get(name) == value for name, value in key.items())]
    page = found[: body.get("offset", 50)]
    return 200, {"messages": {"total": len(found), "pages": 1, "currentPage": 1, "records": page}}


async def get_base64(server: "EvolutionServer", instance: Instance, body: Body) -> Answer:
    message_id = body.get("message", {}).get("key", {}).get("id")
    if message_id not in instance.files:
        raise Refusal(400, ["Message not found"])
    mimetype, data = instance.files[message_id]
    return 201, {"mimetype": mimetype, "base64": base64.b64encode(data).decode(), "fileName": "file", "buffer": None}


async def check_numbers(server: "EvolutionServer", instance: Instance, body: Body) -> Answer:
    numbers = body.get("numbers", [])
    return 200, [
        {"jid": f"{number}@s.whatsapp.net", "exists": number not in server.unknown_numbers, "number": number}
        for number in numbers
    ]


ROUTES: dict[tuple[str, str], Callable[["EvolutionServer", Instance, Body], Awaitable[Answer]]] = {
    ("GET", "instance/connect"): connect,
    ("GET", "instance/connectionState"): connection_state,
    ("DELETE", "instance/logout"): log_out,
    ("DELETE", "instance/delete"): delete,
    ("POST", "webhook/set"): set_webhook,
    ("GET", "webhook/find"): find_webhook,
    ("GET", "settings/find"): find_settings,
    ("POST", "settings/set"): set_settings,
    ("POST", "message/sendText"): send_text,
    ("POST", "message/sendMedia"): send_media,
    ("POST", "message/sendWhatsAppAudio"): send_audio,
    ("POST", "message/sendSticker"): send_sticker,
    ("POST", "chat/sendPresence"): send_presence,
    ("POST", "chat/markMessageAsRead"): mark_read,
    ("POST", "chat/findMessages"): find_messages,
    ("POST", "chat/getBase64FromMediaMessage"): get_base64,
    ("POST", "chat/whatsappNumbers"): check_numbers,
}
