"""For channels whose visitors talk to us directly, through routes of the plugin's own: receive, read, watch.

Everything here works inside the web application or a worker's job. Addresses are given as `Address(kind, value)`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .channels.load import load_channel
from .context import current, in_application, once_a_process
from .conversation.addresses import address_key
from .conversation.context import agent_of
from .conversation.history import read_messages
from .conversation.media import keep_data, media_url
from .conversation.receive import receive_events
from .db import run
from .doorbell import CHATS, signal_chat, watch_topic
from .errors import NotFound
from .models import new_id
from .security import read_token, sign_token
from .settings import Settings
from .types import Address, Agent, Channel, Incoming, Media

SHOWN = frozenset(("received", "sending", "sent", "delivered", "read", "unconfirmed"))
Watcher = Callable[[str, str, dict[str, Any]], None]

CHAT = """
select c.id, c.owner, c.status from chat c join contact_address a on a.channel_id = c.channel_id and a.contact_id =
c.contact_id
where a.channel_id = %s and a.key = %s
"""
AGENT = """
select g.id as agent_id, g.workspace_id, g.name as agent_name, g.type, g.communication_style, g.job_name, g.job_site,
    g.job_description, g.behavior, g.status as agent_status, to_jsonb(s) - 'agent_id' - 'workspace_id' as settings
from agent g join agent_settings s on s.agent_id = g.id where g.id = %s
"""


def settings() -> Settings:
    """The settings of this installation."""
    return current().settings


def channel(channel_id: str, kind: str) -> Channel:
    """A channel of this kind. Raises NotFound, also for one of another kind."""
    found = load_channel(settings(), channel_id)
    if found.kind != kind:
        raise NotFound()
    return found


def agent(of: Channel) -> Agent:
    """The assistant that answers on a channel."""
    return agent_of(run(AGENT, (of.agent_id,))[0])


def receive(of: Channel, incoming: Incoming) -> dict[str, Any]:
    """Keep a visitor's message and have it answered; the message as the API tells it. The same `id` again changes
    nothing."""
    receive_events(current(), of, [incoming])
    chat = find_chat(of, incoming.addresses[0])
    rows = run("select seq from message where channel_id = %s and provider_message_id = %s", (of.id, incoming.id))
    if chat is None or not rows:
        raise NotFound()
    return read_messages(settings(), chat.id, after=str(rows[0].seq - 1), limit=1)[0]


def find_chat(of: Channel, address: Address) -> Any:
    """The chat of an address: a row with `id`, `owner` and `status`; None before the first message."""
    rows = run(CHAT, (of.id, address_key(address)))
    return rows[0] if rows else None


def messages(
    of: Channel,
    address: Address,
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
    drafts: bool = False,
) -> list[dict[str, Any]]:
    """What was said with an address, oldest first; `after` and `before` are ids or places. Messages that were not
    (yet) sent
    are left out, or with `drafts` given too, in their status, so that a reader's place does not pass what may still
    appear."""
    chat = find_chat(of, address)
    if chat is None:
        return []
    return [m for m in read_messages(settings(), chat.id, before, after, limit) if drafts or m["status"] in SHOWN]


def signal(of: Channel, address: Address, event: Mapping[str, Any]) -> None:
    """Tell every web process something passing about a chat, such as `{"event": "typing"}`. May be lost."""
    signal_chat(settings(), of.id, address_key(address), event)


def sign(audience: str, claims: Mapping[str, Any], seconds: float) -> str:
    """A signed token for one audience, e.g. a visitor's."""
    return sign_token(settings(), audience, claims, seconds)


def read(audience: str, token: str) -> dict[str, Any]:
    """The claims of a token signed here for this audience. Raises Unauthorized."""
    return read_token(settings(), audience, token)


def upload(of: Channel, data: bytes, mimetype: str, filename: str) -> Media:
    """Keep a visitor's file; the media to put into an Incoming."""
    media = Media(id=new_id(), mimetype=mimetype, filename=filename, size=len(data), data=data)
    return keep_data(settings(), of.workspace_id, media)


def file_url(media_id: str) -> str:
    """An address that shows a file to whoever has it."""
    return media_url(settings(), media_id)


def watch(callback: Watcher) -> None:
    """Call back `(channel_id, address value, event)` for every chat's news, in a thread of its own, as long as the
    application lives.

    With Redis away, `("", "", {"event": "poll"})` comes every two seconds: then the database must be asked."""

    def tell(news: Any) -> None:
        callback(news["channel"], news["address"].partition(":")[2], news["event"])

    watch_topic(settings(), CHATS, tell, lambda: callback("", "", {"event": "poll"}), current().ended)


__all__: Sequence[str] = (
    "agent", "channel", "file_url", "find_chat", "in_application", "messages", "once_a_process", "read",
    "receive", "settings", "sign", "signal", "upload", "watch",
)  # fmt: skip
