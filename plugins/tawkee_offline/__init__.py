"""What works without a key and without the internet: a multilingual embedding, and a model that quotes the trainings.

`offline/extractive` is no language model and says so: it answers with the best passage it was given, word for word.
"""

from collections.abc import Sequence

from tawkee_core import (
    Agent,
    Completion,
    Embedding,
    Model,
    ModelMessage,
    Passage,
    Settings,
    Tool,
    hookimpl,
)

from .answer import answer_customer
from .embedding import embed_texts

EXTRACTIVE = "offline/extractive"
EMBEDDING = "offline/use-multilingual-v3"
MODELS = [
    Model(EXTRACTIVE, "Sem modelo de linguagem / No language model", "Offline", can=frozenset({"tools"})),
    Model(EMBEDDING, "Universal Sentence Encoder Multilingual v3", "Offline", "embedding"),
]


@hookimpl
def worker_started(settings: Settings, trained: bool) -> None:
    """Load the weights (a second, 137 MB) before the first turn, where there is knowledge embedded with them."""
    if trained and settings.embedding == EMBEDDING:
        embed_texts(["olá"])


@hookimpl
def model_list(settings: Settings) -> list[Model]:
    return MODELS


@hookimpl
def model_complete(
    agent: Agent, model: str, messages: Sequence[ModelMessage], passages: Sequence[Passage], tools: Sequence[Tool]
) -> Completion | None:
    return answer_customer(agent, messages, passages, tools) if model == EXTRACTIVE else None


@hookimpl
def model_embed(model: str, texts: Sequence[str]) -> Embedding | None:
    return Embedding([vector.tolist() for vector in embed_texts(texts)]) if model == EMBEDDING else None
