"""What an answer is made from: the chat's people and settings, the messages, in one query."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..channels.load import open_channel
from ..db import run
from ..settings import Settings
from ..statements import Statement
from ..types import Address, Agent, Channel, Contact
from .turns import ClaimedTurn

HISTORY = 20
# the newest of the chat; a reply to what was before this turn may have been written after it
MESSAGES = """
select m.id, m.seq, m.direction, m.author, m.kind, m.text, m.data, m.sender, m.quoted_id, m.status,
    m.provider_message_id, m.deleted_at,
    d.id as media_id, d.mimetype, d.filename, d.size, d.ref, d.path, d.state as media_state
from message m left join media d on d.message_id = m.id
where m.chat_id = %(chat_id)s and (m.seq <= %(upto)s or m.direction = 'out') and m.status <> 'cancelled'
order by m.seq desc limit %(limit)s
"""
LOAD = Statement(
    f"""
select c.id as chat_id, c.owner, c.epoch, c.address_kind, c.address, c.last_in_at,
    p.id as contact_id, p.name as contact_name, p.phone,
    h.id, h.workspace_id, h.agent_id, h.kind, h.name, h.config, h.sealed, h.webhook_token, h.status,
    g.name as agent_name, g.type, g.communication_style, g.job_name, g.job_site, g.job_description, g.behavior,
    g.status as agent_status, to_jsonb(s) - 'agent_id' - 'workspace_id' as settings,
    exists (select from training t where t.agent_id = g.id and t.status = 'TRAINED'
        and t.deleted_at is null) as trained,
    coalesce((select json_agg(said) from ({MESSAGES}) said), '[]') as messages
from chat c join contact p on p.id = c.contact_id join channel h on h.id = c.channel_id
    join agent g on g.id = h.agent_id join agent_settings s on s.agent_id = g.id
where c.id = %(chat_id)s
"""
)


class Said(NamedTuple):
    """A message of the chat, and its file."""

    id: str
    seq: int
    direction: str
    author: str
    kind: str
    text: str
    data: dict[str, Any]
    sender: str
    quoted_id: str | None
    status: str
    provider_message_id: str | None
    deleted_at: str | None
    media_id: str | None
    mimetype: str | None
    filename: str | None
    size: int | None
    ref: dict[str, Any] | None
    path: str | None
    media_state: str | None


@dataclass(frozen=True)
class TurnContext:
    """Everything a turn needs to know; `messages` are rows, oldest first, the ones to be answered last."""

    turn: ClaimedTurn
    channel: Channel
    agent: Agent
    contact: Contact
    messages: list[Any]
    trained: bool
    last_in_at: Any = None

    @property
    def fresh(self) -> list[Any]:
        """The contact's messages that this turn answers."""
        return [
            m for m in self.messages if m.seq >= self.turn.from_seq and m.direction == "in" and m.deleted_at is None
        ]

    @property
    def question(self) -> str:
        return "\n".join(m.text for m in self.fresh if m.text)


def load_context(settings: Settings, turn: ClaimedTurn) -> TurnContext:
    """Read a turn's context."""
    row = run(LOAD, {"chat_id": turn.chat_id, "upto": turn.upto_seq, "limit": HISTORY})[0]
    return TurnContext(
        turn,
        open_channel(settings, row),
        agent_of(row),
        contact_of(row),
        in_order(turn, [Said(**said) for said in row.messages]),
        row.trained,
        row.last_in_at,
    )


def in_order(turn: ClaimedTurn, messages: Sequence[Any]) -> list[Any]:
    """What this turn answers comes last, also when the reply to what was before it was written later."""
    return sorted(messages, key=lambda m: (m.direction == "in" and m.seq >= turn.from_seq, m.seq))


def agent_of(row: Any) -> Agent:
    names = ("type", "communication_style", "job_name", "job_site", "job_description", "behavior", "settings")
    values = {name: getattr(row, name) for name in names}
    return Agent(id=row.agent_id, workspace_id=row.workspace_id, name=row.agent_name, status=row.agent_status, **values)


def contact_of(row: Any) -> Contact:
    return Contact(row.contact_id, row.contact_name, Address(row.address_kind, row.address), row.phone)
