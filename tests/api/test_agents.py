"""Agents: made, found, changed, paused, removed and brought back."""

import json

import pytest

from tawkee_core.db import run
from tests.api.routes import UNKNOWN
from tests.callers import Caller

WHOLE = {
    "name": "Lia",
    "type": "SALE",
    "communication_style": "RELAXED",
    "job_name": "Café Aurora",
    "job_site": "https://cafe.example",
    "job_description": "x" * 500,
    "behavior": "é" * 3000,
}
DEFAULTS = {"type": "SUPPORT", "communication_style": "NORMAL", "job_name": "", "job_site": "", "behavior": ""}


def test_an_agent_has_what_it_was_given(caller: Caller) -> None:
    made = caller.post("…/agents", WHOLE)
    assert made.status_code == 201
    assert made.json.items() >= {**WHOLE, "status": "ACTIVE", "deleted_at": None}.items()
    assert caller.get(f"…/agents/{made.json['id']}").json == made.json


def test_a_name_is_all_an_agent_needs(caller: Caller) -> None:
    assert caller.post("…/agents", {"name": "Lia"}).json.items() >= DEFAULTS.items()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""), ("name", None), ("name", "x" * 101), ("type", "support"), ("type", "OTHER"),
        ("communication_style", "RUDE"), ("job_description", "x" * 501), ("behavior", "x" * 3001), ("job_name", 7),
        ("id", UNKNOWN), ("workspace_id", UNKNOWN), ("status", "INACTIVE"), ("deleted_at", None),
    ],
)  # fmt: skip
def test_a_bad_or_unknown_field_is_refused_by_name(caller: Caller, field: str, value: object) -> None:
    made = caller.post("…/agents", {"name": "Lia", field: value})
    assert made.status_code == 422 and list(made.json["errors"]["json"]) == [field]
    agent_id = caller.make_agent()
    changed = caller.patch(f"…/agents/{agent_id}", {field: value})
    assert changed.status_code == 422 and list(changed.json["errors"]["json"]) == [field]


def test_what_postgresql_cannot_store_is_cleaned(caller: Caller) -> None:
    made = caller.call("POST", "…/agents", data=b'{"name": " Li\\u0000a \\ud800 "}', content_type="application/json")
    assert (made.status_code, made.json["name"]) == (201, "Lia ?")


def test_agents_are_listed_newest_first_by_page(caller: Caller) -> None:
    assert caller.get("…/agents").json == []
    ids = [caller.make_agent(name=f"Agente {n}") for n in range(5)]
    page = caller.get("…/agents?page=2&page_size=2")
    assert [a["id"] for a in page.json] == [ids[2], ids[1]]
    assert json.loads(page.headers["X-Pagination"]).items() >= {"total": 5, "total_pages": 3, "page": 2}.items()
    assert caller.get("…/agents?page=9").json == []
    assert caller.get("…/agents?page=" + "9" * 30).json == []


@pytest.mark.parametrize(
    "query", ["page=0", "page=-1", "page=x", "page_size=0", "page_size=101", "status=ON", "q=" + "x" * 101]
)
def test_a_bad_query_is_refused(caller: Caller, query: str) -> None:
    assert caller.get(f"…/agents?{query}").status_code == 422


def test_agents_are_found_by_words_and_status(caller: Caller) -> None:
    ana, bia = caller.make_agent(name="Ana 100%"), caller.make_agent(name="Bia_x")
    caller.post(f"…/agents/{bia}/deactivate")

    def found(query: str) -> list[str]:
        return [agent["id"] for agent in caller.get(f"…/agents?{query}").json]

    assert found("q=ANA") == [ana]
    assert found("q=%25") == [ana]
    assert found("q=_") == [bia]
    assert found("q=%00ana") == [ana]
    assert found("status=ACTIVE") == [ana]
    assert found("status=INACTIVE") == [bia]
    assert found("q=nobody") == found("status=DELETED") == []


def test_a_change_touches_only_what_it_names(caller: Caller) -> None:
    before = caller.post("…/agents", WHOLE).json
    after = caller.patch(f"…/agents/{before['id']}", {"name": "Nova", "job_site": ""}).json
    assert after == {**before, "name": "Nova", "job_site": "", "updated_at": after["updated_at"]}
    assert after["updated_at"] > before["updated_at"]


def test_an_agent_is_paused_and_set_going(caller: Caller) -> None:
    path = f"…/agents/{caller.make_agent()}"
    assert caller.post(f"{path}/deactivate").json["status"] == "INACTIVE"
    assert caller.post(f"{path}/deactivate").json["status"] == "INACTIVE"
    assert caller.post(f"{path}/activate").json["status"] == "ACTIVE"


def test_a_deleted_agent_can_be_brought_back_for_thirty_days(caller: Caller) -> None:
    agent_id = caller.make_agent()
    path = f"…/agents/{agent_id}"
    assert caller.delete(path).status_code == 204
    assert (
        caller.delete(path).status_code
        == caller.get(path).status_code
        == caller.get(f"{path}/settings").status_code
        == 404
    )
    assert caller.get("…/agents").json == []
    assert [a["id"] for a in caller.get("…/agents?status=DELETED").json] == [agent_id]
    assert caller.post(f"{path}/restore").json["deleted_at"] is None
    assert caller.get(path).status_code == 200
    caller.delete(path)
    run("update agent set deleted_at = now() - interval '31 days' where id = %s", (agent_id,))
    assert caller.post(f"{path}/restore").status_code == 404
    assert caller.get("…/agents?status=DELETED").json == []


def test_settings_have_defaults_and_change_one_by_one(caller: Caller) -> None:
    path = f"…/agents/{caller.make_agent()}/settings"
    before = caller.get(path).json
    assert before["message_grouping_time"] == 3 and before["timezone"] == "America/Sao_Paulo"
    change = {"message_grouping_time": 0, "split_messages": True, "timezone": "America/Manaus"}
    assert caller.patch(path, change).json == {**before, **change}
    assert caller.patch(path, {}).json == caller.get(path).json == {**before, **change}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("message_grouping_time", -1), ("message_grouping_time", 61), ("message_grouping_time", 1.5),
        ("message_grouping_time", 1e30), ("timezone", "Mars/Base"), ("timezone", "../etc/passwd"),
        ("enabled_emoji", "perhaps"), ("agent_id", UNKNOWN),
    ],
)  # fmt: skip
def test_a_bad_setting_is_refused(caller: Caller, field: str, value: object) -> None:
    path = f"…/agents/{caller.make_agent()}/settings"
    assert list(caller.patch(path, {field: value}).json["errors"]["json"]) == [field]


def test_only_a_model_that_a_plugin_offers_can_be_preferred(caller: Caller) -> None:
    path = f"…/agents/{caller.make_agent()}/settings"
    refused = caller.patch(path, {"preferred_model": "nobody/nothing"})
    assert (refused.status_code, refused.json["error"]) == (422, "unknown_model")
    models = caller.get("/api/models").json
    chat = next(model["id"] for model in models if model["kind"] == "chat")
    embedding = next(model["id"] for model in models if model["kind"] == "embedding")
    assert caller.patch(path, {"preferred_model": chat}).json["preferred_model"] == chat
    assert caller.patch(path, {"fallback_model": embedding}).status_code == 422
    assert caller.patch(path, {"preferred_model": ""}).json["preferred_model"] == ""
