"""Accounts: addresses and whose they are, passwords forgotten and changed, profiles, sessions."""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from urllib3.filepost import encode_multipart_formdata

from tawkee_core.db import run
from tawkee_core.models import new_id
from tests.callers import PASSWORD, Caller, Client, register_caller
from tests.letters import find_token, read_letters, write_letters

NEW = "another good password"
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 50


def address() -> str:
    return f"{new_id()}@example.com"


def register(client: Client, email: str, password: str = PASSWORD) -> Any:
    return client.post("/api/auth/register", json={"name": "Ana", "email": email, "password": password})


def login(client: Client, email: str, password: str = PASSWORD) -> Any:
    return client.post("/api/auth/login", json={"email": email, "password": password})


def confirm(app: Flask, email: str) -> Any:
    client: Client = app.test_client()
    return client.post("/api/auth/email/confirm", json={"token": find_token(app, email, "confirm_email")})


def shape(answer: Any) -> Any:
    """What can be told apart in an answer: its status, headers and fields, not what is random in it."""
    headers = {name for name, _ in answer.headers}
    return answer.status_code, headers, {name: type(value) for name, value in answer.json.items()}


def test_an_address_is_confirmed_once_by_who_has_its_mailbox(app: Flask, caller: Caller) -> None:
    me = caller.get("/api/auth/me").json["user"]
    assert (me["email_confirmed"], me["pending_email"], me["email_problem"]) == (False, None, None)
    token = find_token(app, caller.email, "confirm_email")
    done = caller.post("/api/auth/email/confirm", {"token": token})
    assert (done.status_code, done.json) == (200, {"email": caller.email})
    assert caller.get("/api/auth/me").json["user"]["email_confirmed"] is True
    again = caller.post("/api/auth/email/confirm", {"token": token})
    assert (again.status_code, again.json["error"]) == (422, "link_invalid")
    assert run("select 1 from account_token where token_hash = %s", (token,)) == [], "only its hash is kept"
    resent = caller.post("/api/auth/email/resend")
    assert (resent.status_code, resent.json["error"]) == (409, "email_confirmed")


def test_a_link_that_is_old_or_of_another_kind_is_good_for_nothing(app: Flask, caller: Caller) -> None:
    token = find_token(app, caller.email, "confirm_email")
    wrong = caller.post("/api/auth/password/reset", {"token": token, "password": NEW})
    run("update account_token set expires_at = now() - interval '1 second' where user_id = %s", (caller.user_id,))
    old = caller.post("/api/auth/email/confirm", {"token": token})
    unknown = caller.post("/api/auth/email/confirm", {"token": "nothing-like-this"})
    assert {wrong.status_code, old.status_code, unknown.status_code} == {422}
    assert old.json == unknown.json == wrong.json


def test_the_mail_to_confirm_can_be_asked_for_again(app: Flask, caller: Caller) -> None:
    first = find_token(app, caller.email, "confirm_email")
    assert caller.post("/api/auth/email/resend").status_code == 202
    second = find_token(app, caller.email, "confirm_email")
    assert first != second
    assert caller.post("/api/auth/email/confirm", {"token": second}).status_code == 200
    assert caller.post("/api/auth/email/confirm", {"token": first}).status_code == 422, "the other one ends with it"


def test_registering_a_known_address_looks_as_registering_any(app: Flask, client: Client, caller: Caller) -> None:
    confirm(app, caller.email)
    known, unknown = register(client, caller.email, NEW), register(client, address(), NEW)
    assert shape(known) == shape(unknown)
    for answer in (known, unknown):
        headers = {"Authorization": f"Bearer {answer.json['access_token']}"}
        assert client.get("/api/auth/me", headers=headers).json["user"]["email_confirmed"] is False
        assert shape(login(client, answer.json["user"]["email"], NEW)) == shape(login(client, caller.email))
    letters = [template for template, _ in read_letters(app, caller.email)]
    assert letters[0] == "already_registered", "its owner alone is told"
    assert login(client, caller.email).json["user"]["id"] == caller.user_id


def test_an_address_belongs_to_the_first_who_confirms_it(app: Flask, client: Client) -> None:
    """Who registered it before without having the mailbox keeps nobody away."""
    email = address()
    squatter = register(client, email, NEW).json
    write_letters(app, email)
    early = find_token(app, email, "confirm_email")
    owner = register(client, email).json
    assert confirm(app, email).status_code == 200
    assert login(client, email).json["user"]["id"] == owner["user"]["id"]
    late = client.post("/api/auth/email/confirm", json={"token": early})
    assert (late.status_code, late.json["error"]) == (409, "email_taken")
    assert squatter["user"]["id"] != owner["user"]["id"]


