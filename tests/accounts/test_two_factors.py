"""Two factors: set up, asked for, replayed, recovered from, switched off, required."""

import base64
import hmac
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pyotp
import pytest
from flask import Flask

from tawkee_core.accounts.unlock import unlock_person
from tawkee_core.db import run
from tawkee_core.errors import NotFound
from tawkee_core.security import sign_token
from tests.callers import PASSWORD, Caller, Client
from tests.letters import find_token, read_letters

STEP = 30


class Phone:
    """An authenticator app. Each `code` is of the next half minute that was not used, as if time had passed."""

    def __init__(self, caller: Caller, secret: str) -> None:
        self.caller = caller
        self.totp = pyotp.TOTP(secret)

    def code(self) -> str:
        run("update two_factors set last_step = 0 where user_id = %s", (self.caller.user_id,))
        return self.same()

    def same(self, ago: int = 0) -> str:
        return self.totp.at(int(time.time()) - ago * STEP)


@pytest.fixture
def phone(caller: Caller) -> Phone:
    """An app that has scanned the code of a set-up not yet finished."""
    return Phone(caller, caller.post("/api/auth/2fa/setup").json["secret"])


@pytest.fixture
def codes(caller: Caller, phone: Phone) -> list[str]:
    """The recovery codes of a caller whose two factors are on."""
    enabled = caller.post("/api/auth/2fa/enable", {"code": phone.code()})
    assert enabled.status_code == 200, enabled.text
    return list(enabled.json["recovery_codes"])


def login(client: Client, caller: Caller) -> Any:
    return client.post("/api/auth/login", json={"email": caller.email, "password": PASSWORD})


def verify(client: Client, mfa_token: str, code: str) -> Any:
    return client.post("/api/auth/2fa/verify", json={"mfa_token": mfa_token, "code": code})


def test_a_set_up_shows_a_code_to_scan_and_protects_nothing_yet(client: Client, caller: Caller) -> None:
    begun = caller.post("/api/auth/2fa/setup").json
    assert begun["qr"].startswith("data:image/svg+xml") and len(base64.b32decode(begun["secret"])) == 20
    assert begun["uri"].startswith("otpauth://totp/Tawkee:") and begun["secret"] in begun["uri"]
    (row,) = run("select sealed from two_factors where user_id = %s", (caller.user_id,))
    assert begun["secret"] not in row.sealed
    assert "access_token" in login(client, caller).json
    assert caller.get("/api/auth/2fa").json == {"enabled": False, "recovery_codes_left": 0}
    assert caller.post("/api/auth/2fa/setup").json["secret"] != begun["secret"]


def test_it_is_switched_on_by_the_apps_first_code(app: Flask, client: Client, caller: Caller, phone: Phone) -> None:
    other = login(client, caller).json
    wrong = caller.post("/api/auth/2fa/enable", {"code": "000000" if phone.same() != "000000" else "111111"})
    assert (wrong.status_code, wrong.json["error"]) == (422, "wrong_code")
    enabled = caller.post("/api/auth/2fa/enable", {"code": phone.code()})
    assert len(set(enabled.json["recovery_codes"])) == 10
    assert caller.get("/api/auth/2fa").json == {"enabled": True, "recovery_codes_left": 10}
    assert caller.get("/api/auth/me").json["user"]["two_factors"] is True
    assert client.get("/api/auth/me", headers={"Authorization": f"Bearer {other['access_token']}"}).status_code == 401
    again = caller.post("/api/auth/2fa/setup")
    assert (again.status_code, again.json["error"]) == (409, "two_factors_on")
    assert "two_factors_changed" in [kind for kind, _ in read_letters(app, caller.email)]


def test_signing_in_takes_two_steps(client: Client, caller: Caller, phone: Phone, codes: list[str]) -> None:
    half = login(client, caller)
    assert (half.status_code, set(half.json)) == (200, {"mfa_token"})
    whole = verify(client, half.json["mfa_token"], phone.code())
    assert whole.status_code == 200 and whole.json["user"]["id"] == caller.user_id
    assert whole.json["workspace"]["id"] == caller.workspace_id
    bearer = {"Authorization": f"Bearer {whole.json['access_token']}"}
    assert client.get("/api/auth/me", headers=bearer).status_code == 200


def test_half_a_sign_in_opens_nothing(client: Client, caller: Caller, codes: list[str]) -> None:
    token = login(client, caller).json["mfa_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    for path in ("/api/auth/me", "/api/auth/2fa", f"/api/workspaces/{caller.workspace_id}/agents"):
        assert client.get(path, headers=bearer).status_code == 401
    assert client.post("/api/auth/refresh", json={"refresh_token": token}).status_code == 401


def test_a_code_works_once(client: Client, caller: Caller, phone: Phone, codes: list[str]) -> None:
    code = phone.code()
    tokens = [login(client, caller).json["mfa_token"] for _ in range(2)]
    assert verify(client, tokens[0], code).status_code == 200
    replayed = verify(client, tokens[1], code)
    assert (replayed.status_code, replayed.json["error"]) == (401, "wrong_code")
    assert verify(client, tokens[1], phone.same(ago=1)).status_code == 401, "nor an older one after it"


def test_a_code_given_twice_at_once_works_once(app: Flask, caller: Caller, phone: Phone, codes: list[str]) -> None:
    token = login(app.test_client(), caller).json["mfa_token"]
    code = phone.code()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: verify(app.test_client(), token, code).status_code, range(4)))
    assert sorted(answers) == [200, 401, 401, 401]


