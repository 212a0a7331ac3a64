"""One process's threads, and who leads."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg2
import pytest
from rq import Queue

from tawkee_core.context import Tawkee
from tawkee_core.conversation.turns import claim_turns
from tawkee_core.db import run
from tawkee_core.errors import NotSent, Unavailable
from tawkee_core.work.dispatch import QUEUE, Dispatcher, redis_for_work
from tawkee_core.work.kinds import KINDS, Kind, find_due
from tawkee_core.work.leader import Leadership
from tawkee_core.work.pool import Pool
from tawkee_core.work.share import Share
from tests.lines import Line, hold_model, hold_provider, in_parallel, wait_until, waits_for_lock

OTHER = "'another worker '"


def test_one_hint_is_enough_for_more_turns_than_threads(line: Line) -> None:
    """Whatever waited for a thread is taken as soon as one is free, without another hint."""
    count = line.running.pool.threads * 3
    for number in range(count):
        line.say(f"oi {number}", f"person-{number}")
    line.start("turns", count)
    wait_until(lambda: len(line.provider.sent) == count)
    line.rest()
    assert [t.state for t in line.turns()] == ["done"] * count


def test_what_is_due_anew_is_told_anew_and_what_is_only_still_due_is_not(line: Line) -> None:
    """A reply that the contact's next words put off must not wait until its old hint counts as lost. Among a thousand
    workers, this one's share of one turn is none, so that it tells the others."""
    run(
        f"insert into heartbeat (name, kind, data) select {OTHER} || n, 'worker', '{{}}' from generate_series(1, 999) n"
    )
    dispatcher = Dispatcher(line.running.pool)
    queue = Queue(QUEUE, connection=redis_for_work(line.tawkee.settings))
    dispatcher.tell_due()
    queue.delete(delete_jobs=True)
    line.say()
    counts = []
    for due in ("due_at", "due_at", "now()"):
        run(f"update turn set due_at = {due} where chat_id = %s", (line.chat.id,))
        dispatcher.tell_due()
        counts.append(queue.count)
    queue.delete(delete_jobs=True)
    run(f"delete from heartbeat where name like {OTHER} || '%%'")
    assert counts == [1, 1, 2]


def test_a_lone_worker_begins_what_is_due_without_redis(line: Line) -> None:
    dispatcher = Dispatcher(line.running.pool)
    queue = Queue(QUEUE, connection=redis_for_work(line.tawkee.settings))
    queue.delete(delete_jobs=True)
    line.say()
    dispatcher.tell_due()
    wait_until(lambda: line.provider.texts() == ["echo: oi"])
    assert queue.count == 0


def test_a_turn_whose_place_another_took_waits_for_no_third(line: Line) -> None:
    """Of two turns the older may be committed later. It is claimed for the younger, which was seen; left so, each turn
    would begin when the next one came, and the last after five seconds."""
    dispatcher = Dispatcher(line.running.pool)
    line.say("eu", "younger")
    dispatcher._told = {(row.id, row.since): time.monotonic() for row in find_due()}
    dispatcher.tell_due()
    wait_until(lambda: line.provider.texts() == ["echo: eu"], 3)


def test_a_turn_is_shared_equally_and_never_beyond_the_threads(line: Line) -> None:
    run(f"insert into heartbeat (name, kind, data) values ({OTHER} || 1, 'worker', '{{}}')")
    share = Share(30.0)
    assert [share.take(1, 10) for _ in range(4)] == [0, 1, 0, 1]
    assert (share.take(10, 10), share.take(10, 2)) == (5, 2)
    run(f"delete from heartbeat where name like {OTHER} || '%%'")


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


def test_claims_at_the_same_time_take_no_more_than_there_are_threads(line: Line) -> None:
    """What is claimed and has no thread waits for one here, while another worker may have threads free."""
    gate, threads = hold_model(line), line.running.pool.threads
    for number in range(threads + 5):
        line.say(sender=f"person-{number}")
    locker = psycopg2.connect(line.tawkee.settings.database_url)
    locker.cursor().execute("lock table turn in exclusive mode")
    with ThreadPoolExecutor(2) as callers:
        both = [callers.submit(line.start, "turns", threads) for _ in range(2)]
        wait_until(lambda: waits_for_lock(line))
        locker.close()
        assert sorted(one.result(30) for one in both) == [0, threads]
    assert sorted(t.state for t in line.turns()) == ["collecting"] * 5 + ["running"] * threads
    gate.set()
    wait_until(lambda: len(line.provider.sent) == threads + 5)


