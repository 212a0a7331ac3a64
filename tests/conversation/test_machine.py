"""Chat, turn and sending as one state machine: whatever customers, workers, providers and people do, in whatever order,
and however much time passes between, what Tawkee promises holds after each step.

HYPOTHESIS_PROFILE=long looks at many more lives, each of them longer, and shortens what fails; `hunt` stops at it."""

import os
from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, seed, settings, strategies as st, target
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tawkee_core.db import open_database, run
from tawkee_core.testing.echo_channel import EchoChannel
from tawkee_core.testing.echo_model import EchoModel
from tawkee_core.testing.running import Running, make_running
from tests.conftest import make_database
from tests.conversation.clock import stop_clock
from tests.conversation.world import FAILURES, PEOPLE, Hand, World

CHOSEN = os.environ.get("HYPOTHESIS_PROFILE")
LONG, HUNT = CHOSEN == "long", CHOSEN == "hunt"
LIVES, STEPS = (1000, 80) if LONG else (400, 80) if HUNT else (30, 60)
PROFILE = settings(
    max_examples=LIVES,
    stateful_step_count=STEPS,
    deadline=None,
    phases=(Phase.generate, *(Phase.target, Phase.shrink) * LONG),  # to make a life short takes minutes
    suppress_health_check=list(HealthCheck),
)
# a customer's messages, each with the turns that cover it and those of them that answer it or will
COVERED = """
select m.id, m.seq, m.provider_message_id, c.owner,
    (select count(*) from turn t where t.chat_id = m.chat_id and m.seq between t.from_seq and t.upto_seq) as turns,
    (select count(*) from turn t where t.chat_id = m.chat_id and m.seq between t.from_seq and t.upto_seq and (
        t.state in ('collecting', 'running', 'replying') or exists (
            select from message a where a.turn_id = t.id and a.status <> 'cancelled'))) as answers,
    exists (select from message p where p.chat_id = m.chat_id and p.seq > m.seq and p.author = 'person'
        and p.status <> 'cancelled') as by_person
from message m join chat c on c.id = m.chat_id where m.workspace_id = %(id)s and m.direction = 'in'
"""
ACTIVE = """
select chat_id, count(*) filter (where state = 'collecting') as open,
    count(*) filter (where state in ('running', 'replying')) as active,
    max((select count(distinct o.created_at) from outbound o where o.turn_id = t.id)) as replies
from turn t where workspace_id = %(id)s group by chat_id
"""
ON_THE_WAY = """
select o.id, o.chat_id, o.fence, o.state, o.turn_id, o.epoch, c.epoch as now from outbound o
join chat c on c.id = o.chat_id where o.workspace_id = %(id)s and o.state in ('sending', 'reconciling')
"""
ENDED = """
select m.id, m.seq, m.status, m.author, c.id as chat_id, o.id as outbound_id, o.fence, o.state,
    o.epoch is null or o.epoch = c.epoch as timely from message m
join chat c on c.id = m.chat_id join outbound o on o.message_id = m.id where m.workspace_id = %(id)s
"""
CHATS = "select id, owner from chat where workspace_id = %(id)s"
WEBHOOKS = "select id from inbound_event where workspace_id = %(id)s"
LOOK = {
    "said": COVERED,
    "turns": ACTIVE,
    "on_the_way": ON_THE_WAY,
    "ended": ENDED,
    "chats": CHATS,
    "webhooks": WEBHOOKS,
}
# one statement for all, since there are many steps; each look takes a moment
SEE = "with ticked as (update clock set at = at + interval '10 ms') select " + ", ".join(
    f"(select coalesce(json_agg(row_to_json(x)), '[]') from ({sql}) x) as {name}" for name, sql in LOOK.items()
)
RANK = {"queued": 0, "sending": 0, "unconfirmed": 1, "cancelled": 1, "sent": 2, "failed": 3, "delivered": 4, "read": 5}
ANSWERS = st.sampled_from((*("long",) * 5, *("short",) * 3, "calls", "fails", "stops"))
PROVIDERS = st.sampled_from((*("ok",) * 5, *("lost",) * 3, "not_sent", *FAILURES))
#: what kind of trouble a life sees most: how often each thing happens
WEATHERS = {
    "calm": {"go_on": 10, "say": 2, "say_again": 1, "wait": 1, "follow": 2, "work_whole": 2, "change_hands": 1},
    "frozen": {"go_on": 10, "go_on_late": 5, "expire": 4, "say": 2, "change_hands": 1, "keep_lease": 1},
    "deaths": {"go_on": 12, "die": 5, "expire": 1, "say": 2, "go_on_late": 1, "work_whole": 1},
    "people": {"go_on": 10, "change_hands": 4, "overtake": 2, "go_on_late": 2, "say": 2, "die": 1, "expire": 1},
    "all": {
        "go_on": 12, "go_on_late": 3, "expire": 2, "die": 2, "change_hands": 3, "overtake": 1, "say": 3, "say_again": 1,
        "follow": 1, "work_whole": 1, "wait": 1, "keep_lease": 1, "resend": 1,
    },
}  # fmt: skip
ACTIONS = {
    weather: st.sampled_from([action for action, times in often.items() for _ in range(times)])
    for weather, often in WEATHERS.items()
}
#: on the average of the everyday lives at least so much happens: what finds nothing may have tried nothing
LEAST = {
    "send": 5,
    "say": 4,
    "claim": 5,
    "reply committed": 2,
    "hand_back": 1,
    "step too late": 0.8,
    "take_over": 0.7,
} | {
    "death": 0.2,
    "reply fenced": 0.1,
}


