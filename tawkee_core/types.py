"""What crosses between the core and its plugins: plain frozen data, no database row, no Flask request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from .model_types import (
    Completion as Completion,
    Embedding as Embedding,
    Model as Model,
    ModelMessage as ModelMessage,
    ModelOptions as ModelOptions,
    ModelUsage as ModelUsage,
    Passage as Passage,
    Tool as Tool,
    ToolCall as ToolCall,
    Transcription as Transcription,
    VectorMatch as VectorMatch,
    VectorPoint as VectorPoint,
)

MessageKind: TypeAlias = Literal[
    "text",
    "image",
    "audio",
    "video",
    "document",
    "sticker",
    "location",
    "contact",
    "reaction",
    "choice",
    "note",
    "unsupported",
]
MEDIA_KINDS = ("image", "audio", "video", "document", "sticker")
SendSemantics: TypeAlias = Literal["idempotent", "reconcilable", "opaque"]
Markup: TypeAlias = Literal["markdown", "whatsapp", "html", "plain"]
TextUnit: TypeAlias = Literal["characters", "utf16", "bytes"]
ConnectionState: TypeAlias = Literal["disconnected", "connecting", "connected", "failed"]


@dataclass(frozen=True, slots=True)
class Label:
    """A text that people see, in both languages of the product."""

    pt: str
    en: str


# ---- what a plugin says of itself


@dataclass(frozen=True, slots=True)
class Field:
    """One value that a person fills in to set a plugin up. A `secret` is kept encrypted and never shown again."""

    name: str
    label: Label
    kind: Literal["text", "url", "secret", "boolean", "number", "choice", "list"] = "text"
    required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    help: Label | None = None
    max_length: int = 2000


@dataclass(frozen=True, slots=True)
class MediaRule:
    """Which files of one kind a channel carries: MIME types (`image/*` is allowed), the size in bytes, and how many
    words may go with one; longer ones follow as a message of their own."""

    mimetypes: tuple[str, ...]
    max_bytes: int
    max_caption: int | None = None


@dataclass(frozen=True, slots=True)
class TextLimit:
    """How long one message to one kind of address may be, and how many of them an answer may take."""

    max_text: int
    parts: int = 5


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a channel can carry. The core degrades everything else: buttons → numbered text, long → parts.

    `text_unit` is what `max_text` counts; `markup` the marks that the channel shows ("markdown": the text as the model
    wrote it); `max_choice_text` the longest text over buttons; `opens_whatsapp`:
    it can write first to anybody on WhatsApp, given `Address("phone", digits)`."""

    max_text: int = 4096
    text_unit: TextUnit = "characters"
    markup: Markup = "markdown"
    text_limits: Mapping[str, TextLimit] = field(default_factory=dict)
    media_in: Mapping[str, MediaRule] = field(default_factory=dict)
    media_out: Mapping[str, MediaRule] = field(default_factory=dict)
    typing: bool = False
    read_receipts: bool = False
    buttons: int = 0
    max_button: int = 20
    max_choice_text: int | None = None
    templates: bool = False
    groups: bool = False
    reply_window_hours: int | None = None
    person_window_hours: int | None = None
    opens_whatsapp: bool = False
    names: bool = False


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a provider lets us speak: seconds between two messages to one contact, of which `burst` may be borrowed
    from later, and messages a second in all. A channel's `config["contact_seconds"]` overrules the first."""

    contact_seconds: float = 0.0
    burst: int = 0
    per_second: float = 0.0


@dataclass(frozen=True, slots=True)
class ChannelInfo:
    """How a kind of channel presents itself. `risk` is told to the owner before connecting; an unofficial number is
    warmed up and watched by the core."""

    label: Label
    send_semantics: SendSemantics
    connects: Literal["none", "token", "qr", "oauth"] = "none"
    fields: tuple[Field, ...] = ()
    capabilities: Capabilities = Capabilities()
    pace: Pace = Pace()
    unofficial: bool = False
    risk: Label | None = None


# ---- what the core tells a plugin


@dataclass(frozen=True, slots=True)
class Channel:
    """One connected place people write from. `config` holds the values of its fields, secrets opened;
    `webhook_secret` is random and known only to us and the provider."""

    id: str
    workspace_id: str
    agent_id: str
    kind: str
    name: str
    config: Mapping[str, Any]
    webhook_url: str
    webhook_secret: str
    status: str = "disconnected"


