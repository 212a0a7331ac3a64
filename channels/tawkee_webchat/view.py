"""A chat as its visitor sees it: what was said, without drafts, notes and what was called back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PAGE = 50
HIDDEN_KINDS = ("note", "reaction")
SAID = ("received", "sending", "sent", "delivered", "read", "unconfirmed")
UNDECIDED = ("queued", "sending")
FIELDS = (
    "id", "seq", "direction", "author", "kind", "text", "data", "status", "provider_message_id", "sent_at", "media",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    """Messages oldest first. `upto` is the place up to which nothing new can appear, so a reader goes on from there."""

    messages: list[dict[str, Any]]
    first: int
    upto: int
    full: bool
    owner: str
    waiting: bool

    def cursor_before(self, message: Mapping[str, Any]) -> int:
        """From where to go on after this message, so that one before it that is still being sent is not missed."""
        return min(int(message["seq"]), self.upto)

    def speaker(self) -> dict[str, Any]:
        """Who answers now: the AI or a person, and whether that person is still waited for."""
        return {"owner": self.owner, "waiting": self.waiting}

    def skips(self, cursor: int) -> bool:
        """Whether there is more between a reader's place and this page than the page holds."""
        return self.full and self.first > cursor + 1


def make_page(messages: Sequence[Mapping[str, Any]], owner: str = "ai", waiting: bool = False) -> Page:
    """What of a chat's messages (the API's shape, oldest first, up to PAGE) its visitor may see."""
    undecided = [message["seq"] for message in messages if message["status"] in UNDECIDED]
    last = messages[-1]["seq"] if messages else 0
    return Page(
        messages=[show_message(message) for message in messages if is_said(message)],
        first=messages[0]["seq"] if messages else 0,
        upto=min(undecided) - 1 if undecided else last,
        full=len(messages) >= PAGE,
        owner=owner,
        waiting=waiting,
    )


def is_said(message: Mapping[str, Any]) -> bool:
    return message["status"] in SAID and message["kind"] not in HIDDEN_KINDS and message["author"] != "system"


def show_message(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message in the API's shape, and the `client_id` under which the visitor sent it."""
    shown = {name: message[name] for name in FIELDS if message.get(name) not in (None, {})}
    if choices := (message.get("data") or {}).get("buttons"):
        shown["text"] = number_choices(str(message["text"]), choices)
    if message["direction"] == "in":
        shown["client_id"] = str(message.get("provider_message_id") or "").partition(":")[2]
    return shown


def number_choices(text: str, choices: Sequence[Mapping[str, Any]]) -> str:
    """The words with the choices numbered under them, as every channel without buttons says them; the number, or a
    choice's own words, is understood back."""
    lines = "\n".join(f"{number}. {each['title']}" for number, each in enumerate(choices, 1))
    return f"{text.rstrip()}\n\n{lines}" if text.strip() else lines


def fingerprint(message: Mapping[str, Any]) -> int:
    """Changes when what the visitor sees of a message changes."""
    return hash((message["status"], message["text"], str(message.get("media")), str(message.get("data"))))