def test_of_many_who_confirm_at_once_one_wins(app: Flask, client: Client) -> None:
    email, tokens = address(), []
    for _ in range(3):
        register(client, email)
        tokens.append(find_token(app, email, "confirm_email"))
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda t: app.test_client().post("/api/auth/email/confirm", json={"token": t}), tokens))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]


def test_forgetting_is_answered_alike_for_every_address(app: Flask, client: Client, caller: Caller) -> None:
    confirm(app, caller.email)
    answers = [client.post("/api/auth/password/forgot", json={"email": e}) for e in (caller.email, address(), "nobody")]
    assert {(a.status_code, a.data) for a in answers} == {(202, answers[0].data)}


def test_neither_forgetting_nor_registering_takes_longer_for_a_known_address(
    app: Flask, client: Client, caller: Caller
) -> None:
    """By the median of many, taken in turns, in the quietest of three rounds. What differs is done later, by a
    worker."""
    confirm(app, caller.email)

    def seconds(path: str, body: dict[str, str]) -> float:
        started = time.perf_counter()
        client.post(path, json=body)
        return time.perf_counter() - started

    def differ(path: str, count: int, **body: str) -> float:
        pairs = [[seconds(path, {**body, "email": e}) for e in (caller.email, address())] for _ in range(count)]
        known, unknown = (statistics.median(times) for times in zip(*pairs, strict=True))
        return float(abs(known - unknown))

    assert any(differ("/api/auth/password/forgot", 30) < 0.005 for _ in range(3))
    assert any(differ("/api/auth/register", 8, name="Ana", password=PASSWORD) < 0.03 for _ in range(3))


def test_a_forgotten_password_is_set_anew(app: Flask, client: Client, caller: Caller) -> None:
    client.post("/api/auth/password/forgot", json={"email": caller.email.upper()})
    token = find_token(app, caller.email, "reset_password")
    weak = client.post("/api/auth/password/reset", json={"token": token, "password": "short"})
    assert (weak.status_code, weak.json["error"]) == (422, "bad_password")
    assert client.post("/api/auth/password/reset", json={"token": token, "password": NEW}).status_code == 204
    assert client.post("/api/auth/password/reset", json={"token": token, "password": PASSWORD}).status_code == 422
    assert caller.get("/api/auth/me").status_code == 401, "every session ended"
    assert login(client, caller.email).status_code == 401
    assert login(client, caller.email, NEW).status_code == 200
    assert [kind for kind, _ in read_letters(app, caller.email) if kind == "password_changed"]


def test_a_reset_proves_the_mailbox_too(app: Flask, client: Client, caller: Caller) -> None:
    client.post("/api/auth/password/forgot", json={"email": caller.email})
    token = find_token(app, caller.email, "reset_password")
    client.post("/api/auth/password/reset", json={"token": token, "password": NEW})
    signed = login(client, caller.email, NEW).json
    me = client.get("/api/auth/me", headers={"Authorization": f"Bearer {signed['access_token']}"})
    assert me.json["user"]["email_confirmed"] is True


def test_changing_the_password_ends_the_other_sessions(client: Client, caller: Caller) -> None:
    other = login(client, caller.email).json
    wrong = caller.post("/api/auth/password/change", {"current_password": "not it at all", "new_password": NEW})
    assert (wrong.status_code, wrong.json["error"]) == (403, "wrong_password")
    changed = caller.post("/api/auth/password/change", {"current_password": PASSWORD, "new_password": NEW})
    assert changed.status_code == 204
    assert caller.get("/api/auth/me").status_code == 200
    assert client.get("/api/auth/me", headers={"Authorization": f"Bearer {other['access_token']}"}).status_code == 401
    assert client.post("/api/auth/refresh", json={"refresh_token": other["refresh_token"]}).status_code == 401
    assert login(client, caller.email, NEW).status_code == 200


def test_a_profile_asks_for_the_password_and_its_looks_do_not(caller: Caller) -> None:
    looks = caller.patch("/api/auth/me", {"language": "en", "theme": "dark"})
    assert (looks.status_code, looks.json["language"], looks.json["theme"]) == (200, "en", "dark")
    missing = caller.patch("/api/auth/me", {"name": "Bia"})
    assert (missing.status_code, missing.json["error"]) == (422, "password_missing")
    wrong = caller.patch("/api/auth/me", {"name": "Bia", "password": "not it"})
    assert (wrong.status_code, wrong.json["error"]) == (403, "wrong_password")
    changed = caller.patch("/api/auth/me", {"name": "Bia", "company": "Loja Azul", "password": PASSWORD})
    assert (changed.json["name"], changed.json["company"], changed.json["language"]) == ("Bia", "Loja Azul", "en")