class Life(RuleBasedStateMachine):
    """What may happen, and what must hold."""

    running: Running
    echo: EchoChannel
    model: EchoModel
    lives: list[World]

    def __init__(self) -> None:
        super().__init__()
        self.world: World | None = None
        self.begun: set[tuple[str, int]] = set()
        self.ranks: dict[str, int] = {}
        self.owners: dict[str, str] = {}
        self.seen = 0

    @initialize(
        semantics=st.sampled_from(("idempotent", "reconcilable", "opaque")),
        grouping=st.sampled_from((0, 0, 5)),
        people_leave=st.sampled_from((True, True, False)),
        weather=st.sampled_from(list(WEATHERS)),
    )
    def begin(self, semantics: Any, grouping: int, people_leave: bool, weather: str) -> None:
        self.world = World(self.running, self.echo, self.model, semantics, grouping)
        self.lives.append(self.world)
        self.world.note("begin", semantics, grouping, weather)
        self.world.say("ana", 1, False)
        self.people_leave, self.weather = people_leave, weather

    @property
    def w(self) -> World:
        assert self.world is not None
        return self.world

    @rule(data=st.data())
    def happen(self, data: st.DataObject) -> None:
        """One rule for all that may happen: Hypothesis leaves some rules out of each life, and then little happens."""
        getattr(self, data.draw(ACTIONS[self.weather]))(data)

    def go_on(self, data: st.DataObject) -> None:
        """Whatever comes next: the worker that took something last, and still may, goes on with it, or one takes what
        is due, or time passes until something is, or a customer writes."""
        awake = [hand for hand in self.w.hands if not hand.expired]
        if awake:
            self.step(awake[-1], data)
        elif not any(self.w.claim(kind) for kind in ("sends", "lookups", "turns")) and not self.w.do_all("events"):
            if self.running.busy():
                self.end_leases()
            else:
                self.begin_anew(data)

    def begin_anew(self, data: st.DataObject) -> None:
        """A customer writes to the AI; where people have all chats, one is handed back."""
        chats = [chat for person in PEOPLE if (chat := self.w.chat(person)) is not None]
        free = [chat.address for chat in chats if chat.owner == "ai"]
        if free:
            self.w.say(data.draw(st.sampled_from(free)), 1, False)
        else:
            self.w.hand_back(data.draw(st.sampled_from(chats)))

    def go_on_late(self, data: st.DataObject) -> None:
        """The one that holds something longest goes on, mostly too late, or another takes what is due beside it."""
        if self.w.hands and (self.w.hands[0].expired or data.draw(st.booleans())):
            self.step(self.w.hands[0], data)
        else:
            self.w.claim(data.draw(st.sampled_from(("turns", "sends", "lookups"))))

    def step(self, hand: Hand, data: st.DataObject) -> None:
        if hand.place == "claimed":
            self.w.step(hand, "", "")
            if data.draw(st.booleans()):
                return
        place = hand.place
        answer = data.draw(ANSWERS) if place == "thinks" else ""
        self.w.step(hand, answer, data.draw(PROVIDERS) if place == "sends" else "ok")
        if place in ("sends", "looks up") and data.draw(st.booleans()):
            self.w.step(hand, "", "")

    def say(self, data: st.DataObject) -> None:
        self.w.say(
            data.draw(st.sampled_from(("ana", "ana", "bia"))), data.draw(st.integers(1, 3)), data.draw(st.booleans())
        )

    def say_again(self, data: st.DataObject) -> None:
        self.w.say_again(data.draw(st.integers(0, 7)), same_body=data.draw(st.booleans()))

    def wait(self, data: st.DataObject) -> None:
        self.w.pass_time(data.draw(st.sampled_from((1, 6, 16, 130))))
        if data.draw(st.booleans()):
            self.w.sweep()

    def expire(self, data: st.DataObject) -> None:
        """Every lease ends, and who had one does not know it."""
        if self.w.hands:
            self.end_leases()
        else:
            self.go_on(data)

    def end_leases(self) -> None:
        self.w.pass_time(31)
        self.w.sweep()

    def keep_lease(self, data: st.DataObject) -> None:
        if self.w.hands:
            self.w.keep_lease(self.w.hands[-1])

    def die(self, data: st.DataObject) -> None:
        """A worker is gone with what it held; mostly that is noticed at once."""
        if self.w.hands:
            self.w.die(self.w.hands[-1])
            if data.draw(st.integers(0, 3)):
                self.end_leases()
        else:
            self.go_on(data)

    def work_whole(self, data: st.DataObject) -> None:
        self.w.meet(data.draw(PROVIDERS))
        kind = data.draw(st.sampled_from(("turns", "turns", "sends", "lookups", "events")))
        self.w.do_all(kind, model_fails=data.draw(st.integers(0, 3)) == 3)
        self.w.meet("ok")

    def change_hands(self, data: st.DataObject) -> None:
        """A person takes a chat over, or is done with it."""
        chat = self.some_chat(data)
        ways = (
            ("take_over", "take_over", "write", "type_on_phone")
            if chat.owner == "ai"
            else ("hand_back", "hand_back", "write")
        )
        getattr(self.w, data.draw(st.sampled_from(ways)))(chat)

    def overtake(self, data: st.DataObject) -> None:
        """A person comes and goes between two steps of a worker."""
        chat = self.some_chat(data)
        self.w.take_over(chat)
        if data.draw(st.booleans()):
            self.say(data)
        self.w.hand_back(self.w.chat(chat.address))

    def some_chat(self, data: st.DataObject) -> Any:
        """Mostly the one that something is being done for: there it matters."""
        here = data.draw(st.sampled_from((-1, -1, 0, None)))
        if self.w.hands and here is not None:
            return self.w.chat_of(self.w.hands[here])
        return self.w.chat(data.draw(st.sampled_from(("bia", "ana", "ana")))) or self.w.chat("ana")

    def resend(self, data: st.DataObject) -> None:
        """Somebody sends again what may not have arrived."""
        self.w.resend(data.draw(st.integers(0, 7)))

    def follow(self, data: st.DataObject) -> None:
        """The provider tells how far a message came."""
        if self.w.provider.sent:
            state = data.draw(st.sampled_from(("sent", "delivered", "read")))
            self.w.tell_status(data.draw(st.integers(0, 7)), state, by_client_id=data.draw(st.booleans()))

    # what must hold

    @invariant()
    def promises_hold(self) -> None:
        if self.world is None:
            return
        (row,) = run(SEE, {"id": self.w.workspace_id})
        seen = {name: [SimpleNamespace(**each) for each in getattr(row, name)] for name in LOOK}
        for each in seen["turns"]:
            assert each.open <= 1 and each.active <= 1, f"{each.open} open and {each.active} active turns"
            assert each.replies <= 1, f"a turn replied {each.replies} times"
        assert len(seen["webhooks"]) == len(self.w.bodies), "a webhook was lost, or kept twice"
        self.check_coverage(seen["said"])
        self.check_intents(seen["on_the_way"])
        self.check_owners(seen["ended"])
        self.check_deliveries(seen["ended"])
        self.owners = {each.id: each.owner for each in seen["chats"]}

    def check_coverage(self, said: list[Any]) -> None:
        assert sorted(each.provider_message_id for each in said) == sorted(self.w.asked), "lost, or kept twice"
        for each in said:
            assert each.answers <= 1, f"message {each.seq} is answered by {each.answers} turns"
            assert each.turns or self.w.asked[each.provider_message_id] == "human", f"message {each.seq} has no turn"

    def check_intents(self, on_the_way: list[Any]) -> None:
        """Of the AI's nothing is begun after the chat changed hands, and of a chat only one thing is on its way."""
        assert len({each.chat_id for each in on_the_way}) == len(on_the_way), "two messages of a chat are on their way"
        for each in on_the_way:
            if each.turn_id is None or each.epoch == each.now:
                self.begun.add((each.id, each.fence))
            elif each.state == "sending":
                assert (each.id, each.fence) in self.begun, f"begun in epoch {each.now}, meant for {each.epoch}"

    def check_owners(self, ended: list[Any]) -> None:
        for each in ended:
            if each.id not in self.ranks and each.author == "agent":
                assert self.owners.get(each.chat_id, "ai") == "ai", f"message {each.seq} was written in a person's chat"

    def check_deliveries(self, ended: list[Any]) -> None:
        taken = Counter(sent.client_id for sent in self.w.provider.sent)
        assert {name: n for name, n in taken.items() if n > 1 + self.w.resent[name]} == {}, "delivered twice"
        self.check_order({each.id: each.seq for each in ended})
        self.check_timely({each.id: each for each in ended})
        for each in ended:
            if each.state == "sent":
                assert each.id in taken, f"message {each.seq} is called sent and was not"
            if each.state == "cancelled":
                assert each.id not in taken, f"message {each.seq} is called cancelled and was sent"
            rank = RANK[each.status]
            if not self.w.resent[each.id]:
                assert rank >= self.ranks.get(each.id, 0), f"message {each.seq} went back to {each.status}"
            self.ranks[each.id] = rank

    def check_timely(self, ended: dict[str, Any]) -> None:
        """What arrived after the chat changed hands had been begun before."""
        for sent in self.w.provider.sent[self.seen :]:
            row = ended.get(sent.client_id)
            if row is not None and not row.timely:
                assert (row.outbound_id, row.fence) in self.begun, f"message {row.seq} was begun after a takeover"
        self.seen = len(self.w.provider.sent)

    def check_order(self, places: dict[str, int]) -> None:
        """Whatever the product knows nothing of, as a message under another name, was not asked for."""
        assert all(sent.client_id in places for sent in self.w.provider.sent), "delivered under a name of its own"
        for person in PEOPLE:
            ids = [s.client_id for s in self.w.provider.sent if s.to == person and not self.w.resent[s.client_id]]
            assert [places[id] for id in ids] == sorted(places[id] for id in ids), "out of order"

    def teardown(self) -> None:
        if self.world is None:
            return
        try:
            self.end()
        finally:
            run("delete from workspace where id = %s", (self.w.workspace_id,))

    def end(self) -> None:
        for person in PEOPLE * self.people_leave:
            chat = self.w.chat(person)
            if chat is not None:
                self.w.hand_back(chat)
        self.promises_hold()
        self.w.come_to_rest()
        target(float(self.w.count["send"] + self.w.count["step too late"]), label="sends and steps that came too late")
        self.promises_hold()
        for row in run(COVERED, {"id": self.w.workspace_id}):
            assert row.owner == "human" or row.answers or row.by_person, f"message {row.seq} is answered by nobody"