@pytest.mark.parametrize(("steps", "status"), [(-2, 401), (-1, 200), (1, 200), (2, 401)])
def test_clocks_may_differ_by_half_a_minute(
    client: Client, caller: Caller, phone: Phone, codes: list[str], steps: int, status: int
) -> None:
    phone.code()
    while time.time() % STEP > STEP - 2:  # the half minute must not end between the app and us
        time.sleep(0.1)
    assert verify(client, login(client, caller).json["mfa_token"], phone.same(-steps)).status_code == status


def test_recovery_codes_work_once_however_they_are_typed(client: Client, caller: Caller, codes: list[str]) -> None:
    token = login(client, caller).json["mfa_token"]
    typed = codes[0].lower().replace("-", " ")
    assert verify(client, token, typed).status_code == 200
    assert verify(client, token, codes[0]).status_code == 401
    assert caller.get("/api/auth/2fa").json["recovery_codes_left"] == 9
    kept = [row.code_hash for row in run("select code_hash from recovery_code where user_id = %s", (caller.user_id,))]
    assert len(kept) == 10 and not {*codes} & {*kept}


def test_a_recovery_code_may_be_given_by_its_name(client: Client, caller: Caller, codes: list[str]) -> None:
    token = login(client, caller).json["mfa_token"]
    for given in ({}, {"code": codes[0], "recovery_code": codes[1]}, {"recovery_code": 7}):
        assert client.post("/api/auth/2fa/verify", json={"mfa_token": token, **given}).status_code == 422
    given = {"mfa_token": token, "recovery_code": codes[2]}
    assert client.post("/api/auth/2fa/verify", json=given).status_code == 200
    assert client.post("/api/auth/2fa/verify", json=given).status_code == 401


def test_a_recovery_code_given_twice_at_once_works_once(app: Flask, caller: Caller, codes: list[str]) -> None:
    token = login(app.test_client(), caller).json["mfa_token"]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: verify(app.test_client(), token, codes[0]).status_code, range(4)))
    assert sorted(answers) == [200, 401, 401, 401]


def test_new_recovery_codes_replace_the_old(client: Client, caller: Caller, phone: Phone, codes: list[str]) -> None:
    refused = caller.post("/api/auth/2fa/recovery-codes", {"password": "wrong", "code": phone.code()})
    assert (refused.status_code, refused.json["error"]) == (403, "wrong_password")
    renewed = caller.post("/api/auth/2fa/recovery-codes", {"password": PASSWORD, "code": phone.code()})
    assert not {*renewed.json["recovery_codes"]} & {*codes}
    token = login(client, caller).json["mfa_token"]
    assert verify(client, token, codes[1]).status_code == 401
    assert verify(client, token, renewed.json["recovery_codes"][1]).status_code == 200


def test_codes_cannot_be_guessed(client: Client, caller: Caller, codes: list[str]) -> None:
    token = login(client, caller).json["mfa_token"]
    answers = [verify(client, token, f"{number:06}").status_code for number in range(6)]
    assert answers == [401] * 5 + [429]
    assert verify(client, login(client, caller).json["mfa_token"], "000000").status_code == 429, (
        "nor with another token"
    )


def test_switching_off_asks_for_both(client: Client, caller: Caller, phone: Phone, codes: list[str]) -> None:
    for password, code in ((PASSWORD, "000000"), ("wrong", phone.code())):
        assert caller.post("/api/auth/2fa/disable", {"password": password, "code": code}).status_code in (403, 422)
    assert "mfa_token" in login(client, caller).json
    assert caller.post("/api/auth/2fa/disable", {"password": PASSWORD, "code": phone.code()}).status_code == 204
    assert "access_token" in login(client, caller).json
    assert run("select 1 from recovery_code where user_id = %s", (caller.user_id,)) == []
    off = caller.post("/api/auth/2fa/disable", {"password": PASSWORD, "code": "000000"})
    assert (off.status_code, off.json["error"]) == (409, "two_factors_off")


def test_a_reset_password_does_not_go_around_it(
    app: Flask, client: Client, caller: Caller, phone: Phone, codes: list[str]
) -> None:
    half = login(client, caller).json["mfa_token"]
    client.post("/api/auth/password/forgot", json={"email": caller.email})
    token = find_token(app, caller.email, "reset_password")
    new = "a password of today"
    assert client.post("/api/auth/password/reset", json={"token": token, "password": new}).status_code == 204
    assert verify(client, half, phone.code()).json["error"] == "invalid_token", "half a sign-in ends with the password"
    signed = client.post("/api/auth/login", json={"email": caller.email, "password": new})
    assert set(signed.json) == {"mfa_token"}


