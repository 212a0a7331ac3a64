"""What agents know: taught, found, told with its source, forgotten; unreachable knowledge costs no answer."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from tawkee_core import hookimpl
from tawkee_core.conversation.handover import hand_back, take_over
from tawkee_core.db import run
from tawkee_core.errors import ModelDown, Unavailable
from tawkee_core.models import new_id
from tawkee_core.testing.echo_channel import EchoChannel
from tawkee_core.testing.echo_model import EchoModel
from tawkee_core.testing.running import Company, Running, make_running
from tawkee_core.types import Embedding, Model, VectorMatch, VectorPoint
from tests.lines import Line, open_line

WORDS = ("preço", "horário", "endereço", "entrega")


@dataclass(eq=False)
class Memory:
    """Embeds by counting four words, and keeps vectors in a list; `failure` is raised by whatever is called next."""

    points: list[VectorPoint] = field(default_factory=list)
    failure: Exception | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fail(self) -> None:
        if self.failure is not None:
            raise self.failure

    @hookimpl
    def model_list(self) -> list[Model]:
        return [Model("memory/words", "Words", "Tests", kind="embedding")]

    @hookimpl
    def model_embed(self, texts: Sequence[str]) -> Embedding:
        self.fail()
        return Embedding([[float(text.lower().count(word)) for word in WORDS] for text in texts])

    @hookimpl
    def vectors_upsert(self, points: Sequence[VectorPoint]) -> bool:
        self.fail()
        with self.lock:
            self.points.extend(points)
        return True

    @hookimpl
    def vectors_search(self, workspace_id: str, agent_id: str, vector: Sequence[float]) -> list[VectorMatch]:
        """Every vector there is, of anybody: what may be told is the database's to say."""
        self.fail()
        scores = {p.id: sum(a * b for a, b in zip(p.vector, vector, strict=True)) for p in self.points}
        return [VectorMatch(id, score) for id, score in scores.items() if score > 0]

    @hookimpl
    def vectors_delete(self, training_id: str | None) -> bool:
        self.fail()
        with self.lock:
            self.points = [p for p in self.points if p.training_id != training_id]
        return True


@pytest.fixture(scope="module")
def memory() -> Memory:
    return Memory()


@pytest.fixture(scope="module")
def tawkee_plugins(echo_channel: EchoChannel, echo_model: EchoModel, memory: Memory) -> list[tuple[str, Any]]:
    return [("echo", echo_channel), ("echo_model", echo_model), ("memory", memory)]


@pytest.fixture(scope="module")
def tawkee(tawkee_config: dict[str, Any], tawkee_plugins: list[tuple[str, Any]]) -> Iterator[Running]:
    running = make_running(tawkee_config | {"vectors": "memory", "embedding": "memory/words"}, tawkee_plugins)
    yield running
    running.close()


@pytest.fixture
def line(tawkee: Running, echo_channel: EchoChannel, echo_model: EchoModel, memory: Memory) -> Iterator[Line]:
    memory.failure = None
    yield from open_line(tawkee, echo_channel, echo_model)
    memory.failure = None
    run("delete from training")
    memory.points.clear()


def teach(line: Line, text: str, company: Company | None = None, title: str = "") -> str:
    """A training that a worker has looked at; its id."""
    owner, training_id = company or line.company, new_id()
    run(
        "insert into training (id, workspace_id, agent_id, type, title, text) values (%s, %s, %s, 'TEXT', %s, %s)",
        (training_id, owner.workspace_id, owner.agent_id, title, text),
    )
    work(line)
    return training_id


def work(line: Line) -> None:
    run("update training set next_at = now(), lease_until = least(lease_until, now() - interval '1 s')")
    line.start("trainings")
    line.rest()


def training(training_id: str) -> Any:
    rows = run("select * from training where id = %s", (training_id,))
    return rows[0] if rows else None


def test_answer_is_given_the_passages_with_their_source(line: Line) -> None:
    teach(line, "O preço da bolsa é R$ 90.", title="Tabela")
    teach(line, "O horário é das 9 às 18.")
    line.say("qual o preço?")
    line.settle()
    (passages,) = line.model.passages
    assert [(p.text, p.source) for p in passages] == [("O preço da bolsa é R$ 90.", "Tabela")]
    assert "(Tabela) O preço da bolsa é R$ 90." in line.model.asked[0][0].content


def test_best_passage_comes_first(line: Line) -> None:
    teach(line, "preço")
    teach(line, "preço preço preço")
    line.say("preço")
    line.settle()
    assert [p.text for p in line.model.passages[0]] == ["preço preço preço", "preço"]


def test_knowledge_of_others_is_never_told(line: Line) -> None:
    """Also when the vector service were to mix up whose vectors it finds."""
    teach(line, "nosso preço")
    other = line.running.add_company()
    teach(line, "preço secreto", other)
    line.say("preço")
    line.settle()
    assert [p.text for p in line.model.passages[0]] == ["nosso preço"]


def test_what_was_removed_is_not_told_even_before_it_is_forgotten(line: Line) -> None:
    kept = teach(line, "preço velho")
    teach(line, "preço novo")
    run("update training set deleted_at = now() where id = %s", (kept,))
    line.say("preço")
    line.settle()
    assert [p.text for p in line.model.passages[0]] == ["preço novo"]


def test_removed_training_is_forgotten_everywhere(line: Line, memory: Memory) -> None:
    gone = teach(line, "preço")
    run("update training set deleted_at = now() where id = %s", (gone,))
    work(line)
    assert training(gone) is None
    assert gone not in {point.training_id for point in memory.points}
    assert run("select 1 as one from passage where training_id = %s", (gone,)) == []


@pytest.mark.parametrize("failure", [Unavailable("no vectors"), ModelDown("no embedding"), KeyError("result")])
def test_unreachable_knowledge_costs_no_answer(line: Line, memory: Memory, failure: Exception) -> None:
    teach(line, "preço")
    memory.failure = failure
    line.say("preço?")
    line.settle()
    assert line.provider.texts() == ["echo: preço?"]
    assert line.model.passages == [[]]


@pytest.mark.parametrize("failure", [Unavailable("no vectors"), KeyError("result")])
def test_training_that_fails_is_tried_again_and_then_shown(line: Line, memory: Memory, failure: Exception) -> None:
    memory.failure = failure
    id = teach(line, "preço")
    assert (training(id).status, training(id).attempts) == ("PENDING", 1)
    assert training(id).error
    for _ in range(6):
        work(line)
    assert (training(id).status, training(id).attempts) == ("FAILED", 5)


def test_training_whose_worker_died_is_learnt_by_another(line: Line) -> None:
    id = teach(line, "preço")
    run("update training set status = 'TRAINING', lease_until = now() + interval '1 hour' where id = %s", (id,))
    work(line)
    assert training(id).status == "TRAINED"


def test_question_after_handing_back_finds_its_knowledge(line: Line) -> None:
    teach(line, "O preço é R$ 90.")
    line.say("oi")
    who = (line.company.workspace_id, line.chat.id, line.company.user_id)
    take_over(line.tawkee, *who)
    line.say("qual o preço?")
    hand_back(line.tawkee, *who)
    line.settle()
    assert [p.text for p in line.model.passages[-1]] == ["O preço é R$ 90."]
