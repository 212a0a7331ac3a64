"""What crosses between the core and the plugins that reach models and vectors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Model:
    """A model that can be chosen. `credits` is what one answer costs a workspace; `available` says whether its key is
    set."""

    id: str
    label: str
    vendor: str
    kind: Literal["chat", "embedding", "transcription"] = "chat"
    credits: int = 0
    can: frozenset[str] = frozenset()
    available: bool = True


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What the model asks to be done: a tool's name and its arguments as an object."""

    id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ModelMessage:
    """One line of the conversation as the model sees it; `calls` on an assistant's line, `call_id` on a tool's."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    calls: tuple[ToolCall, ...] = ()
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """Something the model may ask for; `parameters` is a JSON Schema object."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of an agent's knowledge; `score` is the cosine similarity, 0 to 1."""

    id: str
    text: str
    source: str
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """How to ask: seconds until it must have answered, and how much it may say."""

    timeout: float = 20.0
    temperature: float = 0.3
    max_tokens: int = 1024


@dataclass(frozen=True, slots=True)
class ModelUsage:
    """What a call took: tokens, and US dollars."""

    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Completion:
    """A model's answer: text, or tools it wants called, or both."""

    text: str
    calls: tuple[ToolCall, ...] = ()
    usage: ModelUsage = ModelUsage()


@dataclass(frozen=True, slots=True)
class Embedding:
    """One vector a text, in the order given."""

    vectors: Sequence[Sequence[float]]
    usage: ModelUsage = ModelUsage()


@dataclass(frozen=True, slots=True)
class Transcription:
    """What was said in an audio."""

    text: str
    usage: ModelUsage = ModelUsage()


# ---- vectors


@dataclass(frozen=True, slots=True)
class VectorPoint:
    """A passage's vector, and whose it is. `id` is the passage's (a UUID)."""

    id: str
    vector: Sequence[float]
    workspace_id: str
    agent_id: str
    training_id: str


@dataclass(frozen=True, slots=True)
class VectorMatch:
    """A passage found, with its cosine similarity."""

    id: str
    score: float
