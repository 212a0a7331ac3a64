"""One channel, two contacts and some workers, driven step by step for the state machine: the real functions on the real
database, whose clock is moved by hand. No threads. `journal` tells what was done and what came of it, and names nothing
that is drawn anew each time; `count` how often."""

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from tawkee_core.conversation import handover
from tawkee_core.conversation.commit import Reply, commit_reply
from tawkee_core.conversation.compose import Draft, resend_message, send_draft
from tawkee_core.conversation.context import TurnContext, load_context
from tawkee_core.conversation.outbound import Sending, claim_lookups, claim_sendings
from tawkee_core.conversation.send import (
    Parcel,
    Verdict,
    ask_provider,
    load_parcel,
    lookup_verdict,
    settle,
    try_send,
)
from tawkee_core.conversation.turns import ClaimedTurn, claim_turns, extend_leases, fail_turn, give_back
from tawkee_core.db import run
from tawkee_core.errors import Ambiguous, ModelDown, NotSent, RateLimited, Refused, SendError
from tawkee_core.models import new_id
from tawkee_core.testing.echo_channel import SECRET_HEADER, EchoChannel, Provider
from tawkee_core.testing.echo_model import EchoModel
from tawkee_core.testing.running import Running
from tawkee_core.types import SendSemantics
from tawkee_core.work.kinds import KINDS
from tawkee_core.work.sweeps import all_sweeps
from tests.conversation.clock import pass_seconds
from tests.lines import close_breakers

FAILURES: dict[str, SendError] = {
    "not_sent": NotSent("no route"),
    "rate_limited": RateLimited("slow down", retry_after=40),
    "refused": Refused("no such number"),
    "vanished": Ambiguous("timed out before it was taken"),
}
PEOPLE = ("ana", "bia")
FREQUENT = 30
UNSURE = """
select o.* from outbound o join chat c on c.id = o.chat_id
where o.workspace_id = %s and o.state in ('dead', 'unconfirmed') order by c.address, o.seq
"""


@dataclass
class Hand:
    """What one worker holds in its memory: a claimed turn, its context, or a message on its way."""

    worker: str
    turn: ClaimedTurn | None = None
    context: TurnContext | None = None
    sending: Sending | None = None
    parcel: Parcel | None = None
    verdict: Verdict | None = None
    looking: bool = False
    expired: bool = False

    @property
    def place(self) -> str:
        """How far it came."""
        if self.sending is None:
            return "thinks" if self.context else "claimed"
        return "told" if self.verdict else "looks up" if self.looking else "sends"


