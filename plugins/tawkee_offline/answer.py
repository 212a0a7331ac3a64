"""An answer without a language model: the passage nearest to the question, word for word, with where it comes from."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tawkee_core import Agent, Completion, ModelMessage, Passage, Tool, ToolCall

from .embedding import embed_text
from .phrases import PHRASES, Phrases
from .words import guess_language, is_courtesy, is_greeting, is_yes, list_stems, read_media, wants_person

TRANSFER = "transfer_to_human"
# Calibrated with real vectors on two small shops (tests/plugins/tawkee_offline/shop.py): with these figures 44 of 48
# questions get the right passage, and 3 of 44 that have nothing to do with the shop get any.
THRESHOLD = 0.185
SHARED_WORDS = 0.1
SAME_LANGUAGE = 0.05
# A passage up to this length is quoted whole; of a longer one, the best sentence and those that follow it.
QUOTE = 320
SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-ZÀ-Ý0-9])|\n+")


@dataclass(frozen=True)
class Found:
    """A passage, how near it is to the question, and its sentence that is nearest."""

    passage: Passage
    score: float
    sentence: int


def answer_customer(
    agent: Agent, messages: Sequence[ModelMessage], passages: Sequence[Passage], tools: Sequence[Tool]
) -> Completion:
    """The reply to what the customer wrote since we last spoke; it costs nothing."""
    said = [message.content for message in messages if message.role == "user"]
    phrases = PHRASES[guess_language(*reversed(said))]
    is_file, question = read_last_words(messages)
    may_transfer = any(tool.name == TRANSFER for tool in tools)
    if wants_person(question) or (is_yes(question) and was_offered(messages)):
        return call_person(phrases) if may_transfer else add_notice(phrases.no_person, phrases)
    if is_file and not question:
        return add_notice(phrases.only_text, phrases)
    if is_courtesy(question):
        return add_notice(greet(agent, phrases) if is_greeting(question) else phrases.welcome, phrases)
    found = find_passage(question, passages)
    if found is None or found.score < THRESHOLD:
        return add_notice(f"{phrases.unknown} {phrases.offer}" if may_transfer else phrases.unknown, phrases)
    return add_notice(quote_passage(found), phrases, found.passage.source)


def read_last_words(messages: Sequence[ModelMessage]) -> tuple[bool, str]:
    """Whether the customer's last messages hold a file, and their words."""
    lines: list[tuple[bool, str]] = []
    for message in reversed(messages):
        if message.role == "assistant":
            break
        if message.role == "user":
            lines.insert(0, read_media(message.content))
    return any(is_file for is_file, _ in lines), "\n".join(words for _, words in lines if words)


def was_offered(messages: Sequence[ModelMessage]) -> bool:
    """Whether our last message asked if a person should be called."""
    spoken = [message.content for message in messages if message.role == "assistant"]
    return bool(spoken) and any(known.offer in spoken[-1] for known in PHRASES.values())


def call_person(phrases: Phrases) -> Completion:
    call = ToolCall("offline_1", TRANSFER, {"reason": phrases.reason})
    return Completion(phrases.calling, (call,))


def greet(agent: Agent, phrases: Phrases) -> str:
    of = phrases.of.format(job=agent.job_name) if agent.job_name else ""
    return phrases.hello.format(name=agent.name, of=of)


def add_notice(text: str, phrases: Phrases, source: str = "") -> Completion:
    notes = [phrases.source.format(source=source)] if source else []
    return Completion(f"{text}\n\n({' · '.join([*notes, phrases.notice])})")


def find_passage(question: str, passages: Sequence[Passage]) -> Found | None:
    """The best passage; one in the customer's own language wins where two say the same."""
    language = guess_language(question)
    found = [score_passage(question, passage) for passage in passages if passage.text.strip()]
    return max(
        found,
        key=lambda each: each.score + SAME_LANGUAGE * (guess_language(each.passage.text) == language),
        default=None,
    )


def score_passage(question: str, passage: Passage) -> Found:
    """The mean of how near the passage under its title is, and its nearest sentence; a little more for shared words."""
    asked, titled = embed_text(question), f"{passage.source}: {passage.text}"
    scores = [float(embed_text(sentence) @ asked) for sentence in split_sentences(passage.text)]
    best = max(range(len(scores)), key=scores.__getitem__)
    words = list_stems(question)
    shared = len(words & list_stems(titled)) / len(words) if words else 0.0
    return Found(passage, (float(embed_text(titled) @ asked) + scores[best]) / 2 + SHARED_WORDS * shared, best)


def split_sentences(text: str) -> list[str]:
    return [sentence.strip() for sentence in SENTENCE.split(text.strip()) if sentence.strip()]


def quote_passage(found: Found) -> str:
    text = found.passage.text.strip()
    if len(text) <= QUOTE:
        return text
    sentences = split_sentences(text)
    first, last = found.sentence, found.sentence + 1
    while last < len(sentences) and sum(map(len, sentences[first : last + 1])) <= QUOTE:
        last += 1
    return " ".join(sentences[first:last])
