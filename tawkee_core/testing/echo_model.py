"""A model that repeats what it is told, or says what a test tells it to."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from .. import hookimpl
from ..errors import ModelError
from ..types import Completion, Model, ModelMessage, ModelOptions, ModelUsage, Passage, ToolCall

ECHO = "echo/repeat"
OTHER = "echo/other"
Script = Completion | ModelError | Callable[[Sequence[ModelMessage]], Completion]


class EchoModel:
    """Answers `echo: <the customer's last words>`. `script` holds what the next calls give or raise; `gate` makes
    calls wait."""

    def __init__(self) -> None:
        self.script: deque[Script] = deque()
        self.asked: list[list[ModelMessage]] = []
        self.passages: list[list[Passage]] = []
        self.options: list[ModelOptions] = []
        self.gate: threading.Event | None = None
        self.waiting = 0

    def reset(self) -> None:
        self.script.clear()
        self.asked.clear()
        self.passages.clear()
        self.options.clear()
        self.gate = None

    @hookimpl
    def model_list(self) -> Iterable[Model]:
        return [
            Model(ECHO, "Echo", "Tawkee", credits=1, can=frozenset({"tools"})),
            Model(OTHER, "Other echo", "Tawkee", credits=1),
        ]

    @hookimpl
    def model_complete(
        self, messages: Sequence[ModelMessage], passages: Sequence[Passage], options: ModelOptions
    ) -> Completion:
        self.asked.append(list(messages))
        self.passages.append(list(passages))
        self.options.append(options)
        if self.gate is not None:
            self.waiting += 1
            self.gate.wait(30)
            self.waiting -= 1
        step = self.script.popleft() if self.script else None
        if isinstance(step, ModelError):
            raise step
        if isinstance(step, Completion):
            return step
        return step(messages) if step is not None else repeat_words(messages)


def repeat_words(messages: Sequence[ModelMessage]) -> Completion:
    words: list[str] = []
    for message in reversed(messages):
        if message.role != "user":
            break
        words.insert(0, message.content)
    return Completion("echo: " + " | ".join(words), usage=ModelUsage(10, 5, 0.0001))


def call_person(reason: str = "asked for a person") -> Completion:
    """What a model answers that wants a person."""
    return Completion("", (ToolCall("call-1", "transfer_to_human", {"reason": reason}),))