def test_who_finds_threads_kept_in_vain_is_served_when_they_are_not(line: Line) -> None:
    """All threads are kept for turns of which there is none, just when there is a message to be sent."""
    line.say()
    line.provider.fail_with.append(NotSent("no route"))
    line.start()
    line.rest()
    line.pass_time()
    pool = line.running.pool
    assert "sends" in {row.kind for row in find_due()}
    locker = psycopg2.connect(line.tawkee.settings.database_url)
    locker.cursor().execute("lock table turn in access exclusive mode")
    with ThreadPoolExecutor(1) as caller:
        vain = caller.submit(pool.drain, "turns", pool.threads)
        wait_until(lambda: waits_for_lock(line))
        assert pool.drain("sends", 1) == 0
        locker.close()
        assert vain.result(30) == 0
    wait_until(lambda: line.provider.texts() == ["echo: oi"], 3)


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


def test_machine_that_gives_no_threads_is_heard_of_before_anything_is_claimed(line: Line) -> None:
    """Turns claimed for threads that cannot be had would wait for their lease, three times, and then be dead."""
    line.say()
    small = threading.stack_size(2**46)
    try:
        with pytest.raises(Unavailable, match="TAWKEE_WORKER_THREADS"):
            Pool(line.running.app, 4).drain("turns", 1)
    finally:
        threading.stack_size(small)
    assert [t.state for t in line.turns()] == ["collecting"]


def test_looking_again_and_again_keeps_nobody_busy(line: Line) -> None:
    """Without Redis the dispatcher looks for work of every kind a few times a second. What it finds kept for another's
    claim it asks for again by itself; had it to be served, its asking alone would keep the other claiming for ever."""
    began = threading.Event()

    def claim_slowly(tawkee: Tawkee, worker: str, count: int) -> list[Any]:
        began.set()
        time.sleep(0.02)
        return []

    pool, rounds = Pool(line.running.app, 4), 0
    slow = {name: Kind(name, claim_slowly, lambda tawkee, item: None) for name in "abcdefgh"}
    KINDS.update(slow)
    try:
        with ThreadPoolExecutor(1) as caller:
            looking = caller.submit(pool.drain_all)
            began.wait(10)
            while not looking.done() and rounds < 500:
                pool.drain_all()
                time.sleep(0.005)
                rounds += 1
    finally:
        pool.stop(5)
        for name in slow:
            del KINDS[name]
    assert rounds < 500


def test_kind_whose_claim_fails_keeps_no_other_from_its_threads(line: Line) -> None:
    def fail(tawkee: Tawkee, worker: str, count: int) -> list[Any]:
        raise RuntimeError("no such table")

    pool = Pool(line.running.app, 4)
    others = dict(KINDS)
    KINDS.clear()
    KINDS.update({"broken": Kind("broken", fail, lambda tawkee, item: None)} | others)
    line.say()
    try:
        assert pool.drain_all() >= 1
    finally:
        pool.stop(5)
        del KINDS["broken"]
    assert line.provider.texts() == ["echo: oi"]


def test_stopping_gives_back_who_thinks_and_waits_for_who_sends(line: Line) -> None:
    pool = Pool(line.running.app, 4)
    release = hold_provider(line)
    line.say("oi", "ana")
    pool.drain("turns", 1)
    wait_until(lambda: [o.state for o in line.outbounds()] == ["sending"])
    hold_model(line)
    line.say("oi", "bia")
    pool.drain("turns", 1)
    wait_until(lambda: line.model.waiting == 1)
    with ThreadPoolExecutor(1) as executor:
        stopping = executor.submit(pool.stop, 8.0)
        wait_until(lambda: [turn.state for turn in line.turns()] == ["replying", "collecting"])
        release.set()
        assert stopping.result(20) == 1
    assert [o.state for o in line.outbounds()] == ["sent"]
