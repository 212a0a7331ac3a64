"""The tables, one file a noun."""

from .agent import Agent, AgentSettings, Passage, Training
from .base import Base, Owned, new_id, now
from .channel import Channel, InboundEvent
from .chat import Chat, Handover, Interaction
from .contact import Contact, ContactAddress
from .message import Media, Message, Outbound
from .turn import Heartbeat, Leader, Turn, Usage
from .user import Session, User
from .workspace import Activation, Invitation, Membership, Workspace

__all__ = [
    "Activation", "Agent", "AgentSettings", "Base", "Channel", "Chat", "Contact", "ContactAddress", "Handover",
    "Heartbeat", "InboundEvent", "Interaction", "Invitation", "Leader", "Media", "Membership", "Message", "Outbound",
    "Owned", "Passage", "Session", "Training", "Turn", "Usage", "User", "Workspace", "new_id", "now",
]  # fmt: skip
