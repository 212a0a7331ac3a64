"""Registering, signing in, refreshing and signing out."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from tawkee_core.db import run
from tawkee_core.models import new_id
from tawkee_core.security import hash_token, sign_token
from tests.callers import PASSWORD, Caller, Client, register_caller


def test_registering_makes_a_person_a_workspace_and_tokens(client: Client) -> None:
    email = f"{new_id()}@example.com"
    made = client.post("/api/auth/register", json={"name": "Bia", "email": email.upper(), "password": PASSWORD})
    assert made.status_code == 201
    assert made.json["user"] == {"id": made.json["user"]["id"], "name": "Bia", "email": email}
    assert made.json["workspace"]["name"] == "Bia"
    assert made.json["workspace"]["status"] == "TRIAL"
    assert made.json["workspace"]["role"] == "OWNER"
    me = client.get("/api/auth/me", headers={"Authorization": f"Bearer {made.json['access_token']}"})
    assert me.json["user"]["email"] == email
    assert [w["id"] for w in me.json["workspaces"]] == [made.json["workspace"]["id"]]


def test_an_email_is_kept_in_one_spelling(client: Client, caller: Caller) -> None:
    given = {"name": "Eva", "email": f" {caller.email.upper()} ", "password": PASSWORD}
    assert client.post("/api/auth/register", json=given).json["user"]["email"] == caller.email


@pytest.mark.parametrize(
    "email", ["ana", "ana@", "@x.com", "ana@x", "a b@x.com", "a@x..com", "a@b@x.com", "a" * 250 + "@x.com"]
)
def test_what_is_no_email_is_refused(client: Client, email: str) -> None:
    refused = client.post("/api/auth/register", json={"name": "A", "email": email, "password": PASSWORD})
    assert refused.status_code == 422


@pytest.mark.parametrize("password", ["1234567", "x" * 129])
def test_a_password_too_short_or_too_long_is_refused(client: Client, password: str) -> None:
    given = {"name": "A", "email": f"{new_id()}@x.com", "password": password}
    refused = client.post("/api/auth/register", json=given)
    assert (refused.status_code, refused.json["error"]) == (422, "bad_password")


def test_fields_that_are_not_asked_for_are_refused(client: Client) -> None:
    given = {"name": "A", "email": f"{new_id()}@x.com", "password": PASSWORD, "role": "OWNER", "workspace_id": new_id()}
    refused = client.post("/api/auth/register", json=given)
    assert refused.status_code == 422
    assert set(refused.json["errors"]["json"]) == {"role", "workspace_id"}


def test_signing_in_gives_new_tokens_for_the_same_person(client: Client, caller: Caller) -> None:
    signed = client.post("/api/auth/login", json={"email": caller.email.upper(), "password": PASSWORD})
    assert signed.status_code == 200
    assert signed.json["user"]["id"] == caller.user_id
    assert signed.json["workspace"]["id"] == caller.workspace_id
    assert signed.json["refresh_token"] != caller.refresh_token


def test_an_unknown_email_and_a_wrong_password_get_one_answer(client: Client, caller: Caller) -> None:
    wrong = client.post("/api/auth/login", json={"email": caller.email, "password": "not this one"})
    unknown = client.post("/api/auth/login", json={"email": f"{new_id()}@x.com", "password": "not this one"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.data == unknown.data


def test_an_unknown_email_takes_as_long_as_a_wrong_password(client: Client) -> None:
    """In the quietest of some rounds, each of as many tries as are answered before one has to wait."""

    def shortest(email: str) -> float:
        times = []
        for _ in range(4):
            started = time.perf_counter()
            answer = client.post("/api/auth/login", json={"email": email, "password": "not this one"})
            times.append(time.perf_counter() - started)
            assert answer.status_code == 401
        return min(times)

    shortest(f"{new_id()}@x.com")  # the stand-in is hashed once
    rounds = ((shortest(register_caller(client).email), shortest(f"{new_id()}@x.com")) for _ in range(5))
    assert any(wrong / 2 < unknown < wrong * 2 for wrong, unknown in rounds)


def test_signing_out_ends_the_access_token_at_once(caller: Caller) -> None:
    assert caller.get("/api/auth/me").status_code == 200
    assert caller.post("/api/auth/logout").status_code == 204
    refused = caller.get("/api/auth/me")
    assert (refused.status_code, refused.json["error"]) == (401, "session_ended")
    refreshed = caller.client.post("/api/auth/refresh", json={"refresh_token": caller.refresh_token})
    assert refreshed.status_code == 401


def test_signing_out_leaves_other_sessions_alone(client: Client, caller: Caller) -> None:
    other = client.post("/api/auth/login", json={"email": caller.email, "password": PASSWORD}).json
    caller.post("/api/auth/logout")
    assert client.get("/api/auth/me", headers={"Authorization": f"Bearer {other['access_token']}"}).status_code == 200


def test_a_refresh_token_is_exchanged_and_repeated_only_for_a_moment(client: Client, caller: Caller) -> None:
    def refresh(token: str) -> tuple[int, dict[str, str]]:
        answer = client.post("/api/auth/refresh", json={"refresh_token": token})
        return answer.status_code, answer.json

    status, first = refresh(caller.refresh_token)
    assert status == 200 and first["refresh_token"] != caller.refresh_token
    assert refresh(caller.refresh_token)[1]["refresh_token"] == first["refresh_token"]
    run("update session set rotated_at = now() - interval '11 seconds' where user_id = %s", (caller.user_id,))
    status, body = refresh(caller.refresh_token)
    assert (status, body["error"]) == (401, "token_reused")
    assert refresh(caller.refresh_token)[1]["error"] == "session_ended"
    assert refresh(first["refresh_token"])[0] == 401
    assert caller.get("/api/auth/me").status_code == 401


def test_any_old_refresh_token_ends_the_session(client: Client, caller: Caller) -> None:
    tokens = [caller.refresh_token]
    for _ in range(3):
        tokens.append(client.post("/api/auth/refresh", json={"refresh_token": tokens[-1]}).json["refresh_token"])
    assert len(set(tokens)) == 4
    reused = client.post("/api/auth/refresh", json={"refresh_token": tokens[0]})
    assert (reused.status_code, reused.json["error"]) == (401, "token_reused")
    assert client.post("/api/auth/refresh", json={"refresh_token": tokens[-1]}).status_code == 401


def test_a_refresh_token_made_up_ends_nothing(client: Client, caller: Caller) -> None:
    session_id, secret, mark = caller.refresh_token.split(".")
    made_up = ["x" * 20, f"{session_id}.{secret}x.{mark}", f"{session_id}.{secret}.{mark[:-1]}", f"{session_id}..é" * 2]
    for token in [*made_up, "x", "x" * 8192]:
        refused = client.post("/api/auth/refresh", json={"refresh_token": token})
        assert (refused.status_code, refused.json["error"]) == (401, "invalid_token"), token
    assert client.post("/api/auth/refresh", json={"refresh_token": caller.refresh_token}).status_code == 200


def test_refreshing_twice_at_once_gives_one_and_the_same_token(app: Flask, caller: Caller) -> None:
    given = {"refresh_token": caller.refresh_token}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: app.test_client().post("/api/auth/refresh", json=given), range(6)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({str(answer.json and answer.json["refresh_token"]) for answer in answers}) == 1


def test_refresh_tokens_are_kept_only_as_hashes(caller: Caller) -> None:
    (row,) = run("select refresh_hash from session where user_id = %s", (caller.user_id,))
    assert row.refresh_hash == hash_token(caller.refresh_token) != caller.refresh_token


def test_a_session_that_was_not_used_for_long_has_ended(client: Client, caller: Caller) -> None:
    run("update session set expires_at = now() - interval '1 second' where user_id = %s", (caller.user_id,))
    assert client.post("/api/auth/refresh", json={"refresh_token": caller.refresh_token}).status_code == 401
    assert caller.get("/api/auth/me").status_code == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic eDp5", "Bearer x.y.z", "Bearer " + "a" * 9000])
def test_without_a_good_token_nobody_is_let_in(client: Client, header: str) -> None:
    refused = client.get("/api/auth/me", headers={"Authorization": header})
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_made_for_something_else_is_no_access_token(app: Flask, caller: Caller) -> None:
    settings = app.extensions["tawkee"].settings
    (session,) = run("select id from session where user_id = %s", (caller.user_id,))
    claims = {"sub": caller.user_id, "sid": session.id}
    good = {"Authorization": f"Bearer {sign_token(settings, 'access', claims, 60)}"}
    other = {"Authorization": f"Bearer {sign_token(settings, 'visitor', claims, 60)}"}
    assert caller.client.get("/api/auth/me", headers=good).status_code == 200
    assert caller.client.get("/api/auth/me", headers=other).status_code == 401


def test_accounts_are_apart(caller: Caller, stranger: Caller) -> None:
    assert caller.get("/api/auth/me").json["user"]["id"] != stranger.get("/api/auth/me").json["user"]["id"]
    assert register_caller(caller.client).workspace_id not in (caller.workspace_id, stranger.workspace_id)
