"""Accepting an invitation: as somebody new, by a code on WhatsApp or by e-mail, or with the account one has."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tawkee_core import hookimpl
from tawkee_core.accounts.invitations import make_token
from tawkee_core.db import run
from tawkee_core.mail.queue import seal_context
from tawkee_core.models import new_id
from tawkee_core.security import unseal
from tawkee_core.settings import Settings
from tawkee_core.testing.echo_channel import EchoChannel
from tawkee_core.testing.running import Company, Running, make_running
from tawkee_core.types import ChannelInfo
from tests.callers import PASSWORD, Answer, Caller, register_caller
from tests.letters import write_letters

GIVEN = {"name": "Bia Souza", "phone": "(11) 91234-5678", "password": PASSWORD, "locale": "en"}


class Zap(EchoChannel):
    """An echo channel that can write first on WhatsApp."""

    @hookimpl
    def channel_info(self) -> ChannelInfo:
        info = super().channel_info()
        return replace(info, capabilities=replace(info.capabilities, opens_whatsapp=True))


class Invited:
    """Somebody who was invited to the caller's team, and has the mail."""

    def __init__(self, caller: Caller, settings: Settings, email: str = "", role: str = "TRAINER") -> None:
        self.client: Any = caller.client
        self.settings, self.caller = settings, caller
        self.email = email or f"{new_id()}@example.com"
        made = caller.post("…/invitations", {"email": self.email, "role": role})
        assert made.status_code == 201, made.text
        self.id = made.json["id"]
        self.link_token = made.json["link"].rpartition("#")[2]
        self.token = make_token(settings, self.id, "mail")

    def call(self, what: str, json: Any = None, token: str = "", **options: Any) -> Answer:
        return self.client.post(f"/api/invitations/{token or self.token}/{what}", json=json, **options)

    def show(self, token: str = "") -> Answer:
        return self.client.get(f"/api/invitations/{token or self.token}")

    def mailed_code(self) -> str:
        rows = run(
            "select id, sealed from mail where recipient = %s and template = 'activation_code'"
            " order by created_at desc limit 1",
            (self.email,),
        )
        text = unseal(self.settings, seal_context(rows[0].id), rows[0].sealed).get("text") or self.sent(rows[0].id)
        return str(re.findall(r"\b\d{6}\b", text)[0])

    def sent(self, mail_id: str) -> str:
        """The subject of a mail that a worker has put into its folder already."""
        path = Path(self.settings.data) / "mail" / f"{mail_id}.eml"
        return str(message_from_bytes(path.read_bytes(), policy=default)["Subject"])

    def wrong_code(self) -> str:
        return f"{(int(self.mailed_code()) + 1) % 10**6:06d}"


@pytest.fixture
def settings(app: Flask) -> Settings:
    found: Settings = app.extensions["tawkee"].settings
    return found


@pytest.fixture
def invited(caller: Caller, settings: Settings) -> Invited:
    return Invited(caller, settings)


def bearer(caller: Caller) -> dict[str, str]:
    return {"Authorization": f"Bearer {caller.access_token}"}


def prove(caller: Caller) -> Caller:
    """One whose address is confirmed."""
    run("update account_user set email_confirmed_at = now() where id = %s", (caller.user_id,))
    return caller


