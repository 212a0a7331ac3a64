"""Customers, and the providers that deliver their words: signed, in batches, some twice, some out of order, each again
and again until it is taken with a 200."""

import asyncio
import json
import random
import time
from dataclasses import dataclass, field

from ..payload import raw_request
from .history import History, Said
from .plugins import SIGNATURE, sign
from .profiles import Profile
from .site import Door

IN_FLIGHT = 16
ANSWER_SECONDS = 10.0
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 2.0
REFUSED = (OSError, asyncio.IncompleteReadError, TimeoutError)


@dataclass
class Driver:
    """Writes into so many chats, `rate` messages a second in all."""

    history: History
    profile: Profile
    doors: list[Door]
    ports: list[int]
    dice: random.Random
    counts: dict[int, int] = field(default_factory=dict)
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(IN_FLIGHT))
    posting: set[asyncio.Task[None]] = field(default_factory=set)
    turn: int = 0

    def door_of(self, chat: int) -> Door:
        return self.doors[chat % len(self.doors)]

    async def run(self, seconds: float) -> None:
        """Write for so long, and go on delivering until all is taken."""
        began, written = time.monotonic(), 0.0
        while (passed := time.monotonic() - began) < seconds:
            while written < passed * self.profile.rate:
                written += self.write_some()
            await asyncio.sleep(0.05)
        while self.posting:
            await asyncio.wait(list(self.posting))

    def write_some(self) -> int:
        """A batch for one channel: some customers of it write a burst each."""
        door_number = self.dice.randrange(len(self.doors))
        batch: list[Said] = []
        size = self.dice.choice((1, 1, 1, 2, 3, 5))
        while len(batch) < size:
            chats = range(door_number, self.profile.chats, len(self.doors))
            chat = self.dice.choice(chats)
            batch += [self.new_message(chat) for _ in range(min(self.dice.choice((1, 1, 2, 3)), size - len(batch)))]
        kept = [said for said in batch if self.dice.random() >= self.profile.shuffled]
        late = [said for said in batch if said not in kept]
        for some, wait in ((kept, 0.0), (late, self.dice.uniform(0.5, 3.0))):
            if some:
                self.post_later(self.doors[door_number], some, wait)
        if kept and self.dice.random() < self.profile.duplicates:
            self.post_later(self.doors[door_number], kept, self.dice.choice((0.0, 0.0, 0.5, 2.0)))
        return len(batch)

    def new_message(self, chat: int) -> Said:
        number = self.counts[chat] = self.counts.get(chat, 0) + 1
        said = Said(chat, number, f"c{chat}-m{number}", 0.0)
        self.history.said.append(said)
        return said

    def post_later(self, door: Door, batch: list[Said], wait: float) -> None:
        """Deliver after a while; half of what comes twice comes in another body."""
        task = asyncio.create_task(self.deliver(door, batch, wait, self.dice.random() < 0.5))
        self.posting.add(task)
        task.add_done_callback(self.posting.discard)

    async def deliver(self, door: Door, batch: list[Said], wait: float, fresh: bool) -> None:
        await asyncio.sleep(wait)
        body = webhook_body(batch, self.dice.randrange(10**9) if fresh else 0)
        pause = FIRST_PAUSE
        async with self.slots:
            for said in batch:
                said.posted = said.posted or time.time()
            while not await self.post(door, body):
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
        for said in batch:
            said.acked = said.acked or time.time()

    async def post(self, door: Door, body: bytes) -> bool:
        """One try; whether it was taken. A server that is not there is passed over, as a balancer does."""
        request = raw_request("POST", door.path, {SIGNATURE: sign(door.secret, body), "connection": "close"}, body)
        for _ in self.ports:
            self.turn += 1
            port = self.ports[self.turn % len(self.ports)]
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue
            return await self.exchange(reader, writer, request)
        self.history.refused.append("nobody listens")
        return False

    async def exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bool:
        try:
            writer.write(request)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n"), ANSWER_SECONDS)
        except REFUSED as error:
            self.history.refused.append(type(error).__name__)
            return False
        finally:
            writer.close()
        status = head.split(b" ")[1].decode()
        if status != "200":
            self.history.refused.append(status)
        return status == "200"


def webhook_body(batch: list[Said], nonce: int) -> bytes:
    events = [{"type": "message", "id": said.id, "from": f"c{said.chat}", "text": said.text} for said in batch]
    return json.dumps({"events": events} | ({"nonce": nonce} if nonce else {})).encode()
