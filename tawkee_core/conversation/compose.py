"""A person's own words, sent through the channel in the chat's order; and the sending again of what did not arrive."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from psycopg2.extras import Json

from ..context import Tawkee
from ..db import Cursor, run, transaction
from ..doorbell import ring
from ..errors import BadInput, Conflict, NotFound, TooLarge
from ..models import new_id
from ..types import Button, ChannelInfo, Media, Template, TextLimit, TextUnit
from .choices import carries, numbered_text
from .degrade import cut_text, measure, text_limit
from .fit import takes
from .handover import lock_chat, pass_to_person
from .media import add_media, keep_data
from .window import is_open

WRITE = """
with placed as (
    update chat set seq = seq + 1, offer = %(offer)s, last_message_id = %(id)s, last_message_at = now(), unread = 0,
        status = case status when 'resolved' then 'open' else status end where id = %(chat_id)s
    returning id, workspace_id, channel_id, interaction_id, seq
), said as (
    insert into message (id, workspace_id, chat_id, channel_id, interaction_id, user_id, seq, direction, author, kind,
        text, data, status)
    select %(id)s, workspace_id, id, channel_id, interaction_id, %(user_id)s, seq, 'out', 'person', %(kind)s,
        %(text)s, %(data)s, 'queued' from placed
)
insert into outbound (id, workspace_id, chat_id, message_id, seq, semantics, state)
select %(outbound_id)s, workspace_id, id, %(id)s, seq, %(semantics)s, 'pending' from placed
"""
# also what its provider took and told to have failed; the new try gets an id of its own there
AGAIN = """
update outbound o set state = 'pending', doubtful = state = 'unconfirmed', next_at = now(), attempts = 0,
    recoveries = 0, epoch = null, turn_id = null, error = '', settled_at = null,
    steps = add_step(steps, jsonb_build_object('at', clock_timestamp(),
        'did', state || ', and sent again by a person', 'turn_id', turn_id))
where message_id = %s and (state in ('dead', 'unconfirmed', 'cancelled') or state = 'sent' and exists (
    select from message m where m.id = o.message_id and m.status = 'failed')) returning id
"""


@dataclass(frozen=True)
class Draft:
    """What a person wants to send: words, a file, choices, or an approved template. `hidden`: see hidden.py."""

    text: str = ""
    media: Media | None = None
    client_id: str | None = None
    buttons: Sequence[Button] = ()
    template: Template | None = None
    hidden: str = ""

    @property
    def data(self) -> dict[str, Any]:
        """What is kept beside the words."""
        data: dict[str, Any] = {"client_id": self.client_id} if self.client_id else {}
        if self.hidden:
            data["hidden"] = self.hidden
        if self.buttons:
            data["buttons"] = [{"id": button.id, "title": button.title} for button in self.buttons]
        if self.template:
            parts = {"name": self.template.name, "language": self.template.language}
            values = {"parameters": list(self.template.parameters), "names": list(self.template.names)}
            data["template"] = parts | values | {"parts": [asdict(part) for part in self.template.parts]}
        return data


def write_message(
    tawkee: Tawkee, workspace_id: str, chat_id: str, user_id: str | None, text: str = "", **more: Any
) -> str:
    """`send_draft` of these words, and of the other fields of a Draft."""
    return send_draft(tawkee, workspace_id, chat_id, user_id, Draft(text, **more))


def send_draft(tawkee: Tawkee, workspace_id: str, chat_id: str, user_id: str | None, draft: Draft) -> str:
    """Send a person's message; writing is taking over. The same `client_id` again gives the message there is; its id.

    What is too long for one message becomes several; the id is then the first one's.

    Raises NotFound, BadInput (nothing said, or what the channel cannot carry), TooLarge, Conflict outside the reply
    window, where only a template may be sent."""
    if not (draft.text.strip() or draft.media or draft.template):
        raise BadInput("A message needs a text, a file or a template.", slug="empty_message")
    chat = find_channel(tawkee, workspace_id, chat_id)
    check_window(chat, draft)
    parts = split_draft(chat, draft)
    media = keep_data(tawkee.settings, workspace_id, draft.media) if draft.media else None
    with transaction() as cursor:
        locked = lock_chat(cursor, workspace_id, chat_id)
        known = known_message(cursor, chat_id, draft.client_id)
        if known:
            return known
        if locked.owner != "human" or user_id not in (None, locked.owner_id):
            pass_to_person(cursor, chat_id, user_id, "a person wrote")
        ids = [add_message(cursor, chat_id, user_id, part, chat.info.send_semantics) for part in parts]
        if media is not None:
            add_media(cursor, workspace_id, ids[0], media)
    ring(tawkee.settings)
    return ids[0]


class Part(NamedTuple):
    """One message of what a person sends."""

    kind: str
    draft: Draft


def split_draft(chat: "ChatChannel", draft: Draft) -> list[Part]:
    """The messages that a draft makes: a file first, with its words where there is room for them, then the text in
    parts, choices under the last one. Raises BadInput, TooLarge."""
    if draft.template is not None:
        return [Part("text", draft)]
    capabilities = chat.info.capabilities
    limit, unit = text_limit(capabilities, chat.address_kind), capabilities.text_unit
    parts: list[Part] = []
    text = draft.text.strip()
    if draft.media is not None:
        kind = fit_media(chat.info, draft.media)
        room = capabilities.media_out[kind].max_caption
        short = measure(text, unit) <= (limit.max_text if room is None else room)
        caption = text if short and not draft.buttons else ""  # choices stand under words
        parts.append(Part(kind, replace(draft, text=caption, buttons=())))
        text = "" if caption else text
    if draft.buttons and not carries(capabilities, text, draft.buttons):
        parts += say_choices(text, draft.buttons, limit, unit)
    elif text or draft.buttons:
        said = cut_text(text, limit.max_text, unit) or [text]
        parts += [Part("text", Draft(each)) for each in said[:-1]]
        parts.append(Part("text", Draft(said[-1], buttons=draft.buttons)))
    if len(parts) > limit.parts + (draft.media is not None):
        raise TooLarge(
            f"This channel carries at most {limit.parts} messages of {limit.max_text} characters at once.",
            slug="text_too_long",
        )
    return [parts[0]._replace(draft=replace(parts[0].draft, client_id=draft.client_id)), *parts[1:]]


def say_choices(text: str, buttons: Sequence[Button], limit: TextLimit, unit: TextUnit) -> list[Part]:
    """Choices that will be numbered under the text: with the text where both fit into one message, else after it."""
    if measure(numbered_text(text, buttons), unit) <= limit.max_text:
        return [Part("text", Draft(text, buttons=buttons))]
    return [
        *(Part("text", Draft(each)) for each in cut_text(text, limit.max_text, unit)),
        Part("text", Draft("", buttons=buttons)),
    ]


def add_message(cursor: Cursor, chat_id: str, user_id: str | None, part: Part, semantics: str) -> str:
    message_id, draft = new_id(), part.draft
    parameters = {
        "id": message_id,
        "outbound_id": new_id(),
        "chat_id": chat_id,
        "user_id": user_id,
        "kind": part.kind,
        "text": draft.text,
        "data": draft.data,
        "offer": Json(draft.data["buttons"]) if draft.buttons else None,
        "semantics": semantics,
    }
    cursor.execute(WRITE, parameters)
    return message_id


class ChatChannel(NamedTuple):
    """What a chat's channel can carry, and when its contact wrote last."""

    info: ChannelInfo
    last_in_at: datetime | None
    address_kind: str = ""


