"""Every call of a model, written down with what it took: with the reply it made, or alone when no reply came of it."""

from collections.abc import Sequence
from typing import Any

from ..db import persist, run
from .ask import Call
from .turns import ClaimedTurn

ADD_CALLS = """
    insert into usage (id, workspace_id, agent_id, turn_id, kind, model, outcome, tokens_in, tokens_out, cost_usd,
        seconds)
    select u.id, %(workspace_id)s, (select h.agent_id from chat c join channel h on h.id = c.channel_id
        where c.id = %(chat_id)s), %(turn_id)s, u.kind, u.model, u.outcome, u.tokens_in, u.tokens_out, u.cost, u.seconds
    from unnest(%(usage_ids)s::uuid[], %(kinds)s::text[], %(models)s::text[], %(outcomes)s::text[],
        %(tokens_in)s::int[], %(tokens_out)s::int[], %(costs)s::numeric[], %(seconds)s::real[])
        as u(id, kind, model, outcome, tokens_in, tokens_out, cost, seconds)
    on conflict (id) do nothing
"""


def record_calls(turn: ClaimedTurn, calls: Sequence[Call]) -> None:
    """Write down the calls of a turn whose answer is not used."""
    if calls:
        parameters = {"workspace_id": turn.workspace_id, "chat_id": turn.chat_id, "turn_id": turn.id}
        parameters |= call_parameters(calls)
        persist(lambda: run(ADD_CALLS, parameters))


def call_parameters(calls: Sequence[Call]) -> dict[str, Any]:
    """The calls as the arrays that the statement takes."""
    return {
        "usage_ids": [c.id for c in calls],
        "kinds": [c.kind for c in calls],
        "models": [c.model for c in calls],
        "outcomes": [c.outcome for c in calls],
        "tokens_in": [c.usage.tokens_in for c in calls],
        "tokens_out": [c.usage.tokens_out for c in calls],
        "costs": [c.usage.cost_usd for c in calls],
        "seconds": [c.seconds for c in calls],
    }
