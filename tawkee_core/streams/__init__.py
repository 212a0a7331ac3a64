"""Server-sent events by the thousand: an open stream costs a connection and no thread. For the core's own and for
channels whose readers sit in a browser.

`Rooms` reads what a room's watchers are to see, once for all of them; `answer_stream` turns a request into a stream."""

from .answer import answer_stream
from .pump import Stream
from .rooms import Key, Room, Rooms, Send, format_event

__all__ = ["Key", "Room", "Rooms", "Send", "Stream", "answer_stream", "format_event"]
