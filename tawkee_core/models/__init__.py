"""The tables, one file a noun."""

from .agent import Agent, AgentSettings, Passage, Training
from .base import Base, Owned, new_id, now
from .channel import Channel, InboundEvent
from .chat import Chat, Interaction
from .contact import Contact, ContactAddress
from .message import Media, Message, Outbound
from .turn import Heartbeat, Leader, Turn, Usage
from .user import Session, User
from .workspace import Membership, Workspace

__all__ = [
    "Agent", "AgentSettings", "Base", "Channel", "Chat", "Contact", "ContactAddress", "Heartbeat", "InboundEvent",
    "Interaction", "Leader", "Media", "Membership", "Message", "Outbound", "Owned", "Passage", "Session",
    "Training", "Turn", "Usage", "User", "Workspace", "new_id", "now",
]  # fmt: skip
