"""One process's threads, and who leads."""

import time

from tawkee_core.conversation.turns import claim_turns
from tawkee_core.db import run
from tawkee_core.work.kinds import find_due
from tawkee_core.work.leader import Leadership
from tests.lines import Line, hold_model, in_parallel, wait_until


def test_one_hint_is_enough_for_more_turns_than_threads(line: Line) -> None:
    """Whatever waited for a thread is taken as soon as one is free, without another hint."""
    count = line.running.pool.threads * 3
    for number in range(count):
        line.say(f"oi {number}", f"person-{number}")
    line.start("turns", count)
    wait_until(lambda: len(line.provider.sent) == count)
    line.rest()
    assert [t.state for t in line.turns()] == ["done"] * count


def test_no_more_is_claimed_than_there_are_threads(line: Line) -> None:
    gate = hold_model(line)
    threads = line.running.pool.threads
    for number in range(threads + 5):
        line.say(sender=f"person-{number}")
    assert line.start("turns", threads + 5) == threads
    assert line.start("turns", 5) == 0
    assert sorted(t.state for t in line.turns()) == ["collecting"] * 5 + ["running"] * threads
    gate.set()
    wait_until(lambda: len(line.provider.sent) == threads + 5)


def test_turn_over_its_time_loses_its_lease_and_another_answers(line: Line) -> None:
    gate = hold_model(line)
    line.say()
    line.start()
    wait_until(lambda: line.model.waiting == 1)
    pool = line.running.pool
    pool._end_overdue(0.0)  # what the heartbeat does after the turn's budget
    assert pool._turns() == [], "its lease is kept no longer"
    line.pass_time()
    (again,) = claim_turns(line.tawkee.settings, "another", 1)
    assert again.recoveries == 1
    gate.set()
    line.rest()
    assert line.provider.sent == [], "the thread ended when it came back"
    assert pool.free == pool.threads


def test_due_work_is_found_once_each(line: Line) -> None:
    line.say()
    (turn,) = line.turns()
    assert [row.kind for row in find_due() if row.id == turn.id] == ["turns"]
    line.settle()
    assert turn.id not in {row.id for row in find_due()}


def test_one_leads_until_its_lease_ends(line: Line) -> None:
    run("delete from leader where name = 'test'")
    one, other = Leadership("test", "one", 0.6), Leadership("test", "other", 0.6)
    assert (one.held(), other.held()) == (True, False)
    time.sleep(0.25)
    assert one.held(), "it renews"
    time.sleep(0.7)
    assert other.held(), "the lease ended"
    assert not one.held()
    other.resign()
    assert Leadership("test", "third", 0.6).held()


def test_of_many_at_once_one_leads(line: Line) -> None:
    run("delete from leader where name = 'race'")
    candidates = [Leadership("race", f"candidate-{number}", 30.0) for number in range(8)]
    assert sorted(in_parallel([candidate.held for candidate in candidates])) == [False] * 7 + [True]
