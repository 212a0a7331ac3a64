"""Tawkee: AI agents that answer a company's customers, and people who can take over at any moment.

The names listed here are all that a plugin may import; what is heavy is loaded when first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .channel_fields import UNOFFICIAL_FIELDS
from .errors import (
    Ambiguous,
    AnswerLost,
    AuthLost,
    BadInput,
    BadPayload,
    Conflict,
    ConnectFailed,
    Forbidden,
    InvalidWebhook,
    ModelBusy,
    ModelDown,
    ModelError,
    ModelNonsense,
    ModelRefused,
    NotFound,
    NotSent,
    PriceMissing,
    RateLimited,
    Refused,
    SendError,
    TawkeeError,
    TooLarge,
    TooMany,
    Unauthorized,
    Unavailable,
    UnsafeUrl,
)
from .hookspecs import hookimpl
from .office_types import Mail, MailEvent
from .types import (
    Address,
    Agent,
    Button,
    Capabilities,
    Channel,
    ChannelEvent,
    ChannelInfo,
    Completion,
    Connection,
    Contact,
    Deleted,
    Echo,
    Edited,
    Embedding,
    Fetch,
    Field,
    Ignored,
    Incoming,
    Label,
    Media,
    MediaRule,
    Message,
    MessageKind,
    Model,
    ModelMessage,
    ModelOptions,
    ModelUsage,
    Moved,
    Pace,
    Passage,
    Qr,
    Status,
    Template,
    TemplateInfo,
    TemplatePart,
    TextLimit,
    TextUnit,
    Tool,
    ToolCall,
    Transcription,
    VectorMatch,
    VectorPoint,
    Watermark,
)

if TYPE_CHECKING:
    from . import inbox as inbox, provider as provider, safe_http as safe_http, streams as streams
    from .api.routes import Blueprint as Blueprint
    from .app import create_app as create_app
    from .settings import Settings as Settings
    from .wire import read_json as read_json

LAZY = {
    "Blueprint": ".api.routes:Blueprint",
    "Settings": ".settings:Settings",
    "create_app": ".app:create_app",
    "inbox": ".inbox",
    "provider": ".provider",
    "read_json": ".wire:read_json",
    "safe_http": ".safe_http",
    "streams": ".streams",
}

__all__ = [
    "Address", "Agent", "Ambiguous", "AnswerLost", "AuthLost", "BadInput", "BadPayload", "Blueprint", "Button",
    "Capabilities", "Channel", "ChannelEvent", "ChannelInfo", "Completion", "Conflict", "ConnectFailed",
    "Connection", "Contact", "Deleted", "Echo", "Edited", "Embedding", "Fetch", "Field", "Forbidden", "Ignored",
    "Incoming", "InvalidWebhook", "Label", "Mail", "MailEvent", "Media", "MediaRule", "Message", "MessageKind", "Model",
    "ModelBusy", "ModelDown", "ModelError", "ModelMessage", "ModelNonsense", "ModelOptions", "ModelRefused",
    "ModelUsage", "Moved", "NotFound", "NotSent", "Pace", "Passage", "PriceMissing", "Qr", "RateLimited", "Refused",
    "SendError", "Settings", "Status", "TawkeeError", "Template", "TemplateInfo", "TemplatePart", "TextLimit",
    "TextUnit", "TooLarge", "TooMany", "Tool", "ToolCall", "Transcription", "Unauthorized", "Unavailable", "UnsafeUrl",
    "UNOFFICIAL_FIELDS", "VectorMatch", "VectorPoint", "Watermark",
    "create_app", "hookimpl", "inbox", "provider", "read_json", "safe_http", "streams",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = LAZY[name].partition(":")
    loaded = import_module(module, __name__)
    return getattr(loaded, attribute) if attribute else loaded
