"""What Discord posts: verified, read, and answered at once, as it insists. Pure: no I/O, no clock.

Facts: discord.com/developers/docs/interactions/receiving-and-responding."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tawkee_core import Address, BadPayload, Channel, ChannelEvent, Ignored, Incoming, InvalidWebhook, read_json

PING, COMMAND, PRESS, COMPLETION = 1, 2, 3, 4
PONG, SAY, NOTHING, COMPLETIONS = 1, 4, 6, 8
EPOCH_MS = 1420070400000
ID_DIGITS = 19
NO_MENTIONS: dict[str, Any] = {"allowed_mentions": {"parse": []}}  # nobody is pinged by what a person or a model writes


def verify_signature(channel: Channel, headers: Mapping[str, str], body: bytes) -> bool:
    """Ed25519 over the timestamp and the body, under the application's public key (hex). Raises InvalidWebhook."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(channel.config["public_key"]))
        signature = bytes.fromhex(headers["x-signature-ed25519"])
        key.verify(signature, headers["x-signature-timestamp"].encode() + body)
    except (KeyError, ValueError, InvalidSignature) as error:
        raise InvalidWebhook() from error
    return True


def read_interaction(body: bytes) -> ChannelEvent:
    """The event of one interaction. Raises BadPayload."""
    match read_json(body):
        case {"type": 2, "data": {"options": [{"value": str(text)}, *_]}} as given if text.strip():
            return read_message(given, text=text)
        case {"type": 3, "data": {"custom_id": str(id)}} as given:
            title = pressed_title(given.get("message"), id)
            return read_message(given, kind="choice", text=title or id, data={"id": id, "title": title})
        case {"type": int(number)}:
            return Ignored("ping" if number == PING else f"interaction of type {number}")
        case _:
            raise BadPayload("An interaction has a `type`.")


def read_message(given: Mapping[str, Any], **content: Any) -> Incoming:
    """Everything is answered in the place where it was asked; a server's place is a group, which called us."""
    match given:
        case {"id": str(id), "channel_id": str(place)} if id.isdecimal() and len(id) <= ID_DIGITS and place.isdecimal():
            group = bool(given.get("guild_id"))
            name = name_of(given)
            addresses = (Address("group" if group else "discord", place),)
            return Incoming(
                id, addresses, name=name, sender=name, sent_at=moment_of(id), group=group, mentioned=group, **content
            )
        case _:
            raise BadPayload("An interaction has `id` and `channel_id`.")


def name_of(given: Mapping[str, Any]) -> str:
    match given:
        case {"member": {"nick": str(nick)}} if nick:
            return nick
        case {"member": {"user": dict(user)}} | {"user": dict(user)}:
            return str(user.get("global_name") or user.get("username") or "")
        case _:
            return ""


def moment_of(id: str) -> datetime:
    """When something was made is written in its id (a snowflake)."""
    return datetime.fromtimestamp(((int(id) >> 22) + EPOCH_MS) / 1000, UTC)


def pressed_title(message: Any, id: str) -> str:
    """The words on the button that was pressed."""
    match message:
        case {"components": [{"components": list(buttons)}, *_]}:
            pressed = [each for each in buttons if isinstance(each, dict) and each.get("custom_id") == id]
            return str(pressed[0].get("label") or "") if pressed else ""
        case _:
            return ""


def answer_interaction(body: bytes) -> dict[str, Any] | None:
    """What Discord shows until the answer comes; without any, it shows that the application failed."""
    match read_json(body):
        case {"type": 1}:
            return {"type": PONG}
        case {"type": 2, "data": {"options": [{"value": str(text)}, *_]}}:  # a command's words are shown to nobody
            quoted = f"> {' '.join(text.split())[:1900]}"
            return {"type": SAY, "data": {"content": quoted, **NO_MENTIONS}}
        case {"type": 3}:
            return {"type": NOTHING}
        case {"type": 4}:
            return {"type": COMPLETIONS, "data": {"choices": []}}
        case _:
            return None