@pytest.fixture(scope="module")
def running(
    tawkee_config: dict[str, Any], app: Flask, echo_channel: EchoChannel, echo_model: EchoModel
) -> Iterator[Running]:
    """A Tawkee with a database of its own: claims take whatever is due, other tests' leftovers too."""
    url = make_database(tawkee_config["database_url"], "tawkee_machine")
    stop_clock(url)
    running = make_running(tawkee_config | {"database_url": url}, [("echo", echo_channel), ("echo_model", echo_model)])
    yield running
    running.close()
    open_database(app.extensions["tawkee"].settings)


def live(
    running: Running, echo: EchoChannel, model: EchoModel, profile: settings, start: int | None = None
) -> list[World]:
    """Live as many lives as the profile says, the same ones for a seed; what became of each."""
    lives: list[World] = []
    machine = type("Life", (Life,), {"running": running, "echo": echo, "model": model, "lives": lives})
    run_state_machine_as_test(machine if start is None else seed(start)(machine), settings=profile)
    return lives


@pytest.mark.timeout(7200 if LONG or HUNT else 400)
def test_promises_hold_whatever_happens(running: Running, echo_channel: EchoChannel, echo_model: EchoModel) -> None:
    lives = live(running, echo_channel, echo_model, PROFILE)
    total = sum((life.count for life in lives), Counter[str]())
    print(
        f"{len(lives)} lives, of each:", ", ".join(f"{what} {n / len(lives):.1f}" for what, n in sorted(total.items()))
    )
    rare = {what: total[what] / len(lives) for what, least in LEAST.items() if total[what] < least * len(lives)}
    assert rare == {}, f"too seldom: {rare}"


def test_seed_says_what_happens(running: Running, echo_channel: EchoChannel, echo_model: EchoModel) -> None:
    short = settings(PROFILE, max_examples=2, stateful_step_count=30, phases=(Phase.generate,), database=None)
    once, again, other = (
        [life.journal for life in live(running, echo_channel, echo_model, short, start)] for start in (7, 7, 8)
    )
    assert once == again
    assert once != other