@dataclass(frozen=True, slots=True)
class Agent:
    """The assistant that answers on a channel."""

    id: str
    workspace_id: str
    name: str
    type: str
    communication_style: str
    job_name: str
    job_site: str
    job_description: str
    behavior: str
    status: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Address:
    """One way to reach a contact on a channel: `phone` (digits with country code), `lid`, `visitor`, `telegram`,
    `group` …

    `value` is kept as received, since a reply goes to it unchanged; the core finds the variants of a phone."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom a message goes to; `address` is the one last heard from."""

    id: str
    name: str
    address: Address
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Media:
    """A file of a message. `ref` is what the channel needs to fetch it; `url` is ours, public and signed."""

    id: str = ""
    mimetype: str = "application/octet-stream"
    filename: str = ""
    size: int | None = None
    ref: Mapping[str, Any] = field(default_factory=dict)
    url: str = ""
    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Button:
    """A choice offered under a message; `id` comes back when it is pressed."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class TemplatePart:
    """What a template takes beside the parameters of its words: its header's text or file, as an https address, or what
    its button at `index` gets: the end of its `url`, the `code` to copy. A template's list has no `value`."""

    place: Literal["header", "button"]
    kind: Literal["text", "image", "video", "document", "url", "code"]
    index: int = 0
    name: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """A message the provider approved beforehand; the only thing that may be said outside the reply window. `names` are
    those of its parameters, where they have names."""

    name: str
    language: str
    parameters: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    parts: tuple[TemplatePart, ...] = ()


@dataclass(frozen=True, slots=True)
class TemplateInfo:
    """A template that can be chosen: its words, with {{1}} {{2}} … for parameters, or {{name}} where they have `names`,
    what else it takes, and how the provider sees it."""

    name: str
    language: str
    text: str
    status: str
    category: str = ""
    parameters: int = 0
    names: tuple[str, ...] = ()
    parts: tuple[TemplatePart, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """A message on its way out. `id` stays the same through every try; `buttons` are at most what the channel carries;
    `late` is set for a person's words after the AI's window, within people's."""

    id: str
    kind: MessageKind
    text: str = ""
    media: Media | None = None
    quoted_id: str | None = None
    author: Literal["agent", "person"] = "agent"
    buttons: tuple[Button, ...] = ()
    template: Template | None = None
    late: bool = False


# ---- what a channel reads out of a webhook


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message from a contact. `id` is the provider's and unique in the channel; the first address is the one to
    reply to.

    `data` carries what its kind needs: location {latitude, longitude, name}, contact {contacts: [{name, phone}]},
    reaction {emoji, target}, choice {id, title}. `group` is set for a group's message, `mentioned` when it calls the
    agent; its `sender` is who wrote, as they are addressed in a chat of their own, and data's `sender_name` their
    name, `group_name` the group's. `quiet` is for words that are kept and never answered, as STOP on SMS."""

    id: str
    addresses: tuple[Address, ...]
    kind: MessageKind = "text"
    text: str = ""
    name: str = ""
    sent_at: datetime | None = None
    media: Media | None = None
    quoted_id: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    group: bool = False
    mentioned: bool = False
    sender: str = ""
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Echo:
    """A message that left from our own side: typed on the phone (a takeover), or our own send come back."""

    id: str
    addresses: tuple[Address, ...]
    kind: MessageKind = "text"
    text: str = ""
    sent_at: datetime | None = None
    media: Media | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    client_id: str | None = None
    sent_by_api: bool = False


@dataclass(frozen=True, slots=True)
class Edited:
    """A message whose text its author changed."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Deleted:
    """A message that its author took back."""

    id: str


@dataclass(frozen=True, slots=True)
class Status:
    """How far one of our messages came. Known by the provider's `id`, or by our `client_id` where the provider returns
    it."""

    state: Literal["sent", "delivered", "read", "failed"]
    id: str | None = None
    client_id: str | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far everything came that had left for a contact by a moment, where the provider names no message."""

    state: Literal["delivered", "read"]
    address: Address
    until: datetime


@dataclass(frozen=True, slots=True)
class Moved:
    """A contact is reached elsewhere from now on: another phone, another id. `before` is no longer theirs."""

    before: Address
    after: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Qr:
    """A code to scan: a PNG as data URL, and its text where known."""

    image: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Connection:
    """How a channel stands with its provider. `config` holds values the channel wants kept (an instance's name, a
    token)."""

    state: ConnectionState
    detail: Label | None = None
    qr: Qr | None = None
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fetch:
    """An event that only tells where to look: the worker asks `channel_fetch` what it says."""

    resource: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """An authentic event that needs nothing done; the reason is kept beside the raw body."""

    reason: str


ChannelEvent: TypeAlias = Incoming | Echo | Edited | Deleted | Status | Watermark | Moved | Connection | Fetch | Ignored
