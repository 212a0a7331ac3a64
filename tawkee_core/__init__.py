"""Tawkee: AI agents that answer a company's customers, and people who can take over at any moment.

The names listed here are all that a plugin may import; what is heavy is loaded when first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

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
    Pace,
    Passage,
    Qr,
    Status,
    Template,
    TemplateInfo,
    TextLimit,
    Tool,
    ToolCall,
    Transcription,
    VectorMatch,
    VectorPoint,
)

if TYPE_CHECKING:
    from . import inbox as inbox
    from . import safe_http as safe_http
    from .api.routes import Blueprint as Blueprint
    from .app import create_app as create_app
    from .settings import Settings as Settings
    from .wire import read_json as read_json

LAZY = {
    "Blueprint": ".api.routes:Blueprint",
    "Settings": ".settings:Settings",
    "create_app": ".app:create_app",
    "inbox": ".inbox",
    "read_json": ".wire:read_json",
    "safe_http": ".safe_http",
}

__all__ = [
    "Address", "Agent", "Ambiguous", "AnswerLost", "AuthLost", "BadInput", "BadPayload", "Blueprint", "Button",
    "Capabilities", "Channel", "ChannelEvent", "ChannelInfo", "Completion", "Conflict", "ConnectFailed",
    "Connection", "Contact", "Deleted", "Echo", "Edited", "Embedding", "Fetch", "Field", "Forbidden", "Ignored",
    "Incoming", "InvalidWebhook", "Label", "Media", "MediaRule", "Message", "MessageKind", "Model", "ModelBusy",
    "ModelDown", "ModelError", "ModelMessage", "ModelNonsense", "ModelOptions", "ModelRefused", "ModelUsage",
    "NotFound", "NotSent", "Pace", "Passage", "PriceMissing", "Qr", "RateLimited", "Refused", "SendError",
    "Settings", "Status", "TawkeeError", "Template", "TemplateInfo", "TextLimit", "TooLarge", "TooMany", "Tool",
    "ToolCall", "Transcription", "Unauthorized", "Unavailable", "UnsafeUrl", "VectorMatch", "VectorPoint",
    "create_app", "hookimpl", "inbox", "read_json", "safe_http",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = LAZY[name].partition(":")
    loaded = import_module(module, __name__)
    return getattr(loaded, attribute) if attribute else loaded
