"""A team: invited, listed, given roles, let go."""

from typing import Any

import pytest
from flask import Flask

from tawkee_core.accounts.throttle import count_guess, invitation_guesses
from tawkee_core.db import run
from tests.api.routes import UNKNOWN
from tests.api.worlds import build_world
from tests.callers import Caller, register_caller


@pytest.fixture
def member(client: Any, caller: Caller) -> Caller:
    """Somebody else, who is an attendant in the caller's workspace too."""
    made = register_caller(client)
    join(made, caller.workspace_id, "ATTENDANT")
    return made


def join(who: Caller, workspace_id: str, role: str) -> None:
    run(
        "insert into membership (workspace_id, user_id, role) values (%s, %s, %s)"
        " on conflict (workspace_id, user_id) do update set role = excluded.role",
        (workspace_id, who.user_id, role),
    )


def at_home(who: Caller, caller: Caller) -> Caller:
    """The person, at work in the caller's workspace."""
    values = {name: getattr(who, name) for name in ("client", "email", "user_id", "access_token", "refresh_token")}
    return Caller(workspace_id=caller.workspace_id, **values)


def test_the_team_is_listed_without_its_owner(caller: Caller, member: Caller) -> None:
    invited = caller.post("…/invitations", {"email": "Bia@Example.com", "role": "TRAINER"})
    assert invited.status_code == 201
    assert {name: invited.json[name] for name in ("email", "role", "status", "expired")} == {
        "email": "bia@example.com",
        "role": "TRAINER",
        "status": "PENDING",
        "expired": False,
    }
    listed = caller.get("…/members").json
    assert [(m["email"], m["role"], m["status"]) for m in listed] == [
        ("bia@example.com", "TRAINER", "PENDING"),
        (member.email, "ATTENDANT", "ACTIVE"),
    ]

    def found(query: str) -> list[str]:
        return [m["id"] for m in caller.get(f"…/members?{query}").json]

    assert found("status=PENDING") == found("role=TRAINER") == found("q=BIA") == [invited.json["id"]]
    assert found("status=ACTIVE") == found("role=ATTENDANT") == found(f"q={member.email[:12]}") == [member.user_id]
    assert found("role=MANAGER") == found("q=%25") == []
    assert [m["id"] for m in caller.get("…/invitations").json] == [invited.json["id"]]
    page = caller.get("…/members?page_size=1&page=2")
    assert [m["id"] for m in page.json] == [member.user_id] and '"total": 2' in page.headers["X-Pagination"]
    assert caller.get("…/members?role=OWNER").status_code == 422


def test_a_role_counts_from_the_next_request(caller: Caller, member: Caller) -> None:
    here = at_home(member, caller)
    assert here.get("…/agents").status_code == 403
    changed = caller.patch(f"…/members/{member.user_id}", {"role": "TRAINER"})
    assert (changed.status_code, changed.json["role"]) == (200, "TRAINER")
    assert here.get("…/agents").status_code == 200
    assert caller.delete(f"…/members/{member.user_id}").status_code == 204
    assert here.get("…/agents").data == here.get(f"/api/workspaces/{UNKNOWN}/agents").data
    assert member.get("…/agents").status_code == 200  # their own workspace is as it was
    assert caller.delete(f"…/members/{member.user_id}").status_code == 404
    assert [e["action"] for e in caller.get("…/audit?page_size=2").json] == ["member.remove", "member.change"]


@pytest.mark.parametrize(
    ("actor", "role", "status"),
    [
        ("OWNER", "OWNER", 403),
        ("OWNER", "MANAGER", 201),
        ("MANAGER", "OWNER", 403),
        ("MANAGER", "MANAGER", 201),
        ("MANAGER", "ATTENDANT", 201),
        ("TRAINER", "ATTENDANT", 403),
        ("ATTENDANT", "MANAGER", 403),
        ("OWNER", "KING", 422),
    ],
)
def test_nobody_gives_more_than_they_have(caller: Caller, member: Caller, actor: str, role: str, status: int) -> None:
    join(member, caller.workspace_id, actor)
    answer = at_home(member, caller).post("…/invitations", {"email": "x@example.com", "role": role})
    assert answer.status_code == status
    if status == 403:
        assert answer.json["error"] == ("role_too_high" if actor in ("OWNER", "MANAGER") else "role_too_low")


