"""Customers who write at a constant rate, whoever is answered or not: people known for a while, and new ones."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from ..crowd import REPLY_SECONDS, Door, Poster
from ..figures import check
from ..payload import message_body, new_prefix, phone_of
from ..provider import Provider

KNOWN = 300  # people in conversation at a time: one writes every 15 s at 20 messages a second, ten times in all
NEW_EVERY = 10
CONNECTIONS = 16  # each is used more often than gunicorn closes those that are silent


@dataclass
class Heard:
    """Seconds from the moment a message was due: to its webhook's 200, and to its reply's arrival at the provider."""

    webhooks: list[float] = field(default_factory=list)
    replies: list[float] = field(default_factory=list)


@dataclass
class Traffic:
    """What became of all messages, as the customers see it."""

    asked: int = 0
    answered: int = 0
    lost: int = 0
    doubled: int = 0
    prefix: str = field(default_factory=new_prefix)


class Customers:
    """An open loop: message number n is due at n / `rate` seconds; nobody writes again before their reply."""

    def __init__(
        self, provider: Provider, door: Door, rate: float, first: int, patience: float = REPLY_SECONDS
    ) -> None:
        self.provider, self.rate, self.patience = provider, rate, patience
        self.poster = Poster(door)
        self.traffic = Traffic()
        self.heard = Heard()
        self.phones = map(phone_of, count(first))
        self.known: deque[str] = deque()

    def take_heard(self) -> Heard:
        """What was heard since the last time; from any thread."""
        heard, self.heard = self.heard, Heard()
        return heard

    async def run(self, goes_on: Callable[[], bool]) -> Traffic:
        """Write while it `goes_on`, and wait for the last reply. Raises BenchError when a webhook is refused."""
        unexpected = len(self.provider.unexpected)
        async with self.poster.connected(CONNECTIONS):
            begin = time.perf_counter()
            try:
                async with asyncio.TaskGroup() as tasks:
                    while goes_on():
                        due = begin + self.traffic.asked / self.rate
                        await asyncio.sleep(max(0.0, due - time.perf_counter()))
                        tasks.create_task(self.write(self.next_phone(), self.traffic.asked, due))
                        self.traffic.asked += 1
            except ExceptionGroup as failed:
                raise failed.exceptions[0] from failed
        self.traffic.doubled = len(self.provider.unexpected) - unexpected
        check(self.traffic.asked > 0, "nobody wrote")
        return self.traffic

    def next_phone(self) -> str:
        """Someone who waits for no reply; every tenth is new, and so are all until enough people are known."""
        if self.traffic.asked % NEW_EVERY == 0 or not self.known:
            return next(self.phones)
        return self.known.popleft() if len(self.known) > KNOWN / 2 else next(self.phones)

    async def write(self, phone: str, number: int, due: float) -> None:
        answer = self.provider.expect(phone)
        text = f"Oi! Vocês têm o tênis azul no tamanho {34 + number % 12}? É o pedido {number}, para sexta."
        await self.poster.post(message_body(phone, f"{self.traffic.prefix}{number}", text))
        self.heard.webhooks.append(time.perf_counter() - due)
        try:
            at = await asyncio.wait_for(answer, self.patience)
        except TimeoutError:
            self.traffic.lost += 1
            return
        self.traffic.answered += 1
        self.heard.replies.append(at - due)
        self.known.append(phone)
        if len(self.known) > KNOWN:
            self.known.popleft()  # who was silent for longest has got their shoes
