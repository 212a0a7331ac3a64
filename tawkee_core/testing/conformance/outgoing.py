"""What becomes of what we say: in order, once, in a form the channel carries, and stopped when a person takes over."""

from typing import Any

import pytest

from ...conversation.compose import Draft, send_draft
from ...conversation.handover import take_over
from ...db import run
from ...errors import BadInput, Conflict, TooLarge
from ...types import Button, Capabilities, Completion, Media
from .kit import ChannelKit, Line, unsupported

WORDS = " ".join(f"Frase número {number} desta resposta longa." for number in range(400))

WENT = ("sent", "delivered", "read")
#: what every provider can carry, also one that knows no emoji
PLAIN_WORDS = "Olá, João! São 100% + 5, não?\nSegunda linha"
#: the smallest that are what they say
FILES = {
    "image/png": b"\x89PNG\r\n\x1a\n" + bytes(64),
    "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(64),
    "application/pdf": b"%PDF-1.4\n%%EOF\n",
}


class OutgoingCases(ChannelKit):
    """Cases of what goes out."""

    def test_each_answer_has_an_id_of_the_provider(self, line: Line) -> None:
        """Statuses and echoes are told by it: one that is missing, or that two messages share, loses them."""
        self.ask(line, "um")
        self.ask(line, "dois")
        ids = [m.provider_message_id for m in self.outgoing(line) if m.status in WENT]
        assert len(set(ids) - {None, ""}) == 2, f"the ids are {ids}"

    def test_words_leave_as_they_were_written(self, line: Line) -> None:
        self.ask(line)
        before = len(self.deliveries())
        self.write(line, PLAIN_WORDS)
        line.running.settle()
        assert [each.text for each in self.deliveries()[before:]] == [PLAIN_WORDS]

    def test_file_leaves_with_its_words(self, line: Line) -> None:
        mimetype = self.first_carried(self.capabilities(line))
        if mimetype is None:
            return unsupported("image or PDF among the files that it carries")
        self.ask(line)
        before = len(self.deliveries())
        name = "arquivo." + mimetype.partition("/")[2]
        self.write(line, "Veja isto", media=Media(mimetype=mimetype, filename=name, data=FILES[mimetype]))
        line.running.settle()
        messages = [m for m in self.outgoing(line) if m.author == "person"]
        assert messages and all(m.status in WENT for m in messages), [m.error for m in messages]
        taken = self.deliveries()[before:]
        assert "Veja isto" in "".join(each.text for each in taken)
        assert any(each.file for each in taken) or taken[0].file is None, "the file did not come along"

    def first_carried(self, capabilities: Capabilities) -> str | None:
        """The first kind of FILES that the channel carries."""
        taken = {each for rule in capabilities.media_out.values() for each in rule.mimetypes}
        return next((each for each in FILES if {each, each.partition("/")[0] + "/*", "*/*"} & taken), None)

    def test_own_words_told_back_are_no_takeover(self, line: Line) -> None:
        self.ask(line)
        told = self.confirmations(line.channel)
        if not told:
            return unsupported("word from its provider of what we sent")
        for webhook in told:
            assert self.post(line, webhook) == self.taken
        line.running.settle()
        assert line.running.chat_of(line.channel).owner == "ai"
        assert len(self.outgoing(line)) == 1
        assert [d.text for d in self.ask(line, "e agora?")] == ["echo: e agora?"]

    def test_answers_leave_in_the_order_of_the_questions(self, line: Line) -> None:
        answers = [delivery.text for number in range(3) for delivery in self.ask(line, f"question {number}")]
        assert answers == [f"echo: question {number}" for number in range(3)]

    def test_retryable_error_is_retried_and_delivers_once(self, line: Line) -> None:
        self.fail_next("retryable")
        assert [d.text for d in self.ask(line)] == ["echo: oi"]

    def test_permanent_error_is_shown_with_its_reason(self, line: Line) -> None:
        self.fail_next("permanent")
        assert self.ask(line) == []
        (message,) = self.outgoing(line)
        assert message.status == "failed"
        assert message.error

    def test_failure_holds_up_only_itself(self, line: Line) -> None:
        self.fail_next("permanent")
        assert self.ask(line, "um") == []
        assert [d.text for d in self.ask(line, "dois")] == ["echo: dois"]

    def test_lost_answer_never_doubles_the_message(self, line: Line) -> None:
        self.fail_next("lost")
        self.leaves_once(line)

    def test_proxys_answer_never_doubles_the_message(self, line: Line) -> None:
        """502 says nothing of the message: what stands behind the proxy may have taken it."""
        if not self.garble_next():
            return unsupported("proxy before its fake")
        self.leaves_once(line)

    def leaves_once(self, line: Line) -> None:
        """Let the agent answer something; whatever came of that, it was taken once and is not given up as failed."""
        before = len(self.deliveries())
        self.say(line, "oi")
        line.running.drain_until(lambda: len(self.deliveries()) > before)
        for webhook in self.confirmations(line.channel):
            assert self.post(line, webhook) == self.taken
        line.running.settle()
        assert len(self.deliveries()[before:]) == 1, "the message was sent again"
        assert [m.status for m in self.outgoing(line)] in [[each] for each in (*WENT, "unconfirmed")]

    def test_long_answer_leaves_in_parts_in_order(self, line: Line, echo_model: Any) -> None:
        limit = self.capabilities(line).max_text
        text = WORDS[: limit * 2]
        echo_model.script.append(Completion(text))
        parts = [delivery.text for delivery in self.ask(line)]
        assert len(parts) > 1 and all(len(part) <= limit for part in parts)
        assert "".join(" ".join(parts).split()) == "".join(text.split())

    def test_choices_arrive_as_buttons_or_numbers(self, line: Line) -> None:
        self.ask(line)
        before = len(self.deliveries())
        self.write(line, "Qual?", buttons=(Button("s", "Sim"), Button("n", "Nao")))
        line.running.settle()
        (message,) = [m for m in self.outgoing(line) if m.author == "person"]
        assert message.status in WENT, message.error
        (taken,) = self.deliveries()[before:]
        if self.capabilities(line).buttons < 2:
            assert "Sim" in taken.text and "Nao" in taken.text
        elif taken.buttons is not None:
            assert taken.buttons == ("Sim", "Nao")

    def test_file_that_cannot_be_carried_is_refused_with_words(self, line: Line) -> None:
        self.ask(line)
        rules = self.capabilities(line).media_out
        if any("*/*" in rule.mimetypes for rule in rules.values()):
            largest = max(rule.max_bytes for rule in rules.values())
            file = Media(mimetype="application/x-odd", data=bytes(largest + 1))
        else:
            file = Media(mimetype="application/x-odd", data=b"x")
        with pytest.raises((TooLarge, BadInput)):
            self.write(line, "", media=file)

    def test_persons_words_leave_after_what_was_said_before(self, line: Line) -> None:
        self.ask(line)
        before = len(self.deliveries())
        for number in range(3):
            self.write(line, f"Aqui é a Ana {number}")
        line.running.settle()
        assert [d.text for d in self.deliveries()[before:]] == [f"Aqui é a Ana {number}" for number in range(3)]

    def test_takeover_silences_the_agent(self, line: Line) -> None:
        self.ask(line)
        chat = line.running.chat_of(line.channel)
        take_over(line.running.tawkee, chat.workspace_id, chat.id, line.company.user_id)
        assert self.ask(line, "tem alguém aí?") == []

    def test_closed_window_is_told_to_people(self, line: Line) -> None:
        capabilities = self.capabilities(line)
        if capabilities.reply_window_hours is None:
            return unsupported("reply window")
        self.ask(line)
        run("update chat set last_in_at = now() - interval '30 days' where channel_id = %s", (line.channel.id,))
        with pytest.raises(Conflict) as caught:
            self.write(line, "Ainda quer?")
        assert caught.value.slug == "window_closed"

    def test_status_only_moves_forward(self, line: Line) -> None:
        self.ask(line)
        (message,) = self.outgoing(line)
        for state in ("delivered", "sent"):
            self.tell_status(line, message, state)
        (message,) = self.outgoing(line)
        assert message.status == "delivered"

    def test_read_is_shown_as_read(self, line: Line) -> None:
        self.ask(line)
        (message,) = self.outgoing(line)
        self.tell_status(line, message, "read")
        (message,) = self.outgoing(line)
        assert message.status == "read"

    def tell_status(self, line: Line, message: Any, state: str) -> None:
        webhook = self.status_webhook(line.channel, message.provider_message_id, message.id, state)
        if webhook is None:
            return unsupported(f"webhook that tells {state!r}")
        assert self.post(line, webhook) == self.taken
        line.running.settle()

    def write(self, line: Line, text: str, **more: Any) -> str:
        """Let a person of the company write to the channel's only chat."""
        chat = line.running.chat_of(line.channel)
        draft = Draft(text, **more)
        return send_draft(line.running.tawkee, chat.workspace_id, chat.id, line.company.user_id, draft)
