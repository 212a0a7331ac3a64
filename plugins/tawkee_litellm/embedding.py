"""Texts to vectors through LiteLLM."""

from collections.abc import Sequence
from typing import Any

from tawkee_core import Embedding, ModelNonsense

from .calling import call_model, check_price, openai_client
from .catalogue import Entry
from .prices import count_usage

SECONDS = 30.0
# OpenAI takes 2,048 texts and 300,000 tokens a call; our passages are of 1,028 characters.
TEXTS_A_CALL = 96


def embed_texts(entry: Entry, texts: Sequence[str]) -> Embedding:
    """One vector a text, in order. Raises a ModelError."""
    price = check_price(entry)
    vectors: list[list[float]] = []
    tokens = 0
    for batch in split_batches(texts):
        found, used = embed_batch(entry, batch)
        vectors += found
        tokens += used
    return Embedding(vectors, count_usage(price, tokens))


def split_batches(texts: Sequence[str]) -> list[list[str]]:
    return [list(texts[start : start + TEXTS_A_CALL]) for start in range(0, len(texts), TEXTS_A_CALL)]


def embed_batch(entry: Entry, texts: list[str]) -> tuple[list[list[float]], int]:
    client = openai_client(entry, SECONDS)
    response = call_model("embedding", entry, SECONDS, input=texts, client=client, encoding_format="float")
    vectors = read_vectors(response)
    if len(vectors) != len(texts) or len({len(vector) for vector in vectors}) != 1:
        raise ModelNonsense(f"{entry.label} answered {len(vectors)} vectors for {len(texts)} texts.")
    return vectors, getattr(response.usage, "prompt_tokens", 0) or 1 + sum(map(len, texts)) // 3


def read_vectors(response: Any) -> list[list[float]]:
    try:
        rows = sorted(response.data or (), key=lambda row: int(row["index"]))
        return [[float(number) for number in row["embedding"]] for row in rows]
    except (KeyError, TypeError, ValueError) as wrong:
        raise ModelNonsense("The model answered something else than vectors.") from wrong
