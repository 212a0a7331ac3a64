"""What a WhatsApp message says: its kind, its text, its file and whatever else its kind needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tawkee_core import BadPayload, Media, read_json

from .decode import bytes_of, number_of, object_of, read_card, text_of

# messages that only wrap another one
WRAPPERS = (
    "viewOnceMessage", "viewOnceMessageV2", "viewOnceMessageV2Extension", "ephemeralMessage",
    "documentWithCaptionMessage", "editedMessage",
    "lottieStickerMessage", "groupMentionedMessage", "botInvokeMessage", "deviceSentMessage",
)  # fmt: skip
# messages of the protocol, which nobody said
QUIET = (
    "senderKeyDistributionMessage", "protocolMessage", "keepInChatMessage", "pinInChatMessage", "encReactionMessage",
    "callLogMesssage", "secretEncryptedMessage",
)  # fmt: skip
FILES = {
    "imageMessage": "image",
    "videoMessage": "video",
    "ptvMessage": "video",
    "audioMessage": "audio",
    "documentMessage": "document",
    "stickerMessage": "sticker",
}
Part = Mapping[str, Any]


@dataclass(frozen=True)
class Content:
    """`kind` is one of Tawkee's, or "" when there is nothing that anybody said; `context` holds quotes and mentions."""

    kind: str
    text: str = ""
    data: Part = field(default_factory=dict)
    media: Media | None = None
    context: Part = field(default_factory=dict)


def read_content(message: Part, key: Part | None = None) -> Content:
    """Read a message object; `key` is what its file can be fetched by."""
    inner = unwrap(message)
    for name, kind in FILES.items():
        if isinstance(inner.get(name), dict):
            return read_file(kind, inner[name], key or {}, message.get("base64") or inner.get("base64"))
    for name, read in READERS.items():
        if name in inner:
            return read(inner[name] if isinstance(inner[name], dict) else {"text": inner[name]})
    unknown = [name for name in inner if name not in QUIET and name.endswith(("Message", "MessageV2", "MessageV3"))]
    return Content("unsupported", data={"type": unknown[0][:60]}) if unknown else Content("")


def unwrap(message: Part) -> dict[str, Any]:
    """The innermost message."""
    inner = dict(message)
    for _ in range(6):
        wrapper = next((name for name in WRAPPERS if isinstance(inner.get(name), dict)), None)
        if wrapper is None:
            break
        inner = object_of(inner[wrapper].get("message")) or inner[wrapper]
    return inner


def read_file(kind: str, part: Part, key: Part, given: Any) -> Content:
    """A file, with its bytes where the webhook carries them."""
    data = bytes_of(given)
    media = Media(
        mimetype=text_of(part.get("mimetype")).partition(";")[0].strip()[:100] or "application/octet-stream",
        filename=(text_of(part.get("fileName")) or text_of(part.get("title")))[:200],
        size=len(data) if data else number_of(part.get("fileLength")),
        ref={"key": dict(key)},
        data=data,
    )
    return Content(kind, text_of(part.get("caption")), media=media, context=object_of(part.get("contextInfo")))


def read_text(part: Part) -> Content:
    text = text_of(part.get("text"))
    return Content("text" if text else "", text, context=object_of(part.get("contextInfo")))


def read_location(part: Part) -> Content:
    latitude, longitude = part.get("degreesLatitude"), part.get("degreesLongitude")
    if not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
        return Content("unsupported", data={"type": "locationMessage"})
    name, address = text_of(part.get("name")), text_of(part.get("address"))
    data = {"latitude": latitude, "longitude": longitude, "name": name or address, "address": address}
    return Content("location", text_of(part.get("caption")), data)


def read_contacts(part: Part) -> Content:
    many = part.get("contacts")
    cards = [object_of(card) for card in many[:50]] if isinstance(many, list) else [part]
    contacts = [read_card(text_of(card.get("vcard")), text_of(card.get("displayName"))) for card in cards]
    return Content("contact", data={"contacts": contacts})


def read_reaction(part: Part) -> Content:
    """An emoji on a message; an empty one takes the reaction back."""
    emoji = text_of(part.get("text"))[:20]
    return Content("reaction", emoji, {"emoji": emoji, "target": text_of(object_of(part.get("key")).get("id"))[:200]})


def read_list_choice(part: Part) -> Content:
    return choose(object_of(part.get("singleSelectReply")).get("selectedRowId"), part.get("title"), part)


def read_button_choice(part: Part) -> Content:
    return choose(part.get("selectedButtonId") or part.get("selectedId"), part.get("selectedDisplayText"), part)


def read_flow_choice(part: Part) -> Content:
    """A native flow's answer: its parameters are a JSON text with the chosen `id`."""
    parameters = text_of(object_of(part.get("nativeFlowResponseMessage")).get("paramsJson"))
    try:
        chosen = object_of(read_json((parameters or "{}").encode("utf-8", "replace")))
    except BadPayload:
        chosen = {}
    return choose(chosen.get("id"), object_of(part.get("body")).get("text") or chosen.get("display_text"), part)


def choose(choice: Any, title: Any, part: Part) -> Content:
    data = {"id": text_of(choice)[:500], "title": text_of(title)}
    return Content("choice", data["title"] or data["id"], data, context=object_of(part.get("contextInfo")))


def read_poll(part: Part) -> Content:
    options = part.get("options")
    names = [object_of(o).get("optionName") for o in options[:50]] if isinstance(options, list) else []
    return Content("unsupported", join_lines(part.get("name"), *names), {"type": "poll"})


def read_offer(part: Part) -> Content:
    """Buttons, lists and templates that our own side sent: the words that people saw."""
    body, hydrated = object_of(part.get("body")), object_of(part.get("hydratedTemplate"))
    words = (body.get("text"), part.get("title"), part.get("description"), part.get("contentText"))
    return Content("text", join_lines(*words, hydrated.get("hydratedContentText")))


def join_lines(*lines: Any) -> str:
    return "\n".join(text for line in lines if (text := text_of(line).strip()))


READERS: Mapping[str, Callable[[Part], Content]] = {
    "conversation": read_text,
    "extendedTextMessage": read_text,
    "locationMessage": read_location,
    "liveLocationMessage": read_location,
    "contactMessage": read_contacts,
    "contactsArrayMessage": read_contacts,
    "reactionMessage": read_reaction,
    "listResponseMessage": read_list_choice,
    "buttonsResponseMessage": read_button_choice,
    "templateButtonReplyMessage": read_button_choice,
    "interactiveResponseMessage": read_flow_choice,
    "pollCreationMessage": read_poll,
    "pollCreationMessageV2": read_poll,
    "pollCreationMessageV3": read_poll,
    "pollUpdateMessage": read_poll,
    "listMessage": read_offer,
    "buttonsMessage": read_offer,
    "interactiveMessage": read_offer,
    "templateMessage": read_offer,
}