@dataclass
class World:
    """`hands` are the workers' memories, `asked` whose the chat was when a message came, by its provider's id."""

    running: Running
    echo: EchoChannel
    model: EchoModel
    semantics: SendSemantics
    grouping: int
    hands: list[Hand] = field(default_factory=list)
    asked: dict[str, str] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)
    resent: Counter[str] = field(default_factory=Counter)
    journal: list[str] = field(default_factory=list)
    count: Counter[str] = field(default_factory=Counter)
    workers: int = 0

    def __post_init__(self) -> None:
        close_breakers()
        self.model.reset()
        self.provider.reset()
        self.echo.semantics = self.semantics
        self.company = self.running.add_company(message_grouping_time=self.grouping)
        self.workspace_id = self.company.workspace_id
        self.channel = self.running.add_channel(self.company, "echo")
        self.tawkee = self.running.tawkee
        self.settings = self.tawkee.settings

    @property
    def provider(self) -> Provider:
        return self.echo.provider

    def rows(self, table: str) -> list[Any]:
        return run(f"select * from {table} where workspace_id = %s order by id", (self.workspace_id,))

    def chat(self, person: str) -> Any:
        rows = run("select * from chat where channel_id = %s and address = %s", (self.channel.id, person))
        return rows[0] if rows else None

    def chat_of(self, hand: Hand) -> Any:
        """The chat that a worker does something for."""
        held = hand.sending or hand.turn
        assert held is not None
        return run("select * from chat where id = %s", (held.chat_id,))[0]

    def note(self, what: str, *how: object) -> None:
        self.count[what] += 1
        self.journal.append(" ".join(str(each) for each in (what, *how)))

    # the customers

    def say(self, person: str, count: int, turned: bool) -> None:
        """One delivery of so many new messages, newest first when `turned`."""
        owner = getattr(self.chat(person), "owner", "ai")
        self.note("say", person, count, owner)
        said = [{"type": "message", "id": new_id(), "from": person, "text": "oi"} for _ in range(count)]
        for each in said:
            self.asked[each["id"]] = owner
        self.post(said[::-1] if turned else said)

    def post(self, events: list[dict[str, str]]) -> None:
        self.bodies.append(json.dumps({"events": events, "nonce": new_id()}).encode())
        self.deliver_body(self.bodies[-1])

    def deliver_body(self, body: bytes) -> None:
        assert self.running.post(self.channel, body, {SECRET_HEADER: self.channel.webhook_secret}) == 200

    def say_again(self, number: int, same_body: bool) -> None:
        """A delivery that came before, as it was or in another body."""
        body = self.bodies[number % len(self.bodies)]
        self.note("say again", number % len(self.bodies), same_body)
        if same_body:
            self.deliver_body(body)
        else:
            self.post(json.loads(body)["events"])

    # the clock

    def pass_time(self, seconds: float) -> None:
        """Leases last 30 s, and are lost on whoever is not heard of meanwhile."""
        pass_seconds(seconds)
        for hand in self.hands:
            hand.expired = hand.expired or seconds >= self.settings.lease_seconds
            if hand.sending is not None:
                hand.sending = replace(hand.sending, began=hand.sending.began - seconds)
        close_breakers()

    # the workers

    def claim(self, kind: str) -> list[Hand]:
        """A worker takes what is due of a kind, and keeps it in its memory."""
        self.workers += 1
        worker = f"w{self.workers}"
        if kind == "turns":
            taken = [Hand(worker, turn) for turn in claim_turns(self.settings, worker, 2)]
        elif kind == "sends":
            taken = [Hand(worker, sending=each) for each in claim_sendings(self.settings, 2)]
        else:
            taken = [Hand(worker, sending=each, looking=True) for each in claim_lookups(self.settings, 2)]
        self.hands += taken
        for _ in taken:
            self.note("claim", kind)
        return taken

    def step(self, hand: Hand, answer: str, provider: str) -> Hand:
        """Let a worker do the next thing: read the context, end the turn, call the provider, note what it said. What it
        holds then."""
        before = len(self.hands)
        self.note("step", hand.place)
        self.count["step too late"] += hand.expired
        if hand.verdict is not None:
            self.settle(hand)
        elif hand.sending is not None:
            self.call_provider(hand, hand.sending, provider)
        elif hand.context is not None:
            self.end_turn(hand, hand.context, answer)
        else:
            assert hand.turn is not None
            hand.context = load_context(self.settings, hand.turn)
        return self.hands[-1] if hand not in self.hands and len(self.hands) == before else hand

    def end_turn(self, hand: Hand, context: TurnContext, answer: str) -> None:
        self.hands.remove(hand)
        self.note("answer " + answer)
        if answer == "fails":
            fail_turn(self.settings, context.turn, "the model fails")
            return
        if answer == "stops":
            give_back([context.turn])
            return
        reply = Reply(
            [f"part {n}" for n in range(3 if answer == "long" else 1)], [], "asked" if answer == "calls" else None
        )
        committed = commit_reply(self.tawkee, context, reply)
        self.note("reply " + committed.state, bool(committed.sending))
        if committed.sending is not None:
            self.hands.append(Hand(hand.worker, sending=committed.sending))

    def call_provider(self, hand: Hand, sending: Sending, provider: str) -> None:
        parcel = hand.parcel = load_parcel(self.tawkee, sending.message_id)
        if hand.looking:
            hand.verdict = lookup_verdict(sending, ask_provider(self.tawkee, sending, parcel))
            self.note("look-up", hand.verdict.state)
            return
        self.meet(provider)
        hand.verdict = try_send(self.tawkee, sending, parcel)
        self.note("send", provider, sending.attempts, hand.verdict.state)
        self.meet("ok")

    def meet(self, provider: str) -> None:
        """How the provider meets the next call."""
        self.provider.fail_with.clear()
        self.provider.lose_answer = int(provider == "lost")
        if provider in FAILURES:
            self.provider.fail_with.append(FAILURES[provider])

    def settle(self, hand: Hand) -> None:
        self.hands.remove(hand)
        assert hand.sending is not None and hand.parcel is not None and hand.verdict is not None
        if settle(self.tawkee, hand.sending, hand.parcel, hand.verdict):
            more = claim_sendings(self.settings, 1, hand.sending.chat_id)
            self.hands += [Hand(hand.worker, sending=each) for each in more]

    def keep_lease(self, hand: Hand) -> None:
        if hand.turn is not None:
            extend_leases(self.settings, hand.worker, [hand.turn.id])
            hand.expired = False

    def die(self, hand: Hand) -> None:
        self.note("death", hand.place)
        self.hands.remove(hand)

    def do_all(self, kind: str, model_fails: bool = False) -> int:
        """Claim what is due of a kind and do it whole, as a worker's thread would."""
        self.model.script.clear()
        if model_fails:
            self.model.script.extend([ModelDown("no answer")] * 2)
        items = KINDS[kind].claim(self.tawkee, "whole", 5)
        for item in items:
            self.note("whole", kind)
            KINDS[kind].do(self.tawkee, item)
        return len(items)

    def sweep(self) -> None:
        """What the leader does every few seconds."""
        for sweep in all_sweeps():
            if sweep.seconds <= FREQUENT:
                sweep.do()

    # the people

    def take_over(self, chat: Any) -> None:
        self.note("take_over", chat.address, chat.owner)
        handover.take_over(self.tawkee, self.workspace_id, chat.id, self.company.user_id)

    def hand_back(self, chat: Any) -> None:
        self.note("hand_back", chat.address, chat.owner)
        handover.hand_back(self.tawkee, self.workspace_id, chat.id, self.company.user_id)

    def write(self, chat: Any) -> None:
        self.note("write", chat.address, chat.owner)
        send_draft(self.tawkee, self.workspace_id, chat.id, self.company.user_id, Draft("Aqui é a Rita"))

    def type_on_phone(self, chat: Any) -> None:
        self.note("type_on_phone", chat.address, chat.owner)
        self.post([{"type": "echo", "id": new_id(), "to": chat.address, "text": "digitado no telefone"}])

    def resend(self, number: int) -> None:
        """A person sends one again that did not surely arrive."""
        rows = run(UNSURE, (self.workspace_id,))
        if rows:
            row = rows[number % len(rows)]
            self.note("resend", number % len(rows), row.state)
            self.resent[row.message_id] += 1
            resend_message(self.tawkee, self.workspace_id, row.chat_id, row.message_id)

    def tell_status(self, number: int, state: str, by_client_id: bool) -> None:
        """The provider tells how far one of the messages came that it took."""
        sent = self.provider.sent[number % len(self.provider.sent)]
        self.note("status", number % len(self.provider.sent), state, by_client_id)
        name = {"client_id": sent.client_id} if by_client_id else {"id": sent.id}
        self.post([{"type": "status", "state": state, **name}])

    # the end

    def come_to_rest(self) -> None:
        """Forget what workers held, and let all be done, however long it has to wait."""
        self.hands.clear()
        self.meet("ok")
        for _ in range(60):
            self.pass_time(130)
            self.sweep()
            for kind in ("events", "turns", "sends", "lookups"):
                self.do_all(kind)
            if not self.running.busy():
                return
        raise AssertionError(
            f"not at rest: {[(r.state, r.reason) for r in self.rows('turn')]}, {self.rows('outbound')}"
        )
