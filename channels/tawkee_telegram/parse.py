"""From an Update of the Bot API to an event. Pure: no I/O, no clock. One webhook carries one update.

Facts: core.telegram.org/bots/api. Ids of messages are unique in their chat only, so ours are `chat:message`."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from tawkee_core import Address, BadPayload, Channel, ChannelEvent, Edited, Ignored, Incoming, Moved, read_json

from .content import read_content

GROUPS = ("group", "supergroup")
NAMED = re.compile(r"@(\w+)")


def parse_update(channel: Channel, body: bytes) -> ChannelEvent:
    """The event of one update. Raises BadPayload for what is none, or is broken."""
    update = object_of(read_json(body), "The body")
    if not isinstance(update.get("update_id"), int):
        raise BadPayload("The body is no update.")
    for name, read in READERS.items():
        if name in update:
            return read(channel, update["update_id"], object_of(update[name], name))
    known = ", ".join(sorted(set(update) - {"update_id"}))[:80]
    return Ignored(f"unknown update {known or 'without content'}")


def read_message(channel: Channel, update_id: int, message: Mapping[str, Any]) -> ChannelEvent:
    chat, sender = object_of(message.get("chat"), "chat"), object_of(message.get("from", {}), "from")
    if sender.get("is_bot") and "sender_chat" not in message:  # an anonymous admin writes through a bot of Telegram's
        return Ignored("written by a bot")
    group = is_group(chat)
    if group and ignores_groups(channel):
        return Ignored("group message")
    if isinstance(message.get("migrate_to_chat_id"), int):
        return Moved(address_of(chat, True), (Address("group", str(message["migrate_to_chat_id"])),))
    content = read_content(message)
    if content is None:
        return Ignored("service message")
    return Incoming(
        id=message_id(chat, message.get("message_id")),
        addresses=(address_of(chat, group),),
        name=name_of(sender),
        sender=id_of(sender, group) or title_of(message),
        sent_at=moment_of(message.get("date")),
        quoted_id=quoted_id(chat, message.get("reply_to_message")),
        group=group,
        mentioned=group and is_called(channel, message),
        kind=content.kind,
        text=content.text,
        media=content.media,
        data={**content.data, **told_sender(message, group)},
    )


def read_edit(channel: Channel, update_id: int, message: Mapping[str, Any]) -> ChannelEvent:
    chat, content = object_of(message.get("chat"), "chat"), read_content(message)
    if content is None:
        return Ignored("service message")
    if is_group(chat) and ignores_groups(channel):
        return Ignored("group message")
    return Edited(message_id(chat, message.get("message_id")), content.text)


def read_press(channel: Channel, update_id: int, press: Mapping[str, Any]) -> ChannelEvent:
    """A button under one of our messages; the press itself is answered with the webhook."""
    chat = object_of(object_of(press.get("message", {}), "message").get("chat", {}), "chat")
    sender = object_of(press.get("from"), "from")
    if not chat:
        return Ignored("button of an inline message")
    data, group = text_of(press.get("data")), is_group(chat)
    return Incoming(
        id=f"press:{press.get('id')}",
        addresses=(address_of(chat, group),),
        kind="choice",
        text=pressed_label(press) or data,
        name=name_of(sender),
        sender=id_of(sender, group),
        group=group,
        mentioned=group,
        data={"id": data, "title": pressed_label(press), **told_sender(press, group)},
        quoted_id=quoted_id(chat, press.get("message")),
    )


def read_reaction(channel: Channel, update_id: int, reaction: Mapping[str, Any]) -> ChannelEvent:
    chat = object_of(reaction.get("chat"), "chat")
    target = message_id(chat, reaction.get("message_id"))
    listed = reaction.get("new_reaction")
    given = [each.get("emoji", "") for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    if is_group(chat) and ignores_groups(channel):
        return Ignored("group message")
    who, group = object_of(reaction.get("user", {}), "user"), is_group(chat)
    told = told_sender({"from": who, "chat": chat}, group)
    return Incoming(
        id=f"{target}:reaction:{update_id}",
        addresses=(address_of(chat, group),),
        kind="reaction",
        name=name_of(who),
        sender=id_of(who, group),
        group=group,
        sent_at=moment_of(reaction.get("date")),
        data={"emoji": text_of(given[0]) if given else "", "target": target, **told},
    )


def read_membership(channel: Channel, update_id: int, change: Mapping[str, Any]) -> ChannelEvent:
    status = object_of(change.get("new_chat_member", {}), "new_chat_member").get("status")
    return Ignored("the contact blocked the bot" if status == "kicked" else f"the bot is now {text_of(status)[:40]}")


READERS: Mapping[str, Callable[[Channel, int, Mapping[str, Any]], ChannelEvent]] = {
    "message": read_message,
    "edited_message": read_edit,
    "callback_query": read_press,
    "message_reaction": read_reaction,
    "my_chat_member": read_membership,
}


def is_called(channel: Channel, message: Mapping[str, Any]) -> bool:
    """Whether a group's message is meant for the bot: it names it, replies to it, or is a command for it."""
    name = text_of(channel.config.get("username")).lower()
    replied = object_of(object_of(message.get("reply_to_message", {}), "reply").get("from", {}), "from")
    if name and text_of(replied.get("username")).lower() == name:
        return True
    text = (text_of(message.get("text")) or text_of(message.get("caption"))).lower()
    return bool(name) and name in NAMED.findall(text)


