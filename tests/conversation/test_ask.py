"""Models that fail, hang or talk nonsense: asked once more, then the fallback, then later, then a person."""

import time
from typing import Any

import pytest

from tawkee_core import hookimpl
from tawkee_core.conversation.ask import Budget, Question, ask_models, breaker
from tawkee_core.conversation.breaker import FAILURES, Breaker
from tawkee_core.conversation.tools import TRANSFER
from tawkee_core.db import run
from tawkee_core.errors import ModelBusy, ModelDown, ModelError, ModelNonsense, ModelRefused
from tawkee_core.plugins import Plugins
from tawkee_core.settings import Settings
from tawkee_core.testing.echo_model import ECHO, OTHER, EchoModel
from tawkee_core.types import Agent, Completion, Model, ModelMessage, ModelOptions, ToolCall
from tests.lines import Line


def question(**settings: Any) -> Question:
    agent = Agent("a", "w", "Ana", "SUPPORT", "NORMAL", "", "", "", "", "ACTIVE", settings)
    return Question(agent, [ModelMessage("user", "oi")], [], [TRANSFER])


def ask(line: Line, *script: Any, seconds: float = 45.0, **settings: Any) -> tuple[str, list[tuple[str, str]]]:
    """What is answered, and the calls made: (model, outcome)."""
    line.model.script.extend(script)
    budget = Budget(seconds)
    try:
        text = ask_models(line.tawkee, question(**settings), budget).text
    except ModelError as error:
        text = f"{error.slug}!"
    return text, [(call.model, call.outcome) for call in budget.calls]


def test_model_that_answers_is_asked_once(line: Line) -> None:
    assert ask(line) == ("echo: oi", [(ECHO, "answered")])


def test_model_that_was_down_is_asked_once_more(line: Line) -> None:
    assert ask(line, ModelDown("502")) == ("echo: oi", [(ECHO, "model_down"), (ECHO, "answered")])


@pytest.mark.parametrize("error", [ModelDown("502"), ModelNonsense("<html>"), Completion("  ")])
def test_fallback_is_asked_after_two_failures(line: Line, error: Any) -> None:
    text, calls = ask(line, error, error, fallback_model=OTHER)
    assert (text, [model for model, _ in calls]) == ("echo: oi", [ECHO, ECHO, OTHER])


@pytest.mark.parametrize("error", [ModelRefused("no quota"), ModelBusy("429")])
def test_model_that_refuses_is_not_asked_again(line: Line, error: ModelError) -> None:
    text, calls = ask(line, error, fallback_model=OTHER)
    assert (text, [model for model, _ in calls]) == ("echo: oi", [ECHO, OTHER])


def test_unknown_model_falls_back(line: Line) -> None:
    text, calls = ask(line, preferred_model="gone/model", fallback_model=OTHER)
    assert (text, calls[0]) == ("echo: oi", ("gone/model", "unknown_model"))


def test_fault_of_a_plugin_falls_back(line: Line) -> None:
    def crash(messages: Any) -> Completion:
        raise KeyError("choices")

    text, calls = ask(line, crash, crash, fallback_model=OTHER)
    assert (text, [model for model, _ in calls]) == ("echo: oi", [ECHO, ECHO, OTHER])


def test_call_of_a_tool_that_was_not_offered_is_nonsense(line: Line) -> None:
    invented = Completion("", (ToolCall("1", "delete_everything", {}),))
    assert ask(line, invented) == ("echo: oi", [(ECHO, "model_nonsense"), (ECHO, "answered")])


class BrokenList:
    @hookimpl
    def model_list(self) -> list[Model]:
        raise RuntimeError("no network")


def test_plugin_that_cannot_list_its_models_stops_no_other() -> None:
    plugins = Plugins()
    plugins.register(BrokenList(), "a_broken")
    plugins.register(EchoModel(), "echo_model")
    answer = plugins.model(Settings(), ECHO).model_complete(
        settings=Settings(),
        agent=question().agent,
        model=ECHO,
        messages=question().messages,
        passages=[],
        tools=[],
        options=ModelOptions(),
    )
    assert answer is not None
    assert answer.text == "echo: oi"


def test_no_model_is_begun_without_time_left(line: Line) -> None:
    assert ask(line, seconds=2.0) == ("model_down!", [])


def test_second_try_needs_time_left_and_the_fallback_less(line: Line) -> None:
    text, calls = ask(line, ModelDown("slow"), fallback_model=OTHER, seconds=8.0)
    assert (text, [model for model, _ in calls]) == ("echo: oi", [ECHO, OTHER])


def test_call_is_given_no_more_than_the_time_left(line: Line) -> None:
    ask(line, seconds=5.0)
    assert line.model.options[-1].timeout <= 5.0


def test_model_that_keeps_failing_is_left_alone_for_a_while(line: Line) -> None:
    for _ in range(FAILURES):
        ask(line, ModelBusy("429"))
    assert breaker.open_names() == [ECHO]
    assert ask(line) == ("model_down!", [])
    assert ask(line, fallback_model=OTHER) == ("echo: oi", [(OTHER, "answered")])


def test_turn_waits_without_counting_while_no_model_may_be_asked(line: Line) -> None:
    """An outage of minutes is waited out; a person is asked when it lasts."""
    for _ in range(FAILURES):
        breaker.failed(ECHO)
    line.say()
    for _ in range(7):
        line.pass_time()
        line.start()
        line.rest()
    (turn,) = line.turns()
    assert (turn.state, turn.attempts) == ("collecting", 0)
    breaker.succeeded(ECHO)
    line.pass_time()
    line.settle()
    assert line.provider.texts() == ["echo: oi"]


def test_tenants_own_refusals_open_no_circuit(line: Line) -> None:
    for _ in range(FAILURES + 1):
        ask(line, ModelRefused("invalid key"))
    assert breaker.open_names() == []


def test_circuit_lets_one_probe_through_and_closes() -> None:
    circuits = Breaker(open_seconds=0.05)
    for _ in range(FAILURES):
        circuits.failed("m")
    assert not circuits.allows("m")
    time.sleep(0.06)
    assert [circuits.allows("m") for _ in range(3)] == [True, False, False]
    circuits.failed("m")
    assert not circuits.allows("m")
    time.sleep(0.11)
    assert circuits.allows("m")
    circuits.succeeded("m")
    assert [circuits.allows("m") for _ in range(3)] == [True] * 3


def test_every_call_is_accounted_for_also_of_a_turn_that_fails(line: Line) -> None:
    line.model.script.extend([ModelDown("502"), ModelDown("502")])
    line.say()
    line.start()
    line.rest()
    line.pass_time()
    line.settle()
    rows = run(
        "select model, outcome, tokens_in, agent_id, turn_id from usage where workspace_id = %s order by id",
        (line.company.workspace_id,),
    )
    assert [row.outcome for row in rows] == ["model_down", "model_down", "answered"]
    assert {(row.model, row.agent_id, row.turn_id) for row in rows} == {
        (ECHO, line.company.agent_id, line.turns()[0].id)
    }
    assert rows[-1].tokens_in == 10
