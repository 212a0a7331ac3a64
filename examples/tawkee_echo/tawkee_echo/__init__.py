"""A channel over plain HTTP: a signed webhook brings what people say, a signed POST takes the answer to a URL."""

import hmac
import json
from typing import Any, NoReturn

from tawkee_core import (
    Address,
    Ambiguous,
    AuthLost,
    BadPayload,
    Capabilities,
    Channel,
    ChannelEvent,
    ChannelInfo,
    Contact,
    Field,
    Ignored,
    Incoming,
    InvalidWebhook,
    Label,
    Message,
    NotSent,
    Refused,
    hookimpl,
    provider,
    read_json,
)

SIGNATURE = "x-echo-signature"
INFO = ChannelInfo(
    label=Label("Eco por HTTP", "Echo over HTTP"),
    send_semantics="idempotent",  # the other side knows a message by its id, so that it may be sent twice
    fields=(Field("answer_url", Label("Para onde vão as respostas", "Where the answers go"), "url", required=True),),
    capabilities=Capabilities(max_text=2000),
)


@hookimpl
def channel_info() -> ChannelInfo:
    return INFO


@hookimpl
def channel_verify(channel: Channel, headers: dict[str, str], body: bytes) -> bool:
    if not hmac.compare_digest(headers.get(SIGNATURE, "").encode(), sign(channel, body).encode()):
        raise InvalidWebhook()
    return True


@hookimpl
def channel_parse(body: bytes) -> list[ChannelEvent]:
    match read_json(body):
        case {"messages": list(messages)}:
            return [read_message(each) for each in messages]
        case {"event": str(name)}:
            return [Ignored(f"event {name[:40]}")]
        case _:
            raise BadPayload("An echo webhook has `messages`, or an `event`.")


@hookimpl
def channel_send(channel: Channel, contact: Contact, message: Message, client_id: str) -> str:
    body = json.dumps({"id": client_id, "to": contact.address.value, "text": message.text}).encode()
    headers = {"content-type": "application/json", SIGNATURE: sign(channel, body)}
    answer = provider.request("The other side", "POST", channel.config["answer_url"], data=body, headers=headers)
    return client_id if answer.status < 300 else refuse(answer.status)


def sign(channel: Channel, body: bytes) -> str:
    """HMAC-SHA256 of the body, in hex, under the secret that is the last part of the channel's webhook URL."""
    return hmac.new(channel.webhook_secret.encode(), body, "sha256").hexdigest()


def read_message(each: Any) -> ChannelEvent:
    match each:
        case {"id": str(id), "from": str(sender), "text": str(text)} if id and sender:
            return Incoming(id, (Address("echo", sender),), text=text)
        case _:
            raise BadPayload("A message has `id`, `from` and `text`.")


def refuse(status: int) -> NoReturn:
    """What may be done next: the core asks again later, waits for its owner, or shows the message as failed."""
    if status in (401, 403):
        raise AuthLost(f"HTTP {status}")
    if status in (429, 503):
        raise NotSent(f"HTTP {status}")
    if status >= 500:  # a proxy's word: what stands behind it may have taken the message
        raise Ambiguous(f"HTTP {status}")
    raise Refused(f"HTTP {status}")
