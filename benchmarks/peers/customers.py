"""Customers who write to a bot, wait for its answer, and write again."""

import asyncio
import time
from dataclasses import dataclass, field

from ..figures import percentile
from .telegram import Bot, BotApi

QUESTION = "Oi! Vocês ainda têm o tênis azul no tamanho 40? Chega até sexta?"


@dataclass
class Heard:
    """What came of it. `added` are seconds from a message to its answer, less the model's; `rate` counts the answers of
    the time in which all chats were at it; `doubled` are answers nobody asked for."""

    asked: int = 0
    added: list[float] = field(default_factory=list)
    arrived: list[float] = field(default_factory=list)
    lost: int = 0
    doubled: int = 0
    begin: float = 0.0
    end: float = 0.0

    @property
    def rate(self) -> float:
        return sum(self.begin <= at < self.end for at in self.arrived) / (self.end - self.begin)

    def added_ms(self, share: float = 0.5) -> float:
        return 1000 * percentile(self.added, share) if self.added else float("nan")


class Customers:
    """So many chats, spread over the bots."""

    def __init__(self, api: BotApi, bots: list[Bot], chats: int, first: int, latency: float) -> None:
        self.api, self.bots, self.latency = api, bots, latency
        self.chats = range(first, first + chats)
        self.awaited: dict[int, asyncio.Future[float]] = {}
        self.heard = Heard()
        api.on_sent = self.hear

    def hear(self, chat: int, at: float) -> None:
        awaited = self.awaited.pop(chat, None)
        if awaited is not None and not awaited.done():
            awaited.set_result(at)
        elif awaited is None and chat in self.chats:
            self.heard.doubled += 1

    async def talk_for(self, seconds: float, patience: float) -> Heard:
        """All of them, beginning one after another, for so many seconds and until the last is answered."""
        ramp = max(self.latency, 0.5)
        started = time.perf_counter()
        self.heard.begin = started + ramp * 1.5
        self.heard.end = self.heard.begin + seconds
        async with asyncio.TaskGroup() as tasks:
            for number, chat in enumerate(self.chats):
                tasks.create_task(self.talk(chat, ramp * number / len(self.chats), patience))
        return self.heard

    async def talk(self, chat: int, wait: float, patience: float) -> None:
        await asyncio.sleep(wait)
        while time.perf_counter() < self.heard.end and await self.ask(chat, patience):
            continue

    async def ask(self, chat: int, patience: float) -> bool:
        """One question; whether it was answered in time."""
        answer = self.awaited[chat] = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        self.heard.asked += 1
        self.api.say(self.bots[chat % len(self.bots)], chat, QUESTION)
        try:
            at = await asyncio.wait_for(answer, patience)
        except TimeoutError:
            self.heard.lost += 1
            return False
        self.heard.arrived.append(at)
        self.heard.added.append(at - began - self.latency)
        return True

    async def ask_once(self, patience: float) -> Heard:
        """One question of each, all at once."""
        async with asyncio.TaskGroup() as tasks:
            for chat in self.chats:
                tasks.create_task(self.ask(chat, patience))
        return self.heard