def find_channel(tawkee: Tawkee, workspace_id: str, chat_id: str) -> ChatChannel:
    """Raises NotFound, and UnknownPlugin when the channel's plugin is not here."""
    rows = run(
        "select h.kind, c.last_in_at, c.address_kind from chat c join channel h on h.id = c.channel_id"
        " where c.workspace_id = %s and c.id = %s",
        (workspace_id, chat_id),
    )
    info = tawkee.plugins.channel(rows[0].kind).channel_info() if rows else None
    if info is None:
        raise NotFound()
    return ChatChannel(info, rows[0].last_in_at, rows[0].address_kind)


def check_window(chat: ChatChannel, draft: Draft) -> None:
    """Raise what is wrong with saying this now: a closed window, or a template where there are none."""
    capabilities = chat.info.capabilities
    if draft.template and not capabilities.templates:
        raise BadInput("This channel has no templates.", slug="unsupported_template")
    if draft.template is None and not is_open(capabilities, "person", chat.last_in_at):
        raise Conflict("The contact wrote too long ago: only an approved template may be sent.", slug="window_closed")


def fit_media(info: Any, media: Media) -> str:
    """The kind a file is sent as: its own, or a document where the channel does not take its format as that.

    Raises BadInput or TooLarge when the channel cannot carry it."""
    own, rules = media.mimetype.partition("/")[0], info.capabilities.media_out
    kinds = [kind for kind in (own, "document") if kind in rules and takes(rules[kind], media.mimetype)]
    if not kinds:
        raise BadInput(f"This channel cannot carry {media.mimetype}.", slug="unsupported_media")
    size = len(media.data or b"")
    fitting = [kind for kind in kinds if size <= rules[kind].max_bytes]
    if not fitting:
        raise TooLarge(f"This channel carries at most {max(rules[kind].max_bytes for kind in kinds)} bytes.")
    return fitting[0]


def known_message(cursor: Cursor, chat_id: str, client_id: str | None) -> str | None:
    if not client_id:
        return None
    cursor.execute(
        "select id from message where chat_id = %s and direction = 'out' and data ->> 'client_id' = %s",
        (chat_id, client_id),
    )
    row: Any = cursor.fetchone()
    return row.id if row else None


def resend_message(tawkee: Tawkee, workspace_id: str, chat_id: str, message_id: str) -> None:
    """Send again what failed or was never confirmed; a person decides this. Raises NotFound or Conflict."""
    with transaction() as cursor:
        lock_chat(cursor, workspace_id, chat_id)
        cursor.execute("select status from message where chat_id = %s and id = %s", (chat_id, message_id))
        row: Any = cursor.fetchone()
        if row is None:
            raise NotFound()
        cursor.execute(
            AGAIN,
            (message_id,),
        )
        if cursor.fetchone() is None:
            raise Conflict(f"A message that is {row.status} is not sent again.", slug="not_resendable")
        cursor.execute(
            "update message set status = 'queued', error = '', provider_message_id = null where id = %s", (message_id,)
        )
        cursor.execute("update chat set attention = '' where id = %s and attention like 'a message%%'", (chat_id,))
    ring(tawkee.settings)
