"""What agents are taught."""

import pytest

from tawkee_core.db import run
from tests.callers import Caller


def test_a_text_waits_to_be_learned(caller: Caller) -> None:
    path = f"…/agents/{caller.make_agent()}/trainings"
    made = caller.post(path, {"type": "TEXT", "text": "é" * 1028, "title": "Horário"})
    assert made.status_code == 201
    assert made.json["status"] == "PENDING"
    assert caller.get(f"{path}/{made.json['id']}").json == made.json


@pytest.mark.parametrize(
    "given",
    [
        {}, {"type": "TEXT"}, {"type": "TEXT", "text": ""}, {"type": "TEXT", "text": "  "},
        {"type": "TEXT", "text": "x" * 1029}, {"type": "WEBSITE", "text": "x"}, {"text": "x"},
        {"type": "TEXT", "text": "x", "status": "TRAINED"},
        {"type": "TEXT", "text": {"a": 1}}, [], None,
    ],
)  # fmt: skip
def test_what_cannot_be_learned_is_refused(caller: Caller, given: object) -> None:
    assert caller.post(f"…/agents/{caller.make_agent()}/trainings", given).status_code == 422


def test_trainings_are_listed_and_searched_within_their_agent(caller: Caller) -> None:
    path, other = f"…/agents/{caller.make_agent()}/trainings", f"…/agents/{caller.make_agent()}/trainings"
    assert caller.get(path).json == []
    first = caller.post(path, {"type": "TEXT", "text": "Abrimos às 8h", "title": "Horário"}).json["id"]
    second = caller.post(path, {"type": "TEXT", "text": "Entregamos em 3 dias"}).json["id"]
    assert [t["id"] for t in caller.get(path).json] == [second, first]
    assert [t["id"] for t in caller.get(f"{path}?q=horário").json] == [first]
    assert [t["id"] for t in caller.get(f"{path}?q=ENTREGAMOS").json] == [second]
    assert caller.get(other).json == []
    assert caller.get(f"{other}/{first}").status_code == 404
    assert caller.delete(f"{other}/{first}").status_code == 404


def test_a_deleted_training_is_gone_at_once_and_left_to_a_worker_to_forget(caller: Caller) -> None:
    path = f"…/agents/{caller.make_agent()}/trainings"
    training_id = caller.post(path, {"type": "TEXT", "text": "x"}).json["id"]
    assert caller.delete(f"{path}/{training_id}").status_code == 204
    assert caller.get(f"{path}/{training_id}").status_code == caller.delete(f"{path}/{training_id}").status_code == 404
    assert caller.get(path).json == []
    (row,) = run(
        "select deleted_at is not null and next_at <= now() as due from training where id = %s", (training_id,)
    )
    assert row.due


def test_a_deleted_agent_learns_nothing(caller: Caller) -> None:
    agent_id = caller.make_agent()
    caller.delete(f"…/agents/{agent_id}")
    assert caller.post(f"…/agents/{agent_id}/trainings", {"type": "TEXT", "text": "x"}).status_code == 404
    assert caller.get(f"…/agents/{agent_id}/trainings").status_code == 404
