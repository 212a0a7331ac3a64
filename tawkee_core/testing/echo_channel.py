"""A channel that lives in memory: what is posted to it is plain JSON, what it is given to send is kept in `sent`.

`fail_with` names what the next sends raise, one each; `None` among them sends. `lose_answer` sends and then raises
Ambiguous. `extra` holds more of the channel's capabilities, `pace` how fast it may speak."""

import threading
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from .. import hookimpl
from ..errors import Ambiguous, BadPayload, InvalidWebhook, SendError
from ..security import same_text
from ..types import (
    Address,
    Capabilities,
    Channel,
    ChannelEvent,
    ChannelInfo,
    Contact,
    Deleted,
    Echo,
    Edited,
    Ignored,
    Incoming,
    Label,
    MediaRule,
    Message,
    Moved,
    Pace,
    SendSemantics,
    Status,
    Watermark,
)
from ..wire import read_json

SECRET_HEADER = "x-echo-secret"


@dataclass(frozen=True)
class Sent:
    """One message that arrived at the echo provider."""

    to: str
    text: str
    kind: str
    client_id: str
    id: str


@dataclass
class Provider:
    """The other side: what arrived, and how it is to behave."""

    sent: list[Sent] = field(default_factory=list)
    looked_for: list[str] = field(default_factory=list)
    fail_with: deque[SendError | None] = field(default_factory=deque)
    lose_answer: int = 0
    delay: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)
    release: threading.Event = field(default_factory=threading.Event)

    def reset(self) -> None:
        self.sent.clear()
        self.looked_for.clear()
        self.fail_with.clear()
        self.lose_answer, self.delay = 0, 0.0

    def texts(self, to: str | None = None) -> list[str]:
        """What was said, to one address or to all, in order."""
        return [s.text for s in self.sent if to in (None, s.to)]

    def find(self, client_id: str) -> str | None:
        return next((s.id for s in self.sent if s.client_id == client_id), None)


class EchoChannel:
    """An echo channel of its own provider; give it to `create_app(plugins=[("echo", EchoChannel())])`."""

    def __init__(self, semantics: SendSemantics = "opaque", max_text: int = 4096) -> None:
        self.provider = Provider()
        self.semantics = semantics
        self.max_text = max_text
        self.extra: dict[str, Any] = {}
        self.unofficial = False
        self.pace = Pace()

    @hookimpl
    def channel_info(self) -> ChannelInfo:
        files = {"image": MediaRule(("image/*",), 1_000_000), "document": MediaRule(("*/*",), 1_000_000)}
        capabilities = replace(Capabilities(self.max_text, media_in=files, media_out=files), **self.extra)
        return ChannelInfo(
            Label("Eco", "Echo"),
            self.semantics,
            capabilities=capabilities,
            pace=self.pace,
            unofficial=self.unofficial,
        )

    @hookimpl
    def channel_verify(self, channel: Channel, headers: dict[str, str]) -> bool:
        if not same_text(headers.get(SECRET_HEADER, ""), channel.webhook_secret):
            raise InvalidWebhook()
        return True

    @hookimpl
    def channel_parse(self, body: bytes) -> list[ChannelEvent]:
        payload = read_json(body)
        if not isinstance(payload, dict) or not isinstance(payload.get("events"), list):
            raise BadPayload("An echo webhook has a list of events.")
        return [event_of(each) for each in payload["events"]]

    @hookimpl
    def channel_send(self, contact: Contact, message: Message, client_id: str) -> str:
        provider = self.provider
        if provider.delay:
            provider.release.wait(provider.delay)
        with provider.lock:
            failure = provider.fail_with.popleft() if provider.fail_with else None
            if failure is not None:
                raise failure
            known = provider.find(client_id) if self.semantics == "idempotent" else None
            if known is None:
                known = f"out-{len(provider.sent) + 1}-{client_id[-8:]}"
                provider.sent.append(Sent(contact.address.value, message.text, message.kind, client_id, known))
            if provider.lose_answer > 0:
                provider.lose_answer -= 1
                raise Ambiguous("the answer was lost")
            return known

    @hookimpl
    def channel_lookup(self, message: Message, client_id: str) -> str | None:
        self.provider.looked_for.append(message.text)
        return self.provider.find(client_id) or "" if self.semantics == "reconcilable" else None


def event_of(each: Any) -> ChannelEvent:
    """One event of an echo webhook: `{"type": "message", "id", "from", "text" …}`; unknown types are ignored."""
    match each:
        case {"type": "message", "id": str(id), "from": str(sender)} if id and sender:
            return incoming_of(each)
        case {"type": "echo", "id": str(id), "to": str(to)} if id and to:
            words = str(each.get("text", ""))
            return Echo(id, (Address("echo", to),), text=words, client_id=id_of(each.get("client_id")))
        case {"type": "status", "state": ("sent" | "delivered" | "read" | "failed") as state}:
            return Status(state, id_of(each.get("id")), id_of(each.get("client_id")))
        case {"type": "watermark", "state": ("delivered" | "read") as state, "from": str(sender), "at": float(at)}:
            return Watermark(state, Address("echo", sender), datetime.fromtimestamp(at, UTC))
        case {"type": "edited", "id": str(id), "text": str(text)}:
            return Edited(id, text)
        case {"type": "deleted", "id": str(id)}:
            return Deleted(id)
        case {"type": "moved", "from": str(before), "to": str(after)}:
            return Moved(Address("echo", before), (Address("echo", after),))
        case {"type": "message" | "echo" | "status" | "edited" | "deleted"}:
            raise BadPayload("An echo event lacks a field.")
        case _:
            return Ignored("unknown event")


def id_of(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise BadPayload("An echo event's ids are texts.")


def incoming_of(each: dict[str, Any]) -> Incoming:
    return Incoming(
        id=each["id"],
        addresses=(Address("echo", each["from"]), *(Address(kind, value) for kind, value in each.get("also", ()))),
        text=str(each.get("text", "")),
        name=str(each.get("name", "")),
        sent_at=datetime.fromtimestamp(each["at"], UTC) if "at" in each else None,
        group=bool(each.get("group")),
        mentioned=bool(each.get("mentioned")),
    )