def test_somebody_new_joins_by_a_code_in_the_mail(invited: Invited) -> None:
    shown = invited.show()
    assert shown.json == {
        "workspace": "Loja",
        "inviter": "Ana Lima",
        "role": "TRAINER",
        "email": invited.email,
        "expires_at": shown.json["expires_at"],
        "has_account": False,
        "code_by": "email",
    }
    sent = invited.call("accept", GIVEN)
    assert (sent.status_code, sent.json) == (202, {"sent_by": "email", "to": invited.email, "minutes": 10})
    done = invited.call("confirm", {"code": invited.mailed_code()})
    assert done.status_code == 201 and done.json["user"]["email"] == invited.email
    workspace_id = invited.caller.workspace_id
    assert (done.json["workspace"]["id"], done.json["workspace"]["status"]) == (workspace_id, "TRIAL")
    headers = {"Authorization": f"Bearer {done.json['access_token']}"}
    assert invited.client.get(f"/api/workspaces/{workspace_id}/agents", headers=headers).status_code == 200
    assert invited.client.get(f"/api/workspaces/{workspace_id}/members", headers=headers).status_code == 403
    login = invited.client.post("/api/auth/login", json={"email": invited.email, "password": PASSWORD})
    assert login.json["workspace"]["id"] == workspace_id
    (user,) = run("select * from account_user where email = %s", (invited.email,))
    assert (user.name, user.phone, user.locale) == ("Bia Souza", "5511912345678", "en")
    assert user.phone_confirmed_at is None and user.email_confirmed_at is not None
    assert invited.show().status_code == invited.call("confirm", {"code": "123456"}).status_code == 404
    assert invited.caller.get("…/members").json[0]["status"] == "ACTIVE"


def test_codes_are_hashed_and_few_tries_are_left(invited: Invited) -> None:
    invited.call("accept", GIVEN)
    code = invited.mailed_code()
    assert code not in str(
        run("select code_hash, password_hash from activation where invitation_id = %s", (invited.id,))
    )
    refused = [invited.call("confirm", {"code": invited.wrong_code()}) for _ in range(5)]
    assert {(answer.status_code, answer.json["error"]) for answer in refused} == {(422, "wrong_code")}
    assert [re.findall(r"\d", answer.json["message"])[0] for answer in refused] == list("43210")
    over = invited.call("confirm", {"code": code})
    assert (over.status_code, over.json["error"]) == (409, "code_over")
    for bad in ("12345", "1234567", "abcdef", "", None):
        assert invited.call("confirm", {"code": bad}).status_code == 422
    invited.call("accept", GIVEN)
    assert invited.call("confirm", {"code": invited.mailed_code()}).status_code == 201


def test_a_code_ends_after_ten_minutes_and_with_the_next_one(invited: Invited) -> None:
    invited.call("accept", GIVEN)
    first = invited.mailed_code()
    invited.call("accept", GIVEN)
    second = invited.mailed_code()
    assert first == second or invited.call("confirm", {"code": first}).json["error"] == "wrong_code"
    run("update activation set expires_at = now() - interval '1 second' where invitation_id = %s", (invited.id,))
    assert invited.call("confirm", {"code": second}).json["error"] == "code_over"
    statuses = [invited.call("accept", GIVEN).status_code for _ in range(4)]
    assert statuses == [202, 202, 202, 429]


def test_two_confirmations_at_once_make_one_account(app: Flask, invited: Invited) -> None:
    invited.call("accept", GIVEN)
    code = invited.mailed_code()
    with ThreadPoolExecutor(4) as pool:
        path = f"/api/invitations/{invited.token}/confirm"
        tries = [pool.submit(lambda: app.test_client().post(path, json={"code": code})) for _ in range(4)]
    statuses = sorted(each.result().status_code for each in tries)
    assert statuses[0] == 201 and set(statuses[1:]) <= {404, 409}
    assert len(run("select 1 from account_user where email = %s", (invited.email,))) == 1


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"name": ""}, "bad_input"),
        ({"phone": "12345678"}, "bad_phone"),
        ({"phone": "911 abc 22222"}, "bad_phone"),
        ({"password": "short"}, "bad_password"),
        ({"email": "other@example.com"}, "another_email"),
        ({"role": "MANAGER"}, "bad_input"),
        ({"workspace_id": "x"}, "bad_input"),
        ({"locale": "fr"}, "bad_input"),
    ],
)
def test_what_is_filled_in_wrongly(invited: Invited, change: dict[str, str], error: str) -> None:
    answer = invited.call("accept", GIVEN | change)
    assert (answer.status_code, answer.json["error"]) == (422, error)


