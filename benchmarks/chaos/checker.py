"""The verdict: pure functions from what was seen outside, and the final database, to violations."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from .final import Final, Row, TurnRow
from .history import Handover, History, Request
from .profiles import Profile

ARRIVED = ("sent", "delivered", "read")
FAULTY = ("lost", "hang", "hang untaken")
SLACK = 3.0


@dataclass(frozen=True)
class Violation:
    """A broken promise, and the chat it was broken in (-1: none)."""

    rule: str
    chat: int
    text: str


@dataclass
class Case:
    """All that a verdict is made from. `lease` is the product's, in seconds."""

    history: History
    final: Final
    profile: Profile
    lease: float

    @cached_property
    def inbound(self) -> dict[str, Row]:
        """The customers' messages as they are stored, by their text, which is like no other's."""
        return {row.text: row for row in self.final.messages if row.direction == "in"}

    @cached_property
    def outbound(self) -> dict[str, Row]:
        return {row.id: row for row in self.final.messages if row.direction == "out"}

    @cached_property
    def arrivals(self) -> dict[int, list[Request]]:
        """What customers received, by chat, in order."""
        found: dict[int, list[Request]] = defaultdict(list)
        for request in sorted(self.history.requests, key=lambda each: each.start):
            if request.accepted:
                found[request.chat].append(request)
        return found

    @cached_property
    def turns(self) -> dict[int, list[TurnRow]]:
        found: dict[int, list[TurnRow]] = defaultdict(list)
        for turn in self.final.turns:
            found[turn.chat].append(turn)
        return found

    @cached_property
    def hands(self) -> dict[int, list[Handover]]:
        found: dict[int, list[Handover]] = defaultdict(list)
        for hand in sorted(self.history.handovers, key=lambda each: each.asked):
            found[hand.chat].append(hand)
        return found

    @cached_property
    def answers(self) -> dict[str, list[int]]:
        """The numbers of the messages that a reply answers."""
        return {thought.reply: thought.numbers for thought in self.history.thoughts if thought.reply}


Rule = Callable[[Case], Iterable[Violation]]


def lost(case: Case) -> Iterable[Violation]:
    """Acknowledged and not stored."""
    for said in case.history.said:
        if said.acked and said.text not in case.inbound:
            yield Violation("lost", said.chat, f"message {said.number} was acknowledged and is not stored")


def stored_twice(case: Case) -> Iterable[Violation]:
    """A message that came twice and was kept twice."""
    for row in case.final.messages:
        if row.direction == "in" and case.inbound[row.text] is not row:
            yield Violation("stored twice", row.chat, f"{row.text!r} is stored at place {row.seq} and again")


def stuck(case: Case) -> Iterable[Violation]:
    for text in case.final.open:
        chat = text.split(" of c")[-1].split(":")[0]
        yield Violation("stuck", int(chat) if chat.isdecimal() else -1, text)


def unended(case: Case) -> Iterable[Violation]:
    """A message that came to no end that the product names."""
    for said in case.history.said:
        row = case.inbound.get(said.text)
        if row is not None and outcome(case, row) == "unended":
            yield Violation("unended", said.chat, f"nobody answers message {said.number}, and nothing says why")


def outcome(case: Case, row: Row) -> str:
    """How a customer's message ended: answered, unconfirmed, failed, person, dead; or unended."""
    turns = [turn for turn in case.turns[row.chat] if turn.first <= row.seq <= turn.last]
    replies = [each for each in case.outbound.values() if each.turn in {turn.id for turn in turns}]
    states = {each.status for each in replies}
    if states & set(ARRIVED):
        return "answered"
    for name in ("unconfirmed", "failed"):
        if name in states:
            return name
    if any(hand.what != "handback" for hand in case.hands[row.chat]):
        if not turns or any(turn.state == "cancelled" for turn in turns):
            return "person"
    return "dead" if any(turn.state == "dead" for turn in turns) else "unended"


def unheard(case: Case) -> Iterable[Violation]:
    """Every chat was handed back at the end: its last words must have been answered then, by whomever."""
    last: dict[int, Row] = {}
    for row in case.final.messages:
        if row.direction == "in" or row.author == "person" or (row.author == "agent" and row.status != "cancelled"):
            last[row.chat] = row
    for chat, row in last.items():
        answered = {case.outbound[each].turn for each in case.outbound if case.outbound[each].status != "cancelled"}
        covered = any(turn.first <= row.seq <= turn.last and turn.id in answered for turn in case.turns[chat])
        if row.direction == "in" and not covered:
            yield Violation("unheard", chat, f"the last message (place {row.seq}) has no answer")


def doubled(case: Case) -> Iterable[Violation]:
    """One client id, or one part of one reply, taken twice."""
    for chat, arrivals in case.arrivals.items():
        seen: set[object] = set()
        for each in arrivals:
            keys = {each.client_id} | ({(each.reply, each.part)} if each.reply else set())
            if keys & seen:
                yield Violation("doubled", chat, f"{each.text[:20]!r} ({each.client_id}) arrived twice")
            seen |= keys


