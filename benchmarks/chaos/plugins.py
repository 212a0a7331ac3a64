"""The plugins that the processes under fire have installed: a channel of each kind of certainty, whose webhooks are
signed, and a model. Their other side is HTTP; where it is stands in CHAOS_PROVIDER and CHAOS_MODEL."""

import hashlib
import hmac
import json
import os
import re
from collections.abc import Iterable, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from tawkee_core import Ambiguous, Channel, Completion, Contact, Message, Model, ModelMessage, NotSent, hookimpl
from tawkee_core.errors import InvalidWebhook, ModelDown, RateLimited
from tawkee_core.model_types import ModelOptions
from tawkee_core.testing.echo_channel import EchoChannel
from tawkee_core.types import ModelUsage, SendSemantics

MODEL = "chaos/model"
SIGNATURE = "x-chaos-signature"
MAX_TEXT = 120
KINDS: tuple[SendSemantics, ...] = ("idempotent", "reconcilable", "opaque")
SEND_SECONDS = float(os.environ.get("CHAOS_SEND_SECONDS", "1.5"))
NUMBER = re.compile(r"^c\d+ m(\d+)")


def sign(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def call(port: str, path: str, body: dict[str, Any], timeout: float) -> tuple[int, Any]:
    """POST on a connection of its own; status and JSON. Raises NotSent before the request left, Ambiguous after."""
    connection = HTTPConnection("127.0.0.1", int(os.environ[port]), timeout=timeout)
    try:
        try:
            connection.connect()
        except OSError as error:
            raise NotSent(str(error)) from error
        try:
            connection.request("POST", path, json.dumps(body), {"content-type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"{}")
        except (OSError, HTTPException, ValueError) as error:
            raise Ambiguous(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()


class ChaosChannel(EchoChannel):
    """Webhooks as the echo channel's, signed over the whole body."""

    def __init__(self, semantics: SendSemantics) -> None:
        super().__init__(semantics, max_text=MAX_TEXT)

    @hookimpl
    def channel_verify(  # type: ignore[override]  # a hook may take more of its spec's arguments
        self, channel: Channel, headers: dict[str, str], body: bytes
    ) -> bool:
        if not hmac.compare_digest(headers.get(SIGNATURE, ""), sign(channel.webhook_secret, body)):
            raise InvalidWebhook()
        return True

    @hookimpl
    def channel_send(self, contact: Contact, message: Message, client_id: str) -> str:
        body = {"to": contact.address.value, "text": message.text, "client_id": client_id, "kind": self.semantics}
        status, answer = call("CHAOS_PROVIDER", "/send", body, SEND_SECONDS)
        if status == 429:
            raise RateLimited(retry_after=float(answer["retry_after"]))
        if status == 500:  # this provider takes nothing when it says so
            raise NotSent("the provider said 500")
        return str(answer["id"])

    @hookimpl
    def channel_lookup(self, message: Message, client_id: str) -> str | None:
        if self.semantics != "reconcilable":
            return None
        return str(call("CHAOS_PROVIDER", "/find", {"client_id": client_id}, SEND_SECONDS)[1]["id"])


def waiting_lines(messages: Sequence[ModelMessage]) -> list[str]:
    """What the customer said after our last words."""
    waiting: list[str] = []
    for message in messages:
        if message.role == "assistant":
            waiting.clear()
        elif message.role == "user":
            waiting.append(str(message.content))
    return waiting


class ChaosModel:
    @hookimpl
    def model_list(self) -> Iterable[Model]:
        return [Model(MODEL, "Chaos", "Tawkee", credits=1)]

    @hookimpl
    def model_complete(self, model: str, messages: Sequence[ModelMessage], options: ModelOptions) -> Completion | None:
        if model != MODEL:
            return None
        try:
            status, answer = call("CHAOS_MODEL", "/complete", {"lines": waiting_lines(messages)}, options.timeout)
        except (NotSent, Ambiguous) as error:
            raise ModelDown(str(error)) from error
        if status != 200:
            raise ModelDown(f"the model said {status}")
        return Completion(answer["text"], usage=ModelUsage(1, 1, 0.0001))


IDEMPOTENT, RECONCILABLE, OPAQUE = (ChaosChannel(kind) for kind in KINDS)
MODELS = ChaosModel()
ENTRY_POINTS = """[tawkee]
chaos_idempotent = benchmarks.chaos.plugins:IDEMPOTENT
chaos_reconcilable = benchmarks.chaos.plugins:RECONCILABLE
chaos_opaque = benchmarks.chaos.plugins:OPAQUE
chaos = benchmarks.chaos.plugins:MODELS
"""


def install(folder: Path) -> Path:
    """What pip would leave of these plugins; the folder to put on the path."""
    info = folder / "tawkee_chaos-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tawkee-chaos\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    return folder