def test_what_a_manager_may_not_change(caller: Caller, member: Caller, stranger: Caller) -> None:
    join(member, caller.workspace_id, "MANAGER")
    join(stranger, caller.workspace_id, "MANAGER")
    here = at_home(member, caller)

    def slug(answer: Any) -> tuple[int, str]:
        return answer.status_code, answer.json["error"]

    assert slug(here.patch(f"…/members/{caller.user_id}", {"role": "ATTENDANT"})) == (403, "owner_stays")
    assert slug(here.delete(f"…/members/{caller.user_id}")) == (403, "owner_stays")
    assert slug(here.patch(f"…/members/{member.user_id}", {"role": "TRAINER"})) == (403, "own_role")
    assert slug(here.patch(f"…/members/{stranger.user_id}", {"role": "OWNER"})) == (403, "role_too_high")
    assert here.patch(f"…/members/{stranger.user_id}", {"role": "ATTENDANT"}).status_code == 200
    assert slug(here.patch(f"…/members/{UNKNOWN}", {"role": "TRAINER"})) == (404, "not_found")


@pytest.mark.parametrize(
    "more", [{"workspace_id": UNKNOWN}, {"credits": 9}, {"status": "ACTIVE"}, {"user_id": UNKNOWN}]
)
def test_fields_that_are_not_asked_for_are_refused(caller: Caller, member: Caller, more: dict[str, Any]) -> None:
    assert caller.post("…/invitations", {"email": "x@example.com", "role": "TRAINER", **more}).status_code == 422
    assert caller.patch(f"…/members/{member.user_id}", {"role": "TRAINER", **more}).status_code == 422
    assert caller.patch("…", {"name": "Loja", "role": "OWNER"}).status_code == 422
    assert caller.get("…/members").json[0]["role"] == "ATTENDANT"


def test_members_leave_and_the_last_owner_cannot(caller: Caller, member: Caller) -> None:
    refused = caller.post("…/leave")
    assert (refused.status_code, refused.json["error"]) == (409, "last_owner")
    here = at_home(member, caller)
    assert here.post("…/leave").status_code == 204
    assert here.get("…").status_code == here.post("…/leave").status_code == 404
    join(member, caller.workspace_id, "OWNER")
    assert caller.post("…/leave").status_code == 204
    assert caller.get("…").status_code == 404 and here.get("…").status_code == 200


def test_the_chats_of_who_left_ask_for_somebody_else(app: Flask, caller: Caller, member: Caller) -> None:
    world = build_world(caller.user_id)
    join(member, world.workspace_id, "ATTENDANT")
    run(
        "update chat set owner = 'human', owner_id = %s, status = 'open', attention = '' where id = %s",
        (member.user_id, world.id_of("chat")),
    )
    assert caller.delete(f"/api/workspaces/{world.workspace_id}/members/{member.user_id}").status_code == 204
    chat = caller.get(f"/api/workspaces/{world.workspace_id}/chats/{world.id_of('chat')}").json
    assert (chat["owner_id"], chat["status"], chat["owner"]) == (None, "waiting", "human")
    assert "left the team" in chat["attention"]
    run("delete from workspace where id = %s", (world.workspace_id,))


