"""The company's people, who take chats over, write in them and hand them back, through the REST API."""

import random
import time
from dataclasses import dataclass, field
from typing import Any

import psycopg2

from .history import Handover, History
from .site import Site

HELD_SECONDS = (0.5, 4.0)


@dataclass
class People:
    """`held` are chats with a person, and until when."""

    site: Site
    history: History
    dice: random.Random
    known: dict[int, tuple[int, str]] = field(default_factory=dict)
    held: dict[int, float] = field(default_factory=dict)

    def take_over(self) -> None:
        """Take some chat over, to hand it back a little later."""
        chat = self.choose()
        if chat is not None and self.act(chat, "takeover"):
            self.held[chat] = time.time() + self.dice.uniform(*HELD_SECONDS)

    def write(self) -> None:
        """Write in some chat, which is a takeover too."""
        chat = self.choose()
        if chat is not None:
            words = {"text": f"uma pessoa escreve {time.time():.3f}"}
            self.act(chat, "messages", words)
            self.held[chat] = time.time() + self.dice.uniform(*HELD_SECONDS)

    def hand_back(self, all: bool = False) -> None:
        """Hand back what was held long enough, or every chat there is."""
        due = list(self.find_chats()) if all else [chat for chat, until in self.held.items() if until < time.time()]
        for chat in due:
            if self.act(chat, "handback"):
                self.held.pop(chat, None)

    def hand_all_back(self) -> None:
        """At the end: until each was taken."""
        self.held = dict.fromkeys(self.find_chats(), 0.0)
        while self.held:
            self.hand_back()

    def choose(self) -> int | None:
        chats = self.find_chats()
        return self.dice.choice(sorted(chats)) if chats else None

    def find_chats(self) -> dict[int, tuple[int, str]]:
        """Company and id of each chat that has begun, by its number."""
        try:
            rows = self.site.sql("select id, workspace_id, address from chat")
        except psycopg2.OperationalError:
            return self.known  # PostgreSQL was killed a moment ago
        companies = {company.workspace: number for number, company in enumerate(self.site.companies)}
        self.known = {int(row.address[1:]): (companies[str(row.workspace_id)], str(row.id)) for row in rows}
        return self.known

    def act(self, chat: int, what: str, body: Any = None) -> bool:
        """One request; whether it was done."""
        number, chat_id = self.known[chat]
        company = self.site.companies[number]
        hand = Handover(chat, what, time.time())
        self.history.handovers.append(hand)
        path = f"/api/workspaces/{company.workspace}/chats/{chat_id}/{what}"
        status, answer = self.site.call("POST", path, body, company.token, self.dice.choice(self.site.ports))
        if status in (200, 201):
            hand.acked = time.time()
            hand.in_flight = int(answer.get("in_flight", 0)) if what == "takeover" else 1
        return status in (200, 201)
