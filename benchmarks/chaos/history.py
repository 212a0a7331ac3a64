"""What was seen from outside while the product ran: by customers, providers, the model and people. Nothing of it comes
from the product's own tables; times are seconds of this machine's clock."""

from dataclasses import dataclass, field


@dataclass
class Said:
    """A customer's message: the provider's id, when it was first posted, when a 200 came for it (0.0: never)."""

    chat: int
    number: int
    id: str
    posted: float
    acked: float = 0.0

    @property
    def text(self) -> str:
        return f"c{self.chat} m{self.number}"


@dataclass
class Request:
    """A message that the product asked a provider to send. `fault` is what we did to it; only what was `accepted`
    reached the customer. `reply`, `part` and `parts` stand in an answer's text; a person's words have none."""

    chat: int
    kind: str
    client_id: str
    start: float
    text: str = ""
    reply: str = ""
    part: int = 0
    parts: int = 0
    accepted: bool = False
    fault: str = ""
    end: float = 0.0


@dataclass
class Thought:
    """One call of the model: which messages it was asked to answer, and how it ended (answered, error, hang, gone: the
    asker went away, open)."""

    chat: int
    numbers: list[int]
    start: float
    reply: str = ""
    end: float = 0.0
    outcome: str = "open"


@dataclass
class Handover:
    """A change of hands through the API: takeover, handback or a person's message; `acked` is 0.0 when no 200 came."""

    chat: int
    what: str
    asked: float
    acked: float = 0.0
    in_flight: int = 0


@dataclass
class Blow:
    """What the nemesis did, to whom, and for how long it lasted."""

    what: str
    at: float
    target: str = ""
    seconds: float = 0.0


@dataclass
class History:
    """All of it."""

    said: list[Said] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    thoughts: list[Thought] = field(default_factory=list)
    handovers: list[Handover] = field(default_factory=list)
    blows: list[Blow] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def about(self, chat: int) -> list[str]:
        """Everything that happened in one chat, in order, as lines."""
        rows: list[tuple[float, str]] = []
        for said in self.said:
            if said.chat == chat:
                rows.append((said.posted, f"customer posts message {said.number} ({said.id})"))
                rows += [(said.acked, f"message {said.number} is acknowledged")] * bool(said.acked)
        for each in self.requests:
            if each.chat == chat:
                got = "taken" if each.accepted else "not taken"
                rows.append((each.start, f"send {each.client_id} {each.text[:24]!r}: {got} {each.fault}".rstrip()))
        for thought in self.thoughts:
            if thought.chat == chat:
                rows.append((thought.start, f"model is asked to answer {thought.numbers}"))
                rows += [(thought.end, f"model: {thought.outcome} {thought.reply}")] * bool(thought.end)
        for hand in self.handovers:
            if hand.chat == chat:
                rows.append((hand.asked, f"{hand.what} is asked for"))
                rows += [(hand.acked, f"{hand.what} is done, in flight: {hand.in_flight}")] * bool(hand.acked)
        times = [at for at, _ in rows]
        if times:
            rows += [(b.at, f"*** {b.what} {b.target}") for b in self.blows if min(times) <= b.at <= max(times) + 5]
        return [f"{at:.3f} {text}" for at, text in sorted(rows)]