def test_an_invitation_is_open_once_and_can_be_withdrawn(caller: Caller, member: Caller) -> None:
    given = {"email": "bia@example.com", "role": "TRAINER"}
    made = caller.post("…/invitations", given)
    again = caller.post("…/invitations", given)
    assert (again.status_code, again.json["error"]) == (409, "already_invited")
    here = caller.post("…/invitations", {"email": member.email.upper(), "role": "TRAINER"})
    assert (here.status_code, here.json["error"]) == (409, "already_member")
    assert caller.post("…/invitations", {"email": "bia", "role": "TRAINER"}).json["error"] == "bad_email"
    path = f"…/invitations/{made.json['id']}"
    assert caller.get(path).json["link"] == made.json["link"]
    assert caller.delete(path).status_code == 204
    assert caller.get(path).status_code == caller.delete(path).status_code == 404
    assert caller.post(f"{path}/resend").status_code == 404
    assert caller.post("…/invitations", given).status_code == 201


def test_no_token_is_kept(caller: Caller) -> None:
    made = caller.post("…/invitations", {"email": "bia@example.com", "role": "TRAINER"}).json
    token = made["link"].rpartition("#")[2]
    assert len(token) >= 43
    (row,) = run("select * from invitation where id = %s", (made["id"],))
    assert token not in str(row) and row.mail_hash != row.link_hash
    assert token not in str(run("select * from mail where recipient = 'bia@example.com'"))
    assert token not in str(run("select * from audit_entry where workspace_id = %s", (caller.workspace_id,)))


def test_a_mail_goes_out_again_a_few_times_an_hour(caller: Caller) -> None:
    email = f"{caller.user_id}@mail.example"
    made = caller.post("…/invitations", {"email": email, "role": "TRAINER"}).json
    run("update invitation set expires_at = now() - interval '1 day' where id = %s", (made["id"],))
    assert caller.get(f"…/invitations/{made['id']}").json["expired"] is True
    sent = [caller.post(f"…/invitations/{made['id']}/resend") for _ in range(5)]
    assert [answer.status_code for answer in sent] == [200, 200, 200, 200, 429]
    assert sent[0].json["expired"] is False and sent[0].json["link"] == made["link"]
    assert len(run("select 1 from mail where recipient = %s and template = 'invitation'", (email,))) == 5


def test_nobody_sends_mails_to_all_the_world(caller: Caller, stranger: Caller) -> None:
    """Withdrawn or not: after a hundred invitations a person has to wait between two."""
    for _ in range(99):
        count_guess(invitation_guesses(caller.user_id))
    given = {"email": "bia@example.com", "role": "TRAINER"}
    made = caller.post("…/invitations", given)
    assert made.status_code == 201
    assert caller.delete(f"…/invitations/{made.json['id']}").status_code == 204
    refused = caller.post("…/invitations", given)
    assert (refused.status_code, refused.json["error"]) == (429, "too_many_tries")
    assert int(refused.headers["Retry-After"]) >= 1
    assert stranger.post("…/invitations", given).status_code == 201


def test_whoever_looks_after_chats_knows_the_names_in_them(caller: Caller, member: Caller) -> None:
    """The owner's too; but no address and no role, which only those who lead see."""
    agent_id, removed = caller.make_agent(name="zoé"), caller.make_agent(name="Removed")
    second = caller.make_agent(name="Bia")
    caller.delete(f"…/agents/{removed}")
    run("update account_user set photo_tag = 'tag', name = 'Bob' where id = %s", (member.user_id,))
    here = at_home(member, caller)
    assert here.get("…/agents").status_code == here.get("…/members").status_code == 403
    shown = here.get("…/chats/names").json
    assert [(p["id"], p["name"], p["photo_url"]) for p in shown["people"]] == [
        (caller.user_id, "Ana Lima", None),
        (member.user_id, "Bob", "http://127.0.0.1:8000/photos/tag"),
    ]
    assert shown["agents"] == [{"id": second, "name": "Bia"}, {"id": agent_id, "name": "zoé"}]
    assert set(shown["people"][0]) == {"id", "name", "photo_url"}
