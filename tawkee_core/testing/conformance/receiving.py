"""What becomes of what contacts send: kept once, in order, answered once."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from ...db import run
from ...models import new_id
from ..running import Running
from .kit import ChannelKit, Line, Said, unsupported

ODD_WORDS = (
    "Olá! 😀 👩‍👩‍👧 ção 100% + 5 & 6 = “11”",
    'uma linha\noutra; <b>não</b> \\ *tudo* _isto_ {"a": 1} %41 &amp;',
    "palavra " * 180 + "fim",
)
TRUE_WITHIN = timedelta(minutes=20)


class ReceivingCases(ChannelKit):
    """Cases of what comes in."""

    def test_message_is_answered_once(self, line: Line) -> None:
        assert [(each.to, each.text) for each in self.ask(line)] == [(self.sender(1), "echo: oi")]

    def test_same_words_twice_are_two_messages(self, line: Line) -> None:
        self.say(line, "oi")
        self.say(line, "oi")
        line.running.settle()
        assert self.kept_texts(line) == ["oi", "oi"]

    def test_words_are_kept_as_they_were_said(self, line: Line) -> None:
        for words in ODD_WORDS:
            self.say(line, words)
        line.running.settle()
        assert sorted(self.kept_texts(line)) == sorted(ODD_WORDS)

    def test_moment_of_a_message_is_true(self, line: Line) -> None:
        """A clock of another zone, or seconds taken for milliseconds: what is told as a day old is not answered."""
        self.say(line, "oi")
        line.running.settle()
        (message,) = [m for m in line.running.messages_of(line.channel) if m.direction == "in"]
        assert abs(message.sent_at - datetime.now(UTC)) < TRUE_WITHIN, f"said at {message.sent_at}"

    def test_duplicate_delivery_changes_nothing(self, line: Line) -> None:
        before = len(self.deliveries())
        for webhook in self.webhooks(line.channel, [Said(new_id(), self.sender(1), "oi")]) * 3:
            assert self.post(line, webhook) == self.taken
        line.running.settle()
        assert [d.text for d in self.deliveries()[before:]] == ["echo: oi"]

    def test_batch_keeps_every_message_in_order(self, line: Line) -> None:
        texts = [f"message {number}" for number in range(5)]
        self.say(line, *texts)
        line.running.settle()
        kept = self.kept_texts(line)
        assert (kept if self.keeps_order else sorted(kept)) == texts

    def test_shuffled_deliveries_are_all_kept(self, line: Line) -> None:
        said = [Said(new_id(), self.sender(1), f"message {number}") for number in range(6)]
        deliveries = [webhook for each in said for webhook in self.webhooks(line.channel, [each])]
        random.Random(7).shuffle(deliveries)
        for webhook in deliveries:
            assert self.post(line, webhook) == self.taken
        line.running.settle()
        assert sorted(self.kept_texts(line)) == [each.text for each in said]

    def test_burst_is_grouped_into_one_answer(self, tawkee: Running, echo_model: Any) -> None:
        line = self.open_line(tawkee, message_grouping_time=1)
        before = len(self.deliveries())
        for number in range(20):
            self.say(line, f"{number}")
        line.running.settle()
        (answer,) = self.deliveries()[before:]
        assert sorted(answer.text.removeprefix("echo: ").split(" | "), key=int) == [str(n) for n in range(20)]

    def test_two_contacts_have_two_chats(self, line: Line) -> None:
        said = [Said(new_id(), self.sender(number), f"from {number}") for number in (1, 2)]
        for webhook in self.webhooks(line.channel, said):
            assert self.post(line, webhook) == self.taken
        line.running.settle()
        assert len({m.chat_id for m in line.running.messages_of(line.channel)}) == 2

    def test_contact_needs_no_phone(self, line: Line) -> None:
        self.ask(line)
        (contact,) = run(
            "select p.phone from contact p join chat c on c.contact_id = p.id where c.channel_id = %s",
            (line.channel.id,),
        )
        assert contact.phone is None or contact.phone.startswith("+")

    def test_words_typed_by_a_person_are_a_takeover(self, line: Line) -> None:
        self.ask(line)
        webhook = self.echo_webhook(line.channel, self.sender(1), "Aqui é a Ana")
        if webhook is None:
            return unsupported("echo of a person's words")
        assert self.post(line, webhook) == self.taken
        line.running.settle()
        assert line.running.chat_of(line.channel).owner == "human"
        assert self.ask(line, "e agora?") == []

    def test_file_is_fetched_after_a_failure(self, line: Line) -> None:
        webhook = self.file_webhook(line.channel, self.sender(1))
        if webhook is None:
            return unsupported("file that is fetched later")
        assert self.post(line, webhook) == self.taken
        line.running.settle()
        run("update media set next_at = now() where state = 'remote'")
        line.running.drain_until(lambda: self.stored_files(line) == 1)

    def test_unknown_event_is_kept_as_ignored(self, line: Line) -> None:
        status = self.post(line, self.unknown_webhook(line.channel))
        if not self.keeps_events:  # its own route says at once what it does not know, and nothing is to be kept
            assert 400 <= status < 500 and line.running.messages_of(line.channel) == []
            return
        assert status == self.taken
        (event,) = run("select state, reason from inbound_event where channel_id = %s", (line.channel.id,))
        assert event.state == "ignored"
        assert event.reason

    def kept_texts(self, line: Line) -> list[str]:
        return [m.text for m in line.running.messages_of(line.channel) if m.direction == "in"]

    def stored_files(self, line: Line) -> int:
        rows = run(
            "select count(*)::int as count from media d join message m on m.id = d.message_id"
            " where m.channel_id = %s and d.state = 'stored'",
            (line.channel.id,),
        )
        return int(rows[0].count)