@pytest.mark.parametrize(
    "body",
    [{"role": "OWNER"}, {"credits": 1}, {"workspace_id": new_id()}, {"email_confirmed": True}, {"theme": "pink"},
     {"language": "fr"}, {"name": ""}, {"id": new_id()}, {"password_hash": "x"}],
)  # fmt: skip
def test_what_is_no_field_of_a_profile_is_refused(caller: Caller, body: dict[str, Any]) -> None:
    before = caller.get("/api/auth/me").json
    assert caller.patch("/api/auth/me", {**body, "password": PASSWORD}).status_code == 422
    assert caller.get("/api/auth/me").json == before


def test_a_new_address_takes_effect_when_it_is_confirmed(app: Flask, client: Client, caller: Caller) -> None:
    confirm(app, caller.email)
    new = address()
    asked = caller.patch("/api/auth/me", {"email": new.upper(), "password": PASSWORD})
    assert asked.json["email"] == caller.email
    token = find_token(app, new, "confirm_email")
    assert caller.get("/api/auth/me").json["user"]["pending_email"] == new
    assert login(client, caller.email).status_code == 200
    assert caller.post("/api/auth/email/confirm", {"token": token}).json == {"email": new}
    me = caller.get("/api/auth/me").json["user"]
    assert (me["email"], me["email_confirmed"], me["pending_email"]) == (new, True, None)
    assert login(client, new).status_code == 200 and login(client, caller.email).status_code == 401
    told = [text for kind, text in read_letters(app, caller.email) if kind == "email_changed"]
    assert told and new in told[0], "the address before is told"


