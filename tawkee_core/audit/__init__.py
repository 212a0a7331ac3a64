"""Who changed what: settings, members, channels, keys, money. Entries are only ever added."""

from .record import Actor, acting, changes, current_actor, note_account, note_change

__all__ = ["Actor", "acting", "changes", "current_actor", "note_account", "note_change"]