def answered_twice(case: Case) -> Iterable[Violation]:
    """Two replies to one message, unless a person's change of hands, or a reply that may not have arrived, lies
    between."""
    for chat, arrivals in case.arrivals.items():
        first: dict[int, Request] = {}
        for each in (a for a in arrivals if a.part == 1):
            for number in case.answers.get(each.reply, []):
                before = first.setdefault(number, each)
                if before.reply != each.reply and not handed(case, chat, before.start, each.start):
                    yield Violation("answered twice", chat, f"message {number}: {before.reply}, then {each.reply}")


def handed(case: Case, chat: int, since: float, until: float) -> bool:
    return any(hand.asked <= until and (hand.acked or until) >= since for hand in case.hands[chat])


def phantom(case: Case) -> Iterable[Violation]:
    """The product says that a message arrived, and the provider never took it."""
    taken = {each.client_id for arrivals in case.arrivals.values() for each in arrivals}
    for row in case.outbound.values():
        if row.status in ARRIVED and row.id not in taken:
            yield Violation("phantom", row.chat, f"{row.id} is said to be {row.status} and never arrived")


def disordered(case: Case) -> Iterable[Violation]:
    """In a chat, messages arrive in the order of their places, and the parts of a reply in theirs."""
    for chat, arrivals in case.arrivals.items():
        places = [(case.outbound[each.client_id].seq, each) for each in arrivals if each.client_id in case.outbound]
        for (before, _), (after, each) in zip(places, places[1:], strict=False):
            if after < before:
                yield Violation("disordered", chat, f"place {after} ({each.text[:12]!r}) arrived after place {before}")
        parts: dict[str, int] = {}
        for each in (a for a in arrivals if a.reply):
            if each.part <= parts.get(each.reply, 0):
                yield Violation("disordered", chat, f"part {each.part} of {each.reply} after part {parts[each.reply]}")
            parts[each.reply] = each.part


def misplaced(case: Case) -> Iterable[Violation]:
    """A message that was acknowledged before another was posted has the place before it."""
    by_chat: dict[int, list[tuple[float, float, int]]] = defaultdict(list)
    for said in case.history.said:
        row = case.inbound.get(said.text)
        if row is not None and said.acked:
            by_chat[said.chat].append((said.posted, said.acked, row.seq))
    for chat, rows in by_chat.items():
        for _, acked, seq in rows:
            later = [each for posted, _, each in rows if posted > acked and each < seq]
            if later:
                yield Violation("misplaced", chat, f"place {seq} was taken before {later} were posted")


def after_takeover(case: Case) -> Iterable[Violation]:
    """Begun after a takeover was acknowledged and before the next handback was asked for. What the takeover told to be
    on its way may still leave within its lease, but is not begun again."""
    for chat, hands in case.hands.items():
        for number, hand in enumerate(hands):
            if hand.what == "handback" or not hand.acked:
                continue
            ends = [other.asked for other in hands[number + 1 :] if other.what == "handback"]
            until = min(ends, default=float("inf"))
            late = [each for each in case.arrivals[chat] if each.reply and hand.acked < each.start < until]
            excused = [each for each in late if was_leaving(case, each, hand)][: hand.in_flight]
            for each in late:
                if each not in excused:
                    text = f"{each.text[:12]!r} left {each.start - hand.acked:.2f} s after the {hand.what}"
                    yield Violation("after takeover", chat, text)


def was_leaving(case: Case, request: Request, hand: Handover) -> bool:
    """Whether it was begun before the takeover: as its first try, or as one whose intent was written by then. A row
    tells its last intent only."""
    tried = any(each.client_id == request.client_id and each.start < hand.acked for each in case.history.requests)
    row = case.outbound.get(request.client_id)
    begun = row is not None and request.start - case.lease < row.intent_at < hand.acked
    return (begun or not tried) and request.start - hand.acked < case.lease


def unexplained(case: Case) -> Iterable[Violation]:
    """Unconfirmed without an answer lost, a process killed or a wire cut while it was being sent."""
    faulty = {each.client_id for each in case.history.requests if each.fault in FAULTY or not each.end}
    for row in case.outbound.values():
        since = row.written_at if row.recoveries else row.intent_at  # a worker was lost at its last try, or before
        if row.status == "unconfirmed" and row.id not in faulty and not struck(case, since, row.intent_at):
            yield Violation("unexplained", row.chat, f"{row.id} is unconfirmed and nothing happened to it")


def struck(case: Case, since: float, until: float) -> bool:
    """Whether something that loses answers happened around these tries."""
    window = case.lease + SLACK
    return any(
        blow.at - window <= until and since <= blow.at + blow.seconds + SLACK
        for blow in case.history.blows
        if blow.what.split()[0] in ("worker", "leader", "postgres", "reset", "hole")
    )


def untidy(case: Case) -> Iterable[Violation]:
    return [Violation("untidy", -1, text) for text in case.final.untidy]


RULES: tuple[Rule, ...] = (
    lost, stored_twice, stuck, unended, unheard, doubled, answered_twice, phantom, disordered, misplaced,
    after_takeover, unexplained, untidy,
)  # fmt: skip


def check(case: Case) -> list[Violation]:
    """Every rule's violations. Where credits exist, their rules (sums, none negative, none reserved at rest) join
    RULES."""
    from .figures import beyond_bounds

    return [violation for rule in RULES for violation in rule(case)] + beyond_bounds(case)
