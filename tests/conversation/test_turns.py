"""Turns between workers: claimed by one, kept by a lease, recovered, given back, buried; an outdated worker changes
nothing."""

from functools import partial
from typing import Any

from tawkee_core.conversation.reply import run_turn
from tawkee_core.conversation.turns import (
    ClaimedTurn,
    bury_poison,
    claim_turns,
    extend_leases,
    fail_turn,
    give_back,
)
from tawkee_core.db import run
from tawkee_core.errors import ModelDown
from tests.lines import Line, close_breakers, hold_model, in_parallel, wait_until


def claim(line: Line, worker: str = "w1", count: int = 50) -> list[ClaimedTurn]:
    return claim_turns(line.tawkee.settings, worker, count)


def lose_lease(line: Line) -> None:
    run("update turn set lease_until = now() - interval '1 s' where workspace_id = %s", (line.company.workspace_id,))


def the_turn(line: Line) -> Any:
    (turn,) = line.turns()
    return turn


def test_workers_at_once_claim_every_turn_once(line: Line) -> None:
    for number in range(30):
        line.say(sender=f"person-{number}")
    claimed = in_parallel([partial(claim, line, f"w{n}", 10) for n in range(8)])
    ids = [turn.id for turns in claimed for turn in turns]
    assert len(ids) == len(set(ids)) == 30


def test_chat_has_one_active_turn_while_another_collects(line: Line) -> None:
    line.say("um")
    (first,) = claim(line)
    line.say("dois")
    assert claim(line, "w2") == []
    assert sorted(t.state for t in line.turns()) == ["collecting", "running"]
    assert run_turn(line.tawkee, first) == "superseded"


def test_outdated_worker_result_is_dropped(line: Line) -> None:
    line.say()
    (slow,) = claim(line, "slow")
    lose_lease(line)
    (quick,) = claim(line, "quick")
    assert (quick.id, quick.fence, quick.recoveries) == (slow.id, slow.fence + 1, 1)
    assert run_turn(line.tawkee, quick) == "committed"
    assert run_turn(line.tawkee, slow) == "fenced"
    assert line.provider.texts() == ["echo: oi"]


def test_two_workers_that_end_together_answer_once(line: Line) -> None:
    line.say()
    (one,) = claim(line, "one")
    lose_lease(line)
    (other,) = claim(line, "other")
    states = in_parallel([lambda: run_turn(line.tawkee, one), lambda: run_turn(line.tawkee, other)])
    assert sorted(states) == ["committed", "fenced"]
    assert line.provider.texts() == ["echo: oi"]


def test_outdated_worker_that_fails_leaves_the_newer_turn_alone(line: Line) -> None:
    """Giving up a turn takes in the newer one of its chat; who does not own the turn any more must not."""
    line.say("um")
    (slow,) = claim(line, "slow")
    lose_lease(line)
    (quick,) = claim(line, "quick")
    assert run_turn(line.tawkee, quick) == "committed"
    line.say("dois")
    assert fail_turn(line.tawkee.settings, slow, "its model failed") == "fenced"
    give_back([slow])
    line.settle()
    assert line.provider.texts() == ["echo: um", "echo: dois"]


def test_lease_is_kept_by_its_owner_only(line: Line) -> None:
    line.say()
    (turn,) = claim(line, "w1")
    lose_lease(line)
    extend_leases(line.tawkee.settings, "w2", [turn.id])
    assert run("select lease_until < now() as lost from turn where id = %s", (turn.id,))[0].lost
    extend_leases(line.tawkee.settings, "w1", [turn.id])
    assert not run("select lease_until < now() as lost from turn where id = %s", (turn.id,))[0].lost


def test_turn_whose_workers_die_three_times_waits_for_a_person(line: Line) -> None:
    line.say()
    for worker in ("w1", "w2", "w3"):
        assert len(claim(line, worker)) == 1
        lose_lease(line)
    assert claim(line, "w4") == []
    line.say("alô?")
    bury_poison()
    states = {t.state: t.reason for t in line.turns()}
    assert states["dead"]
    assert (line.chat.status, line.chat.owner) == ("waiting", "human")
    assert line.chat.attention
    assert claim(line, "w5") == []


def test_turn_given_back_is_claimed_at_once_and_counts_no_attempt(line: Line) -> None:
    line.say()
    give_back(claim(line))
    (again,) = claim(line, "w2")
    assert (again.attempts, again.recoveries) == (1, 0)
    assert run_turn(line.tawkee, again) == "committed"


def test_failing_turn_is_tried_later_and_then_a_person_is_asked(line: Line) -> None:
    line.say()
    for attempt in range(1, 6):
        line.model.script.extend([ModelDown("no answer")] * 2)
        line.start()
        line.rest()
        close_breakers()
        assert the_turn(line).attempts == attempt
        assert line.start() == 0 or attempt == 5, "it waits before it tries again"
        line.pass_time()
    assert the_turn(line).state == "dead"
    assert "no answer" in the_turn(line).reason
    assert (line.chat.status, line.provider.sent) == ("waiting", [])
    assert run("select status from interaction where chat_id = %s", (line.chat.id,))[0].status == "WAITING"


def test_old_turn_is_given_up(line: Line) -> None:
    line.say()
    run("update turn set created_at = now() - interval '1 hour' where chat_id = %s", (line.chat.id,))
    line.model.script.extend([ModelDown("no answer")] * 2)
    line.start()
    line.rest()
    assert the_turn(line).state == "dead"


def test_message_during_a_failing_turn_is_answered_with_it(line: Line) -> None:
    gate = hold_model(line)
    line.model.script.extend([ModelDown("no answer")] * 2)
    line.say("um")
    line.start()
    wait_until(lambda: line.model.waiting == 1)
    line.say("dois")
    gate.set()
    line.rest()
    assert (the_turn(line).state, the_turn(line).from_seq, the_turn(line).upto_seq) == ("collecting", 1, 2)
    line.pass_time()
    line.settle()
    assert line.provider.texts() == ["echo: um | dois"]
