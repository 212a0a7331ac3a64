"""What was given up, looked into, tried again and discarded; and a message's life, told from the tables."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from tawkee_core.cli import main
from tawkee_core.conversation.compose import Draft, send_draft
from tawkee_core.conversation.dead import discard_dead, list_dead, retry_dead, show_dead
from tawkee_core.conversation.handover import hand_back, take_over
from tawkee_core.conversation.trace import Step, trace_message
from tawkee_core.conversation.turns import claim_turns
from tawkee_core.db import run
from tawkee_core.errors import BadPayload, Conflict, NotFound, NotSent, Refused
from tawkee_core.models import new_id
from tests.lines import Line, hold_model, line, wait_until

__all__ = ["line"]


def dead_of(line: Line) -> list[Any]:
    return [row for row in list_dead(limit=1000) if row["workspace_id"] == line.company.workspace_id]


def kill_turn(line: Line) -> str:
    line.say()
    run(
        "update turn set state = 'dead', reason = 'the model fails', done_at = now() where workspace_id = %s",
        (line.company.workspace_id,),
    )
    run("update chat set owner = 'human', status = 'waiting' where channel_id = %s", (line.channel.id,))
    (row,) = dead_of(line)
    assert (row["kind"], row["reason"]) == ("turn", "the model fails")
    return str(row["id"])


def audited(line: Line) -> list[str]:
    rows = run(
        "select action from audit_entry where workspace_id = %s order by created_at", (line.company.workspace_id,)
    )
    return [row.action for row in rows]


def test_dead_turn_tried_again_is_answered(line: Line) -> None:
    assert retry_dead(line.tawkee, kill_turn(line)) == "turn"
    line.settle()
    assert line.provider.texts() == ["echo: oi"]
    assert (line.chat.owner, line.chat.status, dead_of(line)) == ("ai", "open", [])
    assert audited(line) == ["turn.retry"]


def test_dead_turn_of_a_chat_that_a_person_took_is_left_alone(line: Line) -> None:
    id = kill_turn(line)
    take_over(line.tawkee, line.company.workspace_id, line.chat.id, line.company.user_id)
    with pytest.raises(Conflict) as caught:
        retry_dead(line.tawkee, id)
    assert caught.value.slug == "chat_taken"
    assert audited(line) == []


def test_dead_sending_tried_again_arrives_once(line: Line) -> None:
    line.provider.fail_with.append(Refused("not on WhatsApp"))
    line.say()
    line.settle()
    (row,) = dead_of(line)
    assert row["kind"] == "send" and "not on WhatsApp" in row["reason"]
    assert retry_dead(line.tawkee, row["id"]) == "send"
    line.settle()
    assert line.provider.texts() == ["echo: oi"]
    with pytest.raises(NotFound):
        retry_dead(line.tawkee, row["id"])


def test_dead_words_of_the_ai_are_not_sent_once_people_have_the_chat(line: Line) -> None:
    line.provider.fail_with.append(Refused("not on WhatsApp"))
    line.say()
    line.settle()
    (row,) = dead_of(line)
    take_over(line.tawkee, line.company.workspace_id, line.chat.id, line.company.user_id)
    with pytest.raises(Conflict) as caught:
        retry_dead(line.tawkee, row["id"])
    assert caught.value.slug == "chat_taken"
    assert (len(dead_of(line)), audited(line)) == (1, [])


def test_who_takes_a_chat_stops_what_is_tried_again(line: Line) -> None:
    line.provider.fail_with.append(Refused("not on WhatsApp"))
    line.say()
    line.settle()
    (row,) = dead_of(line)
    retry_dead(line.tawkee, row["id"])
    assert line.chat.attention == ""
    take_over(line.tawkee, line.company.workspace_id, line.chat.id, line.company.user_id)
    line.settle()
    assert line.provider.texts() == []


def test_dead_words_of_a_person_are_sent_again(line: Line) -> None:
    line.say()
    line.settle()
    line.provider.fail_with.append(Refused("not on WhatsApp"))
    draft = Draft(text="Sou eu", client_id="one")
    send_draft(line.tawkee, line.company.workspace_id, line.chat.id, line.company.user_id, draft)
    line.settle()
    (row,) = dead_of(line)
    retry_dead(line.tawkee, row["id"])
    line.settle()
    assert line.provider.texts()[-1] == "Sou eu"


def test_dead_webhook_is_shown_and_discarded_with_a_trace(line: Line) -> None:
    headers = {"x-echo-secret": line.channel.webhook_secret}
    assert line.running.post(line.channel, b'{"no": "events"}', headers) == BadPayload.status
    (row,) = dead_of(line)
    assert bytes(show_dead(row["id"])["body"]) == b'{"no": "events"}'
    (step,) = trace_message(row["id"])
    assert (step.what, step.did, step.told["state"]) == ("webhook", "kept", "dead") and step.told["reason"]
    assert retry_dead(line.tawkee, row["id"]) == "event"
    run("update inbound_event set state = 'dead' where id = %s", (row["id"],))
    assert discard_dead(row["id"]) == "event"
    (event,) = line.events()
    assert event.state == "ignored" and event.reason.startswith("discarded: ")
    assert audited(line) == ["event.retry", "event.discard"]
    with pytest.raises(NotFound):
        discard_dead(row["id"])


def test_training_that_failed_is_tried_again_and_left_to_its_owner(line: Line) -> None:
    id = new_id()
    run(
        "insert into training (id, workspace_id, agent_id, type, text, status, error, attempts)"
        " values (%s, %s, %s, 'TEXT', 'Abrimos às 9h.', 'FAILED', 'vectors_down', 8)",
        (id, line.company.workspace_id, line.company.agent_id),
    )
    (row,) = dead_of(line)
    assert (row["kind"], row["reason"], row["attempts"]) == ("training", "vectors_down", 8)
    assert show_dead(id)["text"] == "Abrimos às 9h."
    with pytest.raises(Conflict) as caught:
        discard_dead(id)
    assert caught.value.slug == "not_discardable"
    assert retry_dead(line.tawkee, id) == "training"
    (row,) = run("select status, attempts, error from training where id = %s", (id,))
    assert tuple(row) == ("PENDING", 0, "")
    assert audited(line) == ["training.retry"]
    with pytest.raises(NotFound):
        retry_dead(line.tawkee, id)
    run("update training set deleted_at = now(), next_at = now() + interval '1 day' where id = %s", (id,))


def life(steps: list[Step], *whats: str) -> list[str]:
    """What happened, in order, of these kinds of steps or of all."""
    return [f"{step.what} {step.did}" for step in steps if not whats or step.what in whats]


def test_life_of_a_message_is_told_from_its_webhook_to_its_provider(line: Line) -> None:
    provider_id = line.say("segredo")
    line.settle()
    (answer,) = line.messages("out")
    for state in ("delivered", "read"):
        line.post({"type": "status", "state": state, "id": answer.provider_message_id})
    steps = trace_message(provider_id)
    assert life(steps) == [
        "webhook kept", "message stored", "turn opened", "turn claimed", "model chat", "message queued",
        "sending tried", "sending sent", "turn done", "status delivered", "status read",
    ]  # fmt: skip
    assert [step.at for step in steps] == sorted(step.at for step in steps)
    (call,) = [step for step in steps if step.what == "model"]
    assert call.told["outcome"] == "answered" and call.told["tokens_out"] > 0
    assert "segredo" not in str(steps)


def test_life_is_found_by_any_id_of_it(line: Line) -> None:
    provider_id = line.say()
    line.settle()
    (answer,), (turn,), (event,) = line.messages("out"), line.turns(), line.events()
    whole = trace_message(provider_id)
    for id in (line.messages("in")[0].id, answer.id, answer.provider_message_id, turn.id, line.outbounds()[0].id):
        assert trace_message(id) == whole
    assert trace_message(event.id) == whole
    for unknown in ("nothing", "01890000-0000-7000-8000-000000000000"):
        with pytest.raises(NotFound):
            trace_message(unknown)


def test_life_tells_each_try_that_failed_and_why(line: Line) -> None:
    line.provider.fail_with.extend([NotSent("no route"), Refused("not on WhatsApp")])
    line.say()
    line.start()
    line.rest()
    line.pass_time()
    line.settle()
    retry_dead(line.tawkee, line.outbounds()[0].id)
    line.settle()
    steps = [step for step in trace_message(line.outbounds()[0].id) if step.what == "sending"]
    assert [step.did for step in steps] == ["tried", "tried", "dead, and sent again by hand", "tried", "sent"]
    assert [step.told.get("then") for step in steps[:2]] == ["pending", "dead"]
    assert "no route" in steps[0].told["error"] and "not on WhatsApp" in steps[1].told["error"]
    assert [step.told.get("attempt") for step in steps[:2]] == [1, 2]


def test_life_tells_of_lost_workers_and_of_answers_that_were_dropped(line: Line) -> None:
    gate = hold_model(line)
    line.say()
    line.start()
    wait_until(lambda: line.model.asked)
    line.pass_time()  # its lease is over, and another worker takes it
    claim_turns(line.tawkee.settings, "another", 10)
    gate.set()
    line.rest()
    line.pass_time()
    line.settle()
    steps = trace_message(line.turns()[0].id)
    assert life(steps, "turn").count("turn its worker was lost") == 2
    assert life(steps, "model") == ["model chat", "model chat"], "the answer that was not used is told, too"
    assert line.provider.texts() == ["echo: oi"]


def test_life_tells_who_took_the_chat(line: Line) -> None:
    gate = hold_model(line)
    line.say()
    line.start()
    wait_until(lambda: line.model.asked)
    take_over(line.tawkee, line.company.workspace_id, line.chat.id, line.company.user_id)
    gate.set()
    line.rest()
    steps = trace_message(line.messages("in")[0].id)
    assert life(steps, "hands", "sending") == ["hands to the human"]
    (turn,) = [step for step in steps if step.did == "cancelled"]
    assert turn.told["reason"] == "taken over"
    silent = line.say("alguém?")
    assert life(trace_message(silent)) == ["hands to the human", "webhook kept", "message stored"]
    hand_back(line.tawkee, line.company.workspace_id, line.chat.id, line.company.user_id)
    line.settle()
    told = life(trace_message(silent), "hands", "note", "sending")
    assert told == ["hands to the human", "hands to the ai", "note written", "sending tried", "sending sent"]


def test_steps_of_a_sending_that_waits_for_weeks_are_few(line: Line) -> None:
    line.say()
    line.settle()
    (sending,) = line.outbounds()
    note = "update outbound set steps = add_step(steps, jsonb_build_object('did', %s::text)) where id = %s"
    for number in range(60):
        run(note, (str(number), sending.id))
    steps = [step["did"] for step in line.outbounds()[0].steps]
    assert steps == [str(number) for number in (*range(20), *range(40, 60))]


def test_commands_tell_people_and_programs(line: Line, config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAWKEE_DATABASE_URL", config["database_url"])
    monkeypatch.setenv("TAWKEE_REDIS_URL", config["redis_url"])
    id = kill_turn(line)

    def call(*words: str) -> str:
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 0, done.output
        return done.output

    assert id in call("dead", "list")
    assert id in {json.loads(row)["id"] for row in call("dead", "list", "--json", "--kind", "turn").splitlines()}
    assert json.loads(call("dead", "show", id))["reason"] == "the model fails"
    assert call("dead", "discard", id) == f"turn {id} is discarded\n"
    other = kill_turn(line)
    again = CliRunner().invoke(main, ("dead", "discard", id, "no id", other))
    assert again.exit_code == 1 and again.output.count("Nothing dead has this id") == 2
    assert f"turn {other} is discarded\n" in again.output, "one that cannot be done keeps none of the others"
    message_id = line.messages("in")[0].id
    assert [json.loads(row)["did"] for row in call("trace", message_id, "--json").splitlines()].count("opened") == 1
    assert "webhook" in call("trace", message_id)
