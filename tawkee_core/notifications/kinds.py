"""What there is to tell. A new kind is one line here and one `notify_team` in the transaction of its cause."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..types import Label

Event = Literal["SUBSCRIPTION", "PAYMENT", "CONNECTION", "DELIVERY", "CREDITS"]
LEADERS = ("OWNER", "MANAGER")


@dataclass(frozen=True)
class Kind:
    """One thing to tell: `page` is where it leads, `roles` who is told. The text names the values it is told with. With
    a `title` it is told by mail too."""

    event: Event
    page: str
    text: Label
    roles: tuple[str, ...] = LEADERS
    title: Label | None = None


STOPPED = Label("Um canal parou", "A channel stopped")
KINDS: Mapping[str, Kind] = {
    "channel_failed": Kind(
        "CONNECTION",
        "channel",
        Label("O canal {channel} parou de funcionar. {reason}", "The channel {channel} stopped working. {reason}"),
        title=STOPPED,
    ),
    "channel_disconnected": Kind(
        "CONNECTION",
        "channel",
        Label("O canal {channel} foi desconectado. {reason}", "The channel {channel} was disconnected. {reason}"),
        title=STOPPED,
    ),
    "channel_paused": Kind(
        "CONNECTION",
        "channel",
        Label(
            "O envio pelo canal {channel} parou por um tempo. {reason}",
            "Sending through the channel {channel} stopped for a while. {reason}",
        ),
    ),
    "turn_dead": Kind(
        "DELIVERY",
        "chat",
        Label(
            "A IA não conseguiu responder a uma conversa; ela espera por uma pessoa.",
            "The AI could not answer a conversation; it waits for a person.",
        ),
    ),
    "message_dead": Kind(
        "DELIVERY",
        "chat",
        Label("Uma mensagem não pôde ser enviada.", "A message could not be sent."),
    ),
    "event_dead": Kind(
        "DELIVERY",
        "channel",
        Label(
            "O canal {channel} recebeu algo que não pôde ser lido; uma mensagem pode faltar.",
            "The channel {channel} received something that could not be read; a message may be missing.",
        ),
    ),
    "credits_low": Kind("CREDITS", "billing", Label("Os créditos estão acabando.", "Credits are running low.")),
}


def describe(kind: str, data: Mapping[str, Any], locale: str) -> str:
    """A notification's text in a person's language (`pt-BR` or `en`)."""
    language = language_of(locale)
    values = {name: value.get(language, "") if isinstance(value, dict) else value for name, value in data.items()}
    text: str = getattr(KINDS[kind].text, language) if kind in KINDS else kind
    return text.format_map(Blank(values)).strip()


def language_of(locale: str) -> str:
    """The name of a Label's part in a person's language."""
    return "en" if locale.startswith("en") else "pt"


class Blank(dict[str, Any]):
    """Values of a text; one that was not given is left out."""

    def __missing__(self, name: str) -> str:
        return ""
