"""The checker of the chaos runs: a good history breaks no rule, and each rule is broken by one."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from benchmarks.chaos.checker import RULES, Case, check
from benchmarks.chaos.figures import describe
from benchmarks.chaos.final import Final, Row, TurnRow
from benchmarks.chaos.history import Blow, Handover, History, Request, Said, Thought
from benchmarks.chaos.profiles import Profile


def good() -> Case:
    """Two messages, each answered in two parts by a turn of its own; a takeover between, handed back."""
    history = History(
        said=[Said(1, 1, "c1-m1", 10.0, 10.1), Said(1, 2, "c1-m2", 20.0, 20.1)],
        thoughts=[Thought(1, [1], 10.2, "r1", 10.5, "answered"), Thought(1, [2], 20.2, "r2", 20.5, "answered")],
        handovers=[Handover(1, "takeover", 15.0, 15.1, 0), Handover(1, "handback", 17.0, 17.1)],
        requests=[
            sent("a", "r1", 1, 10.6),
            sent("b", "r1", 2, 10.7),
            sent("c", "r2", 1, 20.6),
            sent("d", "r2", 2, 20.7),
        ],
    )
    messages = [
        row("1", 1, "in"),
        row("a", 2),
        row("b", 3),
        row("2", 4, "in"),
        row("c", 5, turn="t2"),
        row("d", 6, turn="t2"),
    ]
    turns = [TurnRow("t1", 1, "done", "", 1, 1, 0), TurnRow("t2", 1, "done", "", 4, 4, 0)]
    return Case(history, Final(messages, turns), Profile(recovery=35.0, unconfirmed=0, refused=0), lease=4.0)


def sent(client_id: str, reply: str, part: int, start: float) -> Request:
    text = f"{reply} {part}/2 bom dia"
    return Request(1, "opaque", client_id, start, text, reply, part, 2, accepted=True, end=start + 0.05)


def row(id: str, seq: int, direction: str = "out", status: str = "sent", turn: str = "t1") -> Row:
    if direction == "in":
        return Row(id, 1, seq, "in", "contact", "received", "", f"c1 m{id}", 0.0, "")
    return Row(id, 1, seq, "out", "agent", status, turn, "", 10.55 if seq < 4 else 20.55, status)


def set_status(case: Case, id: str, status: str) -> None:
    case.final.messages = [replace(m, status=status) if m.id == id else m for m in case.final.messages]


def lose(case: Case) -> None:
    del case.final.messages[3]


def store_twice(case: Case) -> None:
    case.final.messages.append(replace(case.final.messages[0], id="9", seq=7))


def leave_open(case: Case) -> None:
    case.final.open.append("turn of c1: collecting ")


def forget_turn(case: Case) -> None:
    del case.final.turns[0]
    case.history.handovers.clear()


def leave_last(case: Case) -> None:
    case.final.turns[1] = replace(case.final.turns[1], state="cancelled")
    case.final.messages[4:] = []


def send_twice(case: Case) -> None:
    case.history.requests.append(sent("d", "r2", 2, 21.0))


def answer_again(case: Case) -> None:
    case.history.thoughts[1].numbers.append(1)
    case.history.handovers.clear()


def claim_sent(case: Case) -> None:
    case.history.requests[3].accepted = False


def swap_parts(case: Case) -> None:
    case.history.requests[2].start, case.history.requests[3].start = 20.7, 20.6


def swap_places(case: Case) -> None:
    case.final.messages[0] = replace(case.final.messages[0], seq=4)
    case.final.messages[3] = replace(case.final.messages[3], seq=1)


def speak_over_person(case: Case) -> None:
    case.history.requests[1].start = 15.5


def try_again_after_takeover(case: Case) -> None:
    """Announced as on its way, which the first try was; the second is not excused."""
    case.history.handovers[0].in_flight = 1
    case.history.requests[1].start = 15.5
    case.history.requests.append(replace(sent("b", "r1", 2, 14.9), accepted=False, fault="error"))
    set_intent(case, "b", 15.4)


def set_intent(case: Case, id: str, at: float) -> None:
    case.final.messages = [replace(m, intent_at=at) if m.id == id else m for m in case.final.messages]


def leave_unconfirmed(case: Case) -> None:
    set_status(case, "d", "unconfirmed")
    case.profile = replace(case.profile, unconfirmed=None)


def leave_untidy(case: Case) -> None:
    case.final.untidy.append("a lock left held: advisory")


BREAKS: dict[str, Callable[[Case], None]] = {
    "lost": lose,
    "stored_twice": store_twice,
    "stuck": leave_open,
    "unended": forget_turn,
    "unheard": leave_last,
    "doubled": send_twice,
    "answered_twice": answer_again,
    "phantom": claim_sent,
    "disordered": swap_parts,
    "misplaced": swap_places,
    "after_takeover": speak_over_person,
    "unexplained": leave_unconfirmed,
    "untidy": leave_untidy,
}


def broken(case: Case) -> set[str]:
    return {violation.rule.replace(" ", "_") for violation in check(case)}


def test_good_history_breaks_no_rule() -> None:
    case = good()
    assert check(case) == []
    told = describe(case)
    assert told["messages"] == {"posted": 2, "acknowledged": 2}
    assert told["outcomes"] == {"answered": 2}


@pytest.mark.parametrize("rule", [rule.__name__ for rule in RULES])
def test_each_rule_can_be_broken(rule: str) -> None:
    case = good()
    BREAKS[rule](case)
    assert rule in broken(case)


def test_second_try_after_a_takeover_is_not_excused_by_the_first() -> None:
    case = good()
    try_again_after_takeover(case)
    assert broken(case) == {"after_takeover"}


def test_second_try_that_was_begun_before_the_takeover_may_leave() -> None:
    case = good()
    try_again_after_takeover(case)
    case.history.requests[1].start = 15.2
    set_intent(case, "b", 15.05)
    assert check(case) == []
    case.history.handovers[0].in_flight = 0
    assert broken(case) == {"after_takeover"}, "the takeover has to tell of it"


def test_what_a_takeover_told_to_be_leaving_may_leave() -> None:
    case = good()
    speak_over_person(case)
    case.history.handovers[0].in_flight = 1
    assert check(case) == []


def test_a_persons_words_end_what_was_given_up_and_not_what_was_forgotten() -> None:
    for state, rules in (("dead", set()), ("done", {"unended"})):
        case = good()
        person = replace(case.final.messages[1], author="person", turn="")
        case.final.messages[1:3] = [person]
        case.final.turns[0] = replace(case.final.turns[0], state=state)
        case.history.thoughts.pop(0)
        case.history.requests[:2] = [replace(case.history.requests[0], reply="", part=0, parts=0)]
        assert broken(case) == rules


def test_unconfirmed_is_explained_by_a_lost_answer_and_by_a_kill() -> None:
    for explain in (
        lambda case: setattr(case.history.requests[3], "fault", "lost"),
        lambda case: case.history.blows.append(Blow("worker kill", 20.6)),
    ):
        case = good()
        leave_unconfirmed(case)
        explain(case)
        assert check(case) == []


def test_unanswered_message_of_a_person_is_theirs() -> None:
    case = good()
    set_status(case, "a", "cancelled")
    set_status(case, "b", "cancelled")
    case.final.turns[0] = replace(case.final.turns[0], state="cancelled")
    del case.history.requests[:2]
    assert check(case) == []
    assert describe(case)["outcomes"] == {"person": 1, "answered": 1}


@pytest.mark.parametrize(("name", "after"), [("recovery", 36.0), ("recovery", 34.0)])
def test_recovery_is_timed_from_the_kill_to_the_next_thought(name: str, after: float) -> None:
    case = good()
    case.history.blows.append(Blow("worker kill", 12.0, "worker-1"))
    case.history.thoughts[0] = Thought(1, [1], 11.9, "", 12.01, "gone")
    case.history.thoughts[1].start = 12.0 + after
    assert (name in broken(case)) is (after > 35.0)


def test_refused_webhooks_and_unconfirmed_are_bounded_where_the_profile_says_so() -> None:
    case = good()
    case.history.refused.append("503")
    case.history.requests[3].fault = "lost"
    set_status(case, "d", "unconfirmed")
    assert broken(case) == {"refused", "unconfirmed"}


def test_story_of_a_chat_is_told_in_order() -> None:
    story = good().history.about(1)
    assert story == sorted(story)
    assert len(story) == 2 + 2 + 4 + 4 + 4


@pytest.mark.parametrize(("recoveries", "rules"), [(0, {"unexplained"}), (1, set())])
def test_message_is_explained_by_a_worker_lost_at_an_earlier_try(recoveries: int, rules: set[str]) -> None:
    case = good()
    case.profile = Profile()
    case.history.requests.pop()
    case.history.blows.append(Blow("worker kill", 9.0))
    last = case.final.messages[-1]
    case.final.messages[-1] = replace(last, status="unconfirmed", recoveries=recoveries, written_at=9.5)
    assert broken(case) == rules
