"""What people are told of their workspace: kept with its cause, shown in their language, pushed to their open pages."""

from .kinds import KINDS, Kind
from .notify import notify_team, resolve_notices

__all__ = ["KINDS", "Kind", "notify_team", "resolve_notices"]
