"""Answers to questions and messages after a sale, cleaned of what Mercado Livre forbids."""

import unicodedata
from typing import Any

import structlog

from tawkee_core import Ambiguous, Channel, Contact, Media, Message, NotSent, Refused, provider

from .api import call, get
from .fetch import mapping, moment_of, text_of
from .info import MAX_ANSWER, MAX_MESSAGE, QUESTION
from .lint import clean_answer

# whom a seller writes to since 2026-02-02: the agent of the site, not the buyer
AGENTS = {
    "MLB": 3037675074,
    "MLC": 3020819166,
    "MLM": 3037204279,
    "MLA": 3037674934,
    "MCO": 3037204123,
    "MLU": 3037204685,
}
LOOK_BACK = 30.0
HELD_BACK = ("moderated", "rejected")
# what models write, and Latin-1 has not
NEAREST = str.maketrans(
    {"–": "-", "—": "-", "−": "-", "•": "-", "→": "->", "“": '"', "”": '"', "‘": "'", "’": "'", "…": "...", "€": "EUR"}
    | dict.fromkeys("\u2009\u200a\u202f", " ")
)
log = structlog.get_logger()


def send_message(channel: Channel, contact: Contact, message: Message) -> str:
    """Answer a question, or write into a sale's conversation; the provider's id."""
    text, removed = clean_answer(message.text)
    if removed:
        log.warning("answer_cleaned", channel_id=channel.id, message_id=message.id, pieces=len(removed))
    if contact.address.kind == QUESTION:
        if message.media is not None:
            raise Refused("An answer to a question carries no file.")
        return answer_question(channel, contact.address.value, text)
    return write_message(channel, contact.address.value, words_of(message), message.media)


def words_of(message: Message) -> str:
    """What a sale's conversation is told: clean, in Latin-1; a file without words is called by its name."""
    text = latin_text(clean_answer(message.text)[0]).strip()
    return (text or (latin_text(message.media.filename) if message.media else ""))[:MAX_MESSAGE].strip()


def answer_question(channel: Channel, number: str, text: str) -> str:
    """There is one answer a question; a second one is refused by Mercado Livre, unless it is what stands there."""
    if not text.strip():
        raise Refused("There is nothing to send.")
    try:
        call(channel, "POST", "/answers", {"question_id": int(number), "text": text[:MAX_ANSWER]})
    except Refused:
        if not find_answer(channel, number, text):
            raise
    return f"answer:{number}"


def write_message(channel: Channel, pack: str, text: str, media: Media | None) -> str:
    seller = channel.config.get("user_id")
    agent = AGENTS.get(site_of(channel))
    if agent is None:
        raise Refused("Messages after a sale are not known for this country.")
    if not text:
        raise Refused("There is nothing to send.")
    values: dict[str, Any] = {"from": {"user_id": str(seller)}, "to": {"user_id": str(agent)}, "text": text}
    if media is not None:
        values["attachments"] = [upload_file(channel, media)]
    sent = mapping(call(channel, "POST", f"/messages/packs/{pack}/sellers/{seller}?tag=post_sale", values))
    if sent.get("status") in HELD_BACK:
        reason = text_of(mapping(sent.get("message_moderation")).get("reason"))
        raise Refused(f"Mercado Livre's moderation held the message back: {reason or 'no reason given'}")
    if not text_of(sent.get("id")):
        raise Ambiguous("The answer names no message.")
    return f"message:{sent['id']}"


def upload_file(channel: Channel, media: Media) -> str:
    """A file on its way out, which Mercado Livre keeps for 48 hours; uploading it twice does no harm."""
    if media.data is None:
        raise Refused("The file is not here.")
    file = (latin_text(media.filename) or "arquivo", media.data, media.mimetype)
    path = f"/messages/attachments?tag=post_sale&site_id={site_of(channel)}"
    with provider.asking():
        uploaded = mapping(call(channel, "POST", path, {}, {"file": file}))
    if not text_of(uploaded.get("id")):
        raise NotSent("Mercado Livre's answer names no file.")
    return text_of(uploaded["id"])


def site_of(channel: Channel) -> str:
    return str(channel.config.get("site_id") or "MLB")


def latin_text(text: str) -> str:
    """Mercado Livre takes Latin-1 only: letters keep their accents, other signs become the nearest or go."""
    return unicodedata.normalize("NFC", text).translate(NEAREST).encode("latin-1", "ignore").decode("latin-1")


def look_up(channel: Channel, contact: Contact, message: Message, since: float) -> str | None:
    """Whether an answer of an ambiguous try is there; a question has one at most, a sale's thread shows its
    messages."""
    try:
        if contact.address.kind == QUESTION:
            return find_answer(channel, contact.address.value, clean_answer(message.text)[0])
        return find_message(channel, contact.address.value, message, since)
    except (NotSent, Refused):
        return None


def find_answer(channel: Channel, number: str, text: str) -> str:
    """The answer when it says what we wrote. One that the seller gave meanwhile is not ours: the next try learns so."""
    question = mapping(get(channel, f"/questions/{number}?api_version=4"))
    said = text_of(mapping(question.get("answer")).get("text"))
    return f"answer:{number}" if said.split() == text[:MAX_ANSWER].split() else ""


def find_message(channel: Channel, pack: str, message: Message, since: float) -> str:
    seller = channel.config.get("user_id")
    thread = mapping(get(channel, f"/messages/packs/{pack}/sellers/{seller}?tag=post_sale&mark_as_read=false"))
    text = words_of(message)
    for row in thread.get("messages") or ():
        if is_ours(mapping(row), str(seller), text, since):
            return f"message:{row['id']}"
    return ""


def is_ours(row: Any, seller: str, text: str, since: float) -> bool:
    """Whether a message of the thread is this one. One that moderation held back is not: the next try tells why."""
    written = moment_of(mapping(row.get("message_date")).get("created"))
    if written is None or written.timestamp() < since - LOOK_BACK or not text_of(row.get("id")):
        return False
    ours = str(mapping(row.get("from")).get("user_id")) == seller and row.get("status") not in HELD_BACK
    return ours and text_of(row.get("text")).strip() == text