def sign_512(payload: dict[str, Any], key: str) -> str:
    """With our key, by another algorithm."""
    parts = (json.dumps(part).encode() for part in ({"alg": "HS512", "typ": "JWT"}, payload))
    text = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
    signature = hmac.digest(key.encode(), text.encode(), "sha512")
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def bad_tokens(app: Flask, caller: Caller) -> list[str]:
    settings = app.extensions["tawkee"].settings
    claims = {"sub": caller.user_id, "pwd": "x", "sid": caller.user_id}
    good = sign_token(settings, "mfa", claims, 300)
    head, body, signature = good.split(".")
    payload = jwt.decode(good, options={"verify_signature": False})
    return [
        sign_token(settings, "access", claims, 300),
        sign_token(settings, "mfa", claims, -60),
        f"{head}.{body}.{signature[:-4]}",
        f"{head}.{body}.",
        jwt.encode(payload, "", "none"),
        jwt.encode(payload, "another key of thirty-two letters", "HS256"),
        sign_512(payload, settings.secret_key),
        jwt.encode({**payload, "iss": "elsewhere"}, settings.secret_key, "HS256"),
        jwt.encode({name: payload[name] for name in payload if name != "exp"}, settings.secret_key, "HS256"),
        "e" * 8192,
        f"{head}.{body * 100}.{signature}"[:8192],
        "..",
        "é.é.é",
    ]


def test_tokens_that_are_not_ours_old_or_meant_for_something_else(
    app: Flask, client: Client, caller: Caller, codes: list[str]
) -> None:
    for token in bad_tokens(app, caller):
        assert verify(client, token, "000000").status_code == 401, token[:80]
        header = f"Bearer {token}".encode().decode("latin-1")
        assert client.get("/api/auth/me", headers={"Authorization": header}).status_code == 401, token[:80]


def test_a_workspace_may_require_it(client: Client, caller: Caller, stranger: Caller) -> None:
    run(
        "insert into membership (workspace_id, user_id, role) values (%s, %s, 'ATTENDANT')",
        (caller.workspace_id, stranger.user_id),
    )
    chats = f"/api/workspaces/{caller.workspace_id}/chats"
    early = caller.patch("…", {"require_two_factors": True})
    assert (early.status_code, early.json["error"]) == (409, "two_factors_off")
    own = Phone(caller, caller.post("/api/auth/2fa/setup").json["secret"])
    caller.post("/api/auth/2fa/enable", {"code": own.code()})
    assert caller.patch("…", {"require_two_factors": True}).json["require_two_factors"] is True
    assert caller.get("…/two-factors").json == {"required": True, "members_without": 1}
    assert caller.get("…/chats").status_code == 200
    refused = stranger.get(chats)
    assert (refused.status_code, refused.json["error"]) == (403, "two_factors_required")
    assert stranger.get("…/chats").status_code == 200, "their own workspace does not"
    theirs = Phone(stranger, stranger.post("/api/auth/2fa/setup").json["secret"])
    stranger.post("/api/auth/2fa/enable", {"code": theirs.code()})
    assert stranger.get(chats).status_code == 200
    assert stranger.patch(chats.removesuffix("/chats"), {"require_two_factors": False}).status_code == 403
    assert caller.patch("…", {"require_two_factors": False}).json["require_two_factors"] is False


def test_only_the_owner_may_require_it(caller: Caller, stranger: Caller) -> None:
    run(
        "insert into membership (workspace_id, user_id, role) values (%s, %s, 'MANAGER')",
        (caller.workspace_id, stranger.user_id),
    )
    path = f"/api/workspaces/{caller.workspace_id}"
    refused = stranger.patch(path, {"name": "Sua", "require_two_factors": False})
    assert (refused.status_code, refused.json["error"]) == (403, "role_too_low")
    assert caller.get("…").json["name"] == "Loja", "nothing of it is done"
    assert stranger.patch(path, {"name": "Nossa"}).json["name"] == "Nossa"


def test_the_operator_lets_in_again_who_lost_phone_and_codes(
    app: Flask, client: Client, caller: Caller, codes: list[str]
) -> None:
    settings = app.extensions["tawkee"].settings
    run("insert into mail_block (email, reason) values (%s, 'complained')", (caller.email,))
    with app.app_context():
        assert len(unlock_person(settings, f" {caller.email.upper()} ")) == 2
        assert unlock_person(settings, caller.email) == []
        with pytest.raises(NotFound):
            unlock_person(settings, "nobody@example.com")
    assert caller.get("/api/auth/me").status_code == 401, "whoever holds the phone is out"
    assert "access_token" in login(client, caller).json
    assert "two_factors_changed" in [template for template, _ in read_letters(app, caller.email)]


def test_the_operator_unlocks_nobody_who_only_claims_an_address(app: Flask, client: Client, caller: Caller) -> None:
    given = {"name": "Eva", "email": caller.email, "password": PASSWORD}
    assert client.post("/api/auth/register", json=given).status_code == 201
    with pytest.raises(NotFound):
        unlock_person(app.extensions["tawkee"].settings, caller.email)
