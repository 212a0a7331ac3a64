"""A reply made to fit its channel."""

import pytest

from tawkee_core.conversation.degrade import MAX_BALLOONS, MAX_PARTS, split_text
from tawkee_core.types import Capabilities

TEXT = "Uma frase curta. Outra frase, um pouco mais longa do que a primeira! E a pergunta? " * 4


@pytest.mark.parametrize("limit", [60, 100, 200, 4096])
def test_parts_fit_and_say_everything_in_order(limit: int) -> None:
    parts = split_text(TEXT, Capabilities(max_text=limit))
    assert all(0 < len(part) <= limit for part in parts)
    if len(parts) < MAX_PARTS:
        assert " ".join(parts).split() == TEXT.split()


def test_parts_end_where_sentences_end() -> None:
    parts = split_text(TEXT, Capabilities(max_text=100))
    assert all(part[-1] in ".!?…" for part in parts)


def test_endless_word_is_cut_somewhere() -> None:
    assert split_text("a" * 250, Capabilities(max_text=100)) == ["a" * 100, "a" * 100, "a" * 50]


def test_far_too_long_reply_ends_with_dots() -> None:
    parts = split_text("palavra " * 1000, Capabilities(max_text=50))
    assert len(parts) == MAX_PARTS
    assert parts[-1].endswith("…")
    assert len(parts[-1]) <= 50


def test_paragraphs_become_a_few_messages() -> None:
    text = "\n\n".join(f"parágrafo {number}" for number in range(6))
    assert len(split_text(text, Capabilities(), balloons=True)) == MAX_BALLOONS
    assert len(split_text(text, Capabilities())) == 1