def test_who_has_an_account_accepts_by_signing_in(caller: Caller, settings: Settings, client: FlaskClient) -> None:
    known, other = prove(register_caller(client)), register_caller(client)
    invited = Invited(caller, settings, known.email, "MANAGER")
    assert invited.show().json["has_account"] is True
    refused = invited.call("accept", GIVEN)
    assert (refused.status_code, refused.json["error"]) == (409, "sign_in_to_accept")
    wrong = invited.call("accept", headers=bearer(other))
    assert (wrong.status_code, wrong.json["error"]) == (403, "another_account")
    assert invited.call("accept", headers={"Authorization": "Bearer nonsense"}).status_code == 401
    joined = invited.call("accept", headers=bearer(known))
    assert (joined.status_code, joined.json["role"]) == (200, "MANAGER")
    assert invited.call("accept", headers=bearer(known)).status_code == 404
    assert [w["name"] for w in known.get("/api/workspaces").json] == ["Loja", "Loja"]


def test_who_was_only_given_the_link_learns_of_no_account(
    caller: Caller, settings: Settings, client: FlaskClient
) -> None:
    known, new = Invited(caller, settings, prove(register_caller(client)).email), Invited(caller, settings)
    assert known.show(known.link_token).json["has_account"] is None
    answers = [each.call("accept", GIVEN, token=each.link_token) for each in (known, new)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert known.call("confirm", {"code": known.mailed_code()}, token=known.link_token).status_code == 409
    assert new.call("confirm", {"code": new.mailed_code()}, token=new.link_token).status_code == 201


def test_a_code_confirms_only_what_was_filled_in_with_the_same_token(invited: Invited) -> None:
    """Or whoever has the link could have their password confirmed by who has the mail."""
    invited.call("accept", GIVEN)
    invited.call("accept", GIVEN | {"password": PASSWORD[::-1]}, token=invited.link_token)
    crossed = invited.call("confirm", {"code": invited.mailed_code()})
    assert (crossed.status_code, crossed.json["error"]) == (422, "wrong_code")
    invited.call("accept", GIVEN)
    code = invited.mailed_code()
    assert invited.call("confirm", {"code": code}, token=invited.link_token).json["error"] == "wrong_code"
    assert invited.call("confirm", {"code": code}).status_code == 201


def test_who_only_claims_the_address_is_in_nobodys_way(caller: Caller, settings: Settings, client: FlaskClient) -> None:
    claiming = register_caller(client)
    invited = Invited(caller, settings, claiming.email)
    assert invited.show().json["has_account"] is False
    by_link = invited.call("accept", token=invited.link_token, headers=bearer(claiming))
    assert (by_link.status_code, by_link.json["error"]) == (403, "email_unconfirmed")
    invited.call("accept", GIVEN)
    joined = invited.call("confirm", {"code": invited.mailed_code()})
    assert joined.status_code == 201 and joined.json["user"]["id"] != claiming.user_id
    again = Invited(register_caller(client), settings, claiming.email)
    late = again.call("accept", headers=bearer(claiming))
    assert (late.status_code, late.json["error"]) == (403, "another_account")
    assert again.show().status_code == 200, "the invitation is still open"


def test_the_mail_of_an_invitation_confirms_its_address(
    caller: Caller, settings: Settings, client: FlaskClient
) -> None:
    known = register_caller(client)
    assert Invited(caller, settings, known.email).call("accept", headers=bearer(known)).status_code == 200
    assert known.get("/api/auth/me").json["user"]["email_confirmed"] is True


@pytest.mark.parametrize("end", ["revoked_at = now()", "expires_at = now()"])
def test_an_invitation_that_is_over_is_unknown(invited: Invited, end: str) -> None:
    invited.call("accept", GIVEN)
    code = invited.mailed_code()
    run(f"update invitation set {end} where id = %s", (invited.id,))
    for answer in (invited.show(), invited.call("accept", GIVEN), invited.call("confirm", {"code": code})):
        assert (answer.status_code, answer.json["error"]) == (404, "invitation_gone")
        assert answer.data == invited.show("x" * 43).data


def test_the_page_of_an_invitation(client: FlaskClient) -> None:
    pt, en = (client.get(f"/invite?lang={lang}").text for lang in ("pt-BR", "en"))
    assert "Receber o código" in pt and "Get the code" in en
    assert "unsafe" not in client.get("/invite").headers["Content-Security-Policy"]


@pytest.fixture(scope="module")
def zap() -> Zap:
    return Zap()


@pytest.fixture(scope="module")
def running(tawkee_config: dict[str, Any], zap: Zap) -> Iterator[Running]:
    running = make_running(tawkee_config, [("zap", zap)])
    yield running
    running.close()


@pytest.fixture
def by_whatsapp(running: Running, zap: Zap) -> Invited:
    zap.provider.reset()
    caller = register_caller(running.client)
    running.add_channel(Company(caller.workspace_id, caller.make_agent(), caller.user_id), "zap")
    return Invited(caller, running.tawkee.settings)


def test_the_code_comes_by_the_workspaces_own_whatsapp(running: Running, zap: Zap, by_whatsapp: Invited) -> None:
    assert by_whatsapp.show().json["code_by"] == "whatsapp"
    phone = f"55119{int(new_id()[-8:], 16) % 10**8:08d}"  # what other tests left unsent goes elsewhere
    sent = by_whatsapp.call("accept", GIVEN | {"phone": f"+{phone}"})
    assert (sent.status_code, sent.json) == (202, {"sent_by": "whatsapp", "to": f"•••• {phone[-4:]}", "minutes": 10})
    running.settle()
    (text,) = zap.provider.texts(phone)
    (code,) = re.findall(r"\b\d{6}\b", text)
    caller = by_whatsapp.caller
    (chat,) = caller.get("…/chats").json
    (message,) = caller.get(f"…/chats/{chat['id']}/messages").json
    assert (message["status"], message["data"]) == ("sent", {}) and "••••••" in message["text"]
    workspace = (caller.workspace_id,)
    assert code not in str(run("select text, data, error from message where workspace_id = %s", workspace))
    assert by_whatsapp.call("confirm", {"code": code}).status_code == 201
    (user,) = run("select * from account_user where email = %s", (by_whatsapp.email,))
    assert user.phone_confirmed_at is not None


def test_whoever_has_the_link_and_a_phone_learns_of_no_account(
    running: Running, zap: Zap, by_whatsapp: Invited
) -> None:
    known = Invited(by_whatsapp.caller, by_whatsapp.settings, prove(register_caller(running.client)).email)
    answers = []
    for invited in (known, by_whatsapp):
        phone = f"55119{int(new_id()[-8:], 16) % 10**8:08d}"
        invited.call("accept", GIVEN | {"phone": f"+{phone}"}, token=invited.link_token)
        running.settle()
        (code,) = re.findall(r"\b\d{6}\b", zap.provider.texts(phone)[-1])
        answers.append(invited.call("confirm", {"code": code}, token=invited.link_token))
    assert [answer.status_code for answer in answers] == [201, 201]
    proved = "select count(*)::int as n from account_user where email = %s and email_confirmed_at is not null"
    assert [run(proved, (invited.email,))[0].n for invited in (known, by_whatsapp)] == [1, 0]
    assert newest_letter(running, known.email) == "already_registered"
    assert newest_letter(running, by_whatsapp.email) == "confirm_email", "as after registering"


def newest_letter(running: Running, email: str) -> str:
    write_letters(running.app, email)
    return str(run("select template from mail where recipient = %s order by id desc limit 1", (email,))[0].template)


def test_who_gets_nothing_on_whatsapp_asks_for_a_mail(by_whatsapp: Invited) -> None:
    by_whatsapp.call("accept", GIVEN)
    assert by_whatsapp.call("accept", GIVEN | {"send_by": "email"}).json["sent_by"] == "email"
    assert by_whatsapp.call("confirm", {"code": by_whatsapp.mailed_code()}).status_code == 201


def test_a_channel_that_is_not_connected_sends_no_code(by_whatsapp: Invited) -> None:
    run("update channel set status = 'failed' where workspace_id = %s", (by_whatsapp.caller.workspace_id,))
    assert by_whatsapp.call("accept", GIVEN).json["sent_by"] == "email"