def ask_address(caller: Caller, email: str) -> Any:
    answer = caller.patch("/api/auth/me", {"email": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return answer.json["pending_email"]


def test_an_address_that_waits_is_told_of_at_once(caller: Caller) -> None:
    new = address()
    assert ask_address(caller, new) == new == caller.get("/api/auth/me").json["user"]["pending_email"]


def test_an_address_that_was_mistyped_cannot_take_the_account(app: Flask, client: Client, caller: Caller) -> None:
    """The link that a stranger got ends when another address is asked for, or the one there is kept after all."""
    confirm(app, caller.email)
    mistyped, right, unsent = address(), address(), address()
    ask_address(caller, mistyped)
    write_letters(app, mistyped)
    ask_address(caller, unsent)
    assert ask_address(caller, right) == right
    assert [template for template, _ in read_letters(app, unsent)] == []
    assert confirm(app, mistyped).json["error"] == "link_invalid"
    assert ask_address(caller, caller.email.upper()) is None
    assert confirm(app, right).json["error"] == "link_invalid"
    assert caller.get("/api/auth/me").json["user"]["email"] == caller.email
    assert ask_address(caller, right) == right
    assert confirm(app, right).status_code == 200


def test_an_old_address_is_told_only_if_it_was_the_persons(app: Flask, caller: Caller) -> None:
    right, third = address(), address()
    ask_address(caller, right)
    assert confirm(app, right).status_code == 200
    assert "email_changed" not in [template for template, _ in read_letters(app, caller.email)]
    ask_address(caller, third)
    assert confirm(app, third).status_code == 200
    assert "email_changed" in [template for template, _ in read_letters(app, right)]


@pytest.mark.parametrize("way", ["change", "reset"])
def test_a_new_password_ends_a_change_of_address_that_is_under_way(app: Flask, caller: Caller, way: str) -> None:
    """Whoever knew the old password may have asked for it."""
    confirm(app, caller.email)
    other = address()
    ask_address(caller, other)
    write_letters(app, other)
    if way == "change":
        given = {"current_password": PASSWORD, "new_password": NEW}
    else:
        caller.post("/api/auth/password/forgot", {"email": caller.email})
        given = {"token": find_token(app, caller.email, "reset_password"), "password": NEW}
    assert caller.post(f"/api/auth/password/{way}", given).status_code == 204
    assert confirm(app, other).json["error"] == "link_invalid"


def test_asking_for_an_address_tells_nobody_whether_it_is_known(app: Flask, caller: Caller, stranger: Caller) -> None:
    confirm(app, stranger.email)
    shown = []
    for wanted in (stranger.email, address()):
        asked = caller.patch("/api/auth/me", {"email": wanted, "password": PASSWORD})
        write_letters(app, wanted)
        me = caller.get("/api/auth/me").json["user"]
        shown.append((asked.status_code, me["pending_email"] == wanted, me["email_problem"]))
    assert shown[0] == shown[1] and shown[0][1] is True
    assert read_letters(app, stranger.email)[0][0] == "already_registered"


def test_a_photo_comes_as_a_form(caller: Caller) -> None:
    answer = caller.call("PUT", "/api/auth/me/photo", json={"photo": "x"})
    assert (answer.status_code, answer.json["error"]) == (415, "unsupported_media_type")


def test_a_photo_is_shown_to_who_has_its_address(caller: Caller) -> None:
    def put(data: bytes, password: str = PASSWORD) -> Any:
        body, kind = encode_multipart_formdata({"photo": ("me.png", data), "password": password})
        return caller.call("PUT", "/api/auth/me/photo", data=body, content_type=kind)

    assert put(PNG, "wrong").status_code == 403
    assert put(b"<svg onload=alert(1)>").json["error"] == "bad_photo"
    assert put(PNG + b"x" * 1024 * 1024).status_code == 413
    url = put(PNG).json["photo_url"]
    shown: Any = caller.client.get(url[url.index("/photos/") :])
    assert (shown.data, shown.mimetype) == (PNG, "image/png") and "sandbox" in shown.headers["Content-Security-Policy"]
    second = put(PNG).json["photo_url"]
    assert second != url and caller.client.get(url[url.index("/photos/") :]).status_code == 404
    assert caller.delete("/api/auth/me/photo").status_code == 204
    assert caller.get("/api/auth/me").json["user"]["photo_url"] is None
    assert caller.client.get(second[second.index("/photos/") :]).status_code == 404


def test_sessions_are_listed_and_ended_one_by_one(client: Client, caller: Caller, stranger: Caller) -> None:
    body = {"email": caller.email, "password": PASSWORD}
    other = client.post("/api/auth/login", json=body, headers={"User-Agent": "Phone"}).json
    listed = caller.get("/api/auth/sessions").json
    assert [(s["user_agent"], s["ip"], s["current"]) for s in listed if not s["current"]] == [
        ("Phone", "127.0.0.1", False)
    ]
    assert [s["current"] for s in listed].count(True) == 1
    phone = next(s["id"] for s in listed if not s["current"])
    assert stranger.delete(f"/api/auth/sessions/{phone}").status_code == 404
    assert caller.delete(f"/api/auth/sessions/{phone}").status_code == 204
    assert caller.delete(f"/api/auth/sessions/{phone}").status_code == 404
    assert client.post("/api/auth/refresh", json={"refresh_token": other["refresh_token"]}).status_code == 401
    assert caller.get("/api/auth/me").status_code == 200


def test_signing_out_everywhere_ends_this_one_too(client: Client, caller: Caller) -> None:
    other = login(client, caller.email).json
    assert caller.post("/api/auth/logout-everywhere").status_code == 204
    for token in (caller.access_token, other["access_token"]):
        assert client.get("/api/auth/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_a_device_not_seen_before_is_told_of(app: Flask, client: Client, caller: Caller) -> None:
    body = {"email": caller.email, "password": PASSWORD}
    for _ in range(2):
        client.post("/api/auth/login", json=body, headers={"User-Agent": "Unknown/1.0"})
    told = [text for kind, text in read_letters(app, caller.email) if kind == "new_sign_in"]
    assert len(told) == 1 and "Unknown/1.0" in told[0] and "127.0.0.1" in told[0]


def test_an_account_speaks_the_language_of_the_browser(app: Flask, client: Client) -> None:
    for language, subject in (("en-US,en", "Hello"), ("pt-BR,pt", "Olá")):
        given = {"name": "Ana", "email": (email := address()), "password": PASSWORD}
        client.post("/api/auth/register", json=given, headers={"Accept-Language": language})
        assert read_letters(app, email)[0][1].startswith(subject)


def test_an_address_that_bounced_is_shown_and_may_be_tried_again(app: Flask, caller: Caller) -> None:
    run("insert into mail_block (email, reason) values (%s, 'bounced')", (caller.email,))
    assert caller.get("/api/auth/me").json["user"]["email_problem"] == "bounced"
    assert caller.post("/api/auth/email/resend").status_code == 202
    assert caller.get("/api/auth/me").json["user"]["email_problem"] is None
    assert find_token(app, caller.email, "confirm_email")


def test_nobody_learns_anything_of_another_person(caller: Caller, stranger: Caller) -> None:
    assert register_caller(caller.client).email not in caller.get("/api/auth/me").text
    assert stranger.email not in caller.get("/api/auth/sessions").text