def is_group(chat: Mapping[str, Any]) -> bool:
    return chat.get("type") in GROUPS


def ignores_groups(channel: Channel) -> bool:
    return channel.config.get("groups") != "store"


def answer_press(body: bytes) -> dict[str, Any] | None:
    """What stops the clock on a pressed button: a method that Telegram carries out when it reads it in our answer."""
    try:
        update = read_json(body)
    except BadPayload:
        return None
    press = update.get("callback_query") if isinstance(update, dict) else None
    if not isinstance(press, dict) or not isinstance(press.get("id"), str):
        return None
    return {"method": "answerCallbackQuery", "callback_query_id": press["id"]}


def pressed_label(press: Mapping[str, Any]) -> str:
    """What stood on the pressed button."""
    keyboard = object_of(object_of(press.get("message", {}), "message").get("reply_markup", {}), "reply_markup")
    rows = keyboard.get("inline_keyboard")
    for row in rows if isinstance(rows, list) else ():
        for button in row if isinstance(row, list) else ():
            if isinstance(button, dict) and button.get("callback_data") == press.get("data"):
                return text_of(button.get("text"))
    return ""


def message_id(chat: Mapping[str, Any], number: Any) -> str:
    if not isinstance(chat.get("id"), int) or not isinstance(number, int):
        raise BadPayload("A message lacks its id or its chat's.")
    return f"{chat['id']}:{number}"


def quoted_id(chat: Mapping[str, Any], quoted: Any) -> str | None:
    number = quoted.get("message_id") if isinstance(quoted, dict) else None
    return message_id(chat, number) if isinstance(number, int) else None


def address_of(chat: Mapping[str, Any], group: bool) -> Address:
    if not isinstance(chat.get("id"), int):
        raise BadPayload("A chat lacks its id.")
    return Address("group" if group else "telegram", str(chat["id"]))


def id_of(sender: Mapping[str, Any], group: bool) -> str:
    """Who wrote in a group, as they are addressed in a chat of their own; "" for one who writes as a whole chat."""
    return str(sender["id"]) if group and isinstance(sender.get("id"), int) and not sender.get("is_bot") else ""


def told_sender(message: Mapping[str, Any], group: bool) -> dict[str, str]:
    """The name to show of who wrote in a group, and the group's own."""
    name = name_of(object_of(message.get("from", {}), "from")) or title_of(message)
    shown = message.get("chat") or object_of(message.get("message", {}), "message").get("chat", {})
    return {"sender_name": name, "group_name": text_of(object_of(shown, "chat").get("title"))[:200]} if group else {}


def title_of(message: Mapping[str, Any]) -> str:
    """The name of the chat that somebody writes as."""
    return text_of(object_of(message.get("sender_chat", {}), "sender_chat").get("title"))[:200]


def name_of(sender: Mapping[str, Any]) -> str:
    return " ".join(part for key in ("first_name", "last_name") if (part := text_of(sender.get(key)).strip()))[:200]


def moment_of(seconds: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) else None
    except (ValueError, OverflowError, OSError):
        return None


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else ""


def object_of(value: Any, name: str) -> dict[str, Any]:
    """An object. Raises BadPayload."""
    if not isinstance(value, dict):
        raise BadPayload(f"{name} is not an object.")
    return value
