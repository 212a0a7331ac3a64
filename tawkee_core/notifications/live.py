"""Notifications as they happen, on a person's open pages."""

from dataclasses import dataclass
from typing import Any

from ..context import current, in_application, once_a_process
from ..db import run
from ..doorbell import PEOPLE, watch_topic
from ..errors import NotFound
from ..streams import Key, Room, Rooms, Send, Stream
from .read import count_unread, list_notices

PAGE = 20
MOST_STREAMS = 8
SIGNED_IN = """
select 1 from membership m join workspace w on w.id = m.workspace_id and w.deleted_at is null
    join session s on s.user_id = m.user_id and s.revoked_at is null and s.expires_at > now()
where m.workspace_id = %s and m.user_id = %s and s.id = %s
"""


@dataclass(frozen=True)
class Page:
    """The newest notifications of a person, newest first, and how many of all are unread."""

    notices: list[dict[str, Any]]
    unread: int


def live_rooms() -> Rooms[Page]:
    """The watching people of this process; a room is one sign-in of one person in one workspace."""
    return once_a_process("notifications", open_rooms)


def open_rooms() -> Rooms[Page]:
    rooms = Rooms("notifications", in_application(read_page), show_page, MOST_STREAMS)

    def tell(news: Any) -> None:
        for user_id in news["users"]:
            rooms.refresh_within((news["workspace"], user_id))

    watch_topic(current().settings, PEOPLE, tell, rooms.refresh_all, current().ended)
    return rooms


def read_page(key: Key) -> Page:
    """What a person is shown. Raises NotFound for one who is not of the workspace any more, or has signed out there.

    Counted before it is listed: what comes in between is told first, and counted at its own signal."""
    workspace_id, user_id, _ = key
    if not run(SIGNED_IN, key):
        raise NotFound()
    unread = count_unread(workspace_id, user_id)
    return Page(list_notices(workspace_id, user_id, PAGE), unread)


def show_page(room: Room, page: Page, send: Send) -> None:
    """Tell each stream what is new since its place, what changed, and how many are unread."""
    for stream in list(room.streams):
        for notice in reversed(page.notices):
            if is_news(room, stream, notice):
                send(stream, "notification", as_json(notice), place_of(notice))
        if not stream.joined or room.shown.get("unread") != page.unread:
            send(stream, "unread", {"unread": page.unread})
        stream.joined = True
    room.shown = {notice["id"]: state_of(notice) for notice in page.notices} | {"unread": page.unread}


def is_news(room: Room, stream: Stream, notice: dict[str, Any]) -> bool:
    if not stream.joined:
        return stream.cursor is not None and place_of(notice) > stream.cursor
    return bool(room.shown.get(notice["id"]) != state_of(notice))


def place_of(notice: dict[str, Any]) -> int:
    """Where it stands in time: microseconds since 1970, from which a reader goes on."""
    return int(notice["happened_at"].timestamp() * 1_000_000)


def state_of(notice: dict[str, Any]) -> tuple[Any, ...]:
    return notice["times"], notice["read_at"], notice["resolved_at"]


def as_json(notice: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in notice.items()}
