"""What a fake Evolution server holds: instances, messages, scripted faults; and the shapes it speaks in (2.3.7)."""

import base64
import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

REASONS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    500: "Internal Server Error",
}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
FLAGS = ("rejectCall", "groupsIgnore", "alwaysOnline", "readMessages", "readStatus", "syncFullHistory")
EVENTS = tuple(
    "APPLICATION_STARTUP QRCODE_UPDATED MESSAGES_SET MESSAGES_UPSERT MESSAGES_EDITED MESSAGES_UPDATE MESSAGES_DELETE"
    " SEND_MESSAGE SEND_MESSAGE_UPDATE CONTACTS_SET CONTACTS_UPSERT CONTACTS_UPDATE PRESENCE_UPDATE CHATS_SET"
    " CHATS_UPSERT CHATS_UPDATE CHATS_DELETE GROUPS_UPSERT GROUP_UPDATE GROUP_PARTICIPANTS_UPDATE CONNECTION_UPDATE"
    " LABELS_EDIT LABELS_ASSOCIATION CALL TYPEBOT_START TYPEBOT_CHANGE_STATUS REMOVE_INSTANCE LOGOUT_INSTANCE"
    " INSTANCE_CREATE INSTANCE_DELETE STATUS_INSTANCE".split()
)
counter = itertools.count(1)


class Refusal(Exception):
    """An answer other than success."""

    def __init__(self, status: int, message: Any) -> None:
        super().__init__(status, message)
        self.status = status
        self.body = {"status": status, "error": REASONS.get(status, "Error"), "response": {"message": message}}


@dataclass
class Fault:
    """What goes wrong with the next `times` calls of routes that begin so.

    `kind`: error (500 as Evolution says it, nothing done) · busy (429) · denied (401) · html (502 of a proxy, nothing
    done) · license (503) · hang (no answer for `seconds`, nothing done) · drop (done, then the connection breaks) ·
    cut (the connection breaks, nothing done) · timed_out (done, answered 400 "Error: Timed Out") · refused (400)."""

    kind: str
    route: str = "/message/"
    times: int = 1
    seconds: float = 30.0


@dataclass(frozen=True)
class Delivery:
    """A message that WhatsApp took from an instance."""

    instance: str
    number: str
    kind: str
    text: str
    body: Mapping[str, Any]
    id: str
    at: float


@dataclass
class Instance:
    """A linked phone, or one about to be."""

    name: str
    token: str
    webhook: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    state: str = "close"
    owner: str = "5511955550000"
    codes: int = 0
    records: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    @property
    def jid(self) -> str:
        return f"{self.owner}@s.whatsapp.net"

    def new_code(self) -> dict[str, Any]:
        self.codes += 1
        code = f"2@code{self.codes}{self.name}"
        return {"pairingCode": None, "code": code, "base64": f"data:image/png;base64,{PIXEL}", "count": self.codes}


def new_message_id(prefix: str = "3EB0") -> str:
    return f"{prefix}{next(counter):06X}{time.time_ns() & 0xFFFFFFFFFF:010X}"


def jid_of(number: str) -> str:
    return number if "@" in number else f"{number.lstrip('+')}@s.whatsapp.net"


def message_object(kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The protocol's message for what was asked to be sent."""
    match kind:
        case "text":
            return {"conversation": body["text"]}
        case "audio":
            return {"audioMessage": {"mimetype": "audio/ogg; codecs=opus", "ptt": True}}
        case "sticker":
            return {"stickerMessage": {"mimetype": "image/webp"}}
        case _:
            part = {"mimetype": body.get("mimetype"), "caption": body.get("caption"), "fileName": body.get("fileName")}
            return {f"{kind}Message": {name: value for name, value in part.items() if value is not None}}


def record(jid: str, message_id: str, message: Mapping[str, Any], from_me: bool, name: str = "") -> dict[str, Any]:
    """A message as webhooks and answers carry it."""
    return {
        "key": {"remoteJid": jid, "fromMe": from_me, "id": message_id, "participant": "", "addressingMode": "pn"},
        "pushName": "Você" if from_me and not name else name,
        "status": "PENDING" if from_me else "DELIVERY_ACK",
        "message": dict(message),
        "messageType": next(iter(message)),
        "messageTimestamp": int(time.time()),
        "instanceId": "00000000-0000-4000-8000-00000000beef",
        "source": "web" if from_me else "android",
    }


def check_text(body: Mapping[str, Any]) -> None:
    missing = [name for name in ("number", "text") if not isinstance(body.get(name), str)]
    if missing:
        raise Refusal(400, [[f'instance requires property "{name}"' for name in missing]])
    if not body["text"].strip():
        raise Refusal(400, ["Text is required"])


def check_media(body: Mapping[str, Any], field_name: str) -> None:
    content = body.get(field_name)
    if not isinstance(body.get("number"), str) or not isinstance(content, str):
        raise Refusal(400, [[f'instance requires property "{field_name}"']])
    if content.startswith("https://"):
        return
    try:
        base64.b64decode(content, validate=True)
    except ValueError as error:
        raise Refusal(400, ["Owned media must be a url or base64"]) from error
    if body.get("mediatype") == "document" and not body.get("fileName"):
        raise Refusal(400, ["For base64 the file name must be informed."])
