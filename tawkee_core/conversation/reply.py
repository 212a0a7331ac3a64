"""One turn, from its claim to its reply on the way: read, look up, ask, commit, send."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import structlog

from .. import metrics
from ..context import Tawkee
from ..db import LOST, persist
from ..errors import TawkeeError
from ..knowledge.search import find_passages
from ..types import ChannelInfo, Completion, Message, ModelMessage, Passage
from .ask import Budget, Question, ask_models
from .commit import Committed, Reply, commit_reply
from .context import TurnContext, load_context
from .courtesy import offer_courtesies
from .degrade import split_text, tight_room
from .listen import hear_audios
from .prompt import build_prompt
from .send import CHAIN_SECONDS, Parcel, deliver_all
from .tools import agent_tools, transfer_reason
from .turns import ClaimedTurn, fail_turn
from .usage import record_calls

log = structlog.get_logger()
FAREWELL = "Vou chamar uma pessoa da equipe para continuar com você. / I am calling a person of our team."


def run_turn(tawkee: Tawkee, turn: ClaimedTurn) -> str:
    """Work on a claimed turn; what became of it: committed, superseded, cancelled, fenced, collecting (again later) or
    dead."""
    structlog.contextvars.bind_contextvars(
        turn_id=turn.id, chat_id=turn.chat_id, inbound_event_id=turn.inbound_event_id
    )
    observe_waits(turn)
    budget = Budget(tawkee.settings.turn_seconds)
    try:
        return answer_turn(tawkee, turn, budget)
    except TawkeeError as error:
        return fail_answer(tawkee, turn, budget, f"{error.slug}: {error}")
    except LOST:
        raise
    except (
        Exception
    ) as error:  # a plugin's fault or ours: as a failed model, it is tried again and then a person is asked
        log.exception("turn_crashed")
        return fail_answer(tawkee, turn, budget, f"{type(error).__name__}: {error}")
    finally:
        structlog.contextvars.clear_contextvars()


def observe_waits(turn: ClaimedTurn) -> None:
    """How long more messages were awaited, told once a turn, and then a worker."""
    if turn.attempts == 1 and not turn.recoveries:
        metrics.TURN_STAGE.labels("debounce").observe(max(0.0, (turn.due_at - turn.created_at).total_seconds()))
    metrics.TURN_STAGE.labels("queue").observe(max(0.0, (datetime.now(UTC) - turn.due_at).total_seconds()))


def fail_answer(tawkee: Tawkee, turn: ClaimedTurn, budget: Budget, reason: str) -> str:
    state = persist(lambda: fail_turn(tawkee.settings, turn, reason, tried=not budget.barred))
    record_calls(turn, budget.calls)
    log.warning("turn_failed", state=state, reason=reason[:300])
    metrics.TURNS.labels(state).inc()
    return state


def answer_turn(tawkee: Tawkee, turn: ClaimedTurn, budget: Budget) -> str:
    context = persist(lambda: load_context(tawkee.settings, turn))
    offer_courtesies(tawkee, context)
    started = time.monotonic()
    context = hear_audios(tawkee, context, budget)
    passages = find_passages(tawkee, context.agent, context.question) if context.trained else []
    answer = think(tawkee, context, passages, budget)
    metrics.TURN_STAGE.labels("llm").observe(time.monotonic() - started)
    reply = compose_reply(tawkee, context, answer, budget)
    committed = persist(lambda: commit_reply(tawkee, context, reply))
    metrics.TURNS.labels("replied" if committed.state == "committed" else committed.state).inc()
    log.info(
        "turn_" + committed.state, supersedes=turn.supersedes, fence=turn.fence, models=[c.model for c in budget.calls]
    )
    if committed.state != "committed":
        record_calls(turn, budget.calls)
    send_first(tawkee, context, reply, committed, budget)
    return committed.state


def think(tawkee: Tawkee, context: TurnContext, passages: list[Passage], budget: Budget) -> Completion:
    room = tight_room(info_of(tawkee, context).capabilities, context.contact.address.kind)
    messages: list[ModelMessage] = build_prompt(context, passages, room)
    return ask_models(tawkee, Question(context.agent, messages, passages, agent_tools(context.agent)), budget)


def compose_reply(tawkee: Tawkee, context: TurnContext, answer: Completion, budget: Budget) -> Reply:
    """The answer in parts that fit the channel; a call for a person without words says that much."""
    transfer = transfer_reason(context.agent, answer.calls)
    text = answer.text.strip() or FAREWELL
    if context.agent.settings.get("sign_messages"):
        text = f"**{context.agent.name}**\n{text}"
    balloons = bool(context.agent.settings.get("split_messages"))
    parts = split_text(text, info_of(tawkee, context).capabilities, balloons, context.contact.address.kind)
    return Reply(parts, budget.calls, transfer)


def info_of(tawkee: Tawkee, context: TurnContext) -> ChannelInfo:
    info = tawkee.plugins.channel(context.channel.kind).channel_info()
    assert info is not None, f"{context.channel.kind} says nothing of itself"
    return info


def send_first(tawkee: Tawkee, context: TurnContext, reply: Reply, committed: Committed, budget: Budget) -> None:
    """Send the part whose intent came with the commit, and what follows it in the turn's time."""
    sending, address = committed.sending, committed.address
    if sending is not None and address is not None:
        contact = replace(context.contact, address=address)
        message = Message(sending.message_id, "text", reply.parts[0], author="agent")
        parcel = Parcel(context.channel, contact, message, context.last_in_at)
        deliver_all(tawkee, sending, parcel, min(CHAIN_SECONDS, budget.left))
