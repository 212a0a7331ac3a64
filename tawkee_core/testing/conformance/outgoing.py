"""What becomes of what we say: in order, once, in a form the channel carries, and stopped when a person takes over."""

from typing import Any

import pytest

from ...conversation.compose import Draft, send_draft
from ...conversation.handover import take_over
from ...db import run
from ...errors import BadInput, Conflict, TooLarge
from ...types import Button, Completion, Media
from .kit import ChannelKit, Line, unsupported

WORDS = " ".join(f"Frase número {number} desta resposta longa." for number in range(400))


class OutgoingCases(ChannelKit):
    """Cases of what goes out."""

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
        before = len(self.deliveries())
        self.fail_next("lost")
        self.say(line, "oi")
        line.running.drain_until(lambda: len(self.deliveries()) > before)
        for webhook in self.confirmations(line.channel):
            assert self.post(line, webhook) == self.taken
        line.running.settle()
        (message,) = self.outgoing(line)
        assert len(self.deliveries()[before:]) == 1
        assert message.status in ("sent", "delivered", "read", "unconfirmed")

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
        assert message.status in ("sent", "delivered", "read"), message.error
        assert len(self.deliveries()[before:]) == 1

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
            webhook = self.status_webhook(line.channel, message.provider_message_id, message.id, state)
            if webhook is None:
                return unsupported("status webhooks")
            assert self.post(line, webhook) == self.taken
        line.running.settle()
        (message,) = self.outgoing(line)
        assert message.status == "delivered"

    def write(self, line: Line, text: str, **more: Any) -> str:
        """Let a person of the company write to the channel's only chat."""
        chat = line.running.chat_of(line.channel)
        draft = Draft(text, **more)
        return send_draft(line.running.tawkee, chat.workspace_id, chat.id, line.company.user_id, draft)
