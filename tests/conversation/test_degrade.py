"""A reply made to fit its channel."""

import pytest

from tawkee_core.conversation.degrade import MAX_BALLOONS, MAX_PARTS, measure, split_text
from tawkee_core.types import Capabilities, TextUnit

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


@pytest.mark.parametrize(("unit", "limit"), [("utf16", 40), ("bytes", 60)])
def test_lengths_are_counted_as_the_channel_counts(unit: TextUnit, limit: int) -> None:
    text = "Olá 👩🏽‍💻! Não há mais pão às três. " * 4
    parts = split_text(text, Capabilities(max_text=limit, text_unit=unit))
    assert len(parts) > 1 and all(0 < measure(part, unit) <= limit for part in parts)
    assert len(parts) == MAX_PARTS or " ".join(parts).split() == text.split()
    assert measure("👍", "utf16") == 2 and measure("ã", "bytes") == 2
