"""The page behind an invitation's link, as the invited person uses it."""

import pyotp
from flask import Flask
from playwright.sync_api import expect

from tawkee_core.db import run
from tests.api.test_invited import Invited
from tests.browser.conftest import OpenPage
from tests.browser.test_own_pages import assert_sound, open_watched
from tests.callers import PASSWORD, Caller, register_caller
from tests.channels.tawkee_webchat.site import Site

PHONE = {"width": 360, "height": 740}


def test_somebody_new_joins_on_a_phone(app: Flask, caller: Caller, site: Site, open_page: OpenPage) -> None:
    invited = Invited(caller, app.extensions["tawkee"].settings)
    page = open_watched(open_page, site, f"/invite#{invited.token}", viewport=PHONE, color_scheme="dark")
    expect(page.get_by_role("heading", name="Ana Lima convidou você para Loja")).to_be_visible()
    expect(page.get_by_text("Treinador")).to_be_visible()
    page.get_by_label("Nome").fill("Bia Souza")
    page.get_by_label("WhatsApp").fill("123")
    page.locator("#new").get_by_label("Senha").fill(PASSWORD)
    page.get_by_role("button", name="Receber o código").click()
    expect(page.get_by_role("alert").filter(has_text="Confira o número do WhatsApp")).to_be_visible()
    page.get_by_label("WhatsApp").fill("11 91234-5678")
    page.get_by_role("button", name="Receber o código").click()
    expect(page.get_by_text(f"por e-mail para {invited.email}")).to_be_visible()
    assert page.evaluate("document.querySelector('#code').scrollWidth <= document.querySelector('#code').clientWidth")
    page.get_by_label("Código de seis dígitos").fill("12 34")
    page.get_by_role("button", name="Confirmar").click()
    expect(page.get_by_role("alert").filter(has_text="O código tem seis dígitos.")).to_be_visible()
    page.get_by_role("button", name="Enviar por e-mail").click()
    expect(page.get_by_text("Enviamos outro código.")).to_be_visible()
    page.get_by_label("Código de seis dígitos").fill(invited.wrong_code())
    page.get_by_role("button", name="Confirmar").click()
    expect(page.get_by_role("alert").filter(has_text="Tentativas que restam: 4")).to_be_visible()
    code = invited.mailed_code()
    page.get_by_label("Código de seis dígitos").fill(f"{code[:3]} {code[3:]}")
    page.get_by_role("button", name="Confirmar").click()
    expect(page.get_by_role("heading", name="Pronto!")).to_be_focused()
    assert_sound(page)
    assert "#" not in page.url
    assert [m["name"] for m in caller.get("…/members").json] == ["Bia Souza"]
    again = open_watched(open_page, site, f"/invite#{invited.token}", locale="en-US")
    expect(again.get_by_role("heading", name="This invitation is no longer open")).to_be_visible()


def test_who_has_an_account_signs_in(app: Flask, caller: Caller, site: Site, open_page: OpenPage) -> None:
    known = register_caller(app.test_client())
    run("update account_user set email_confirmed_at = now() where id = %s", (known.user_id,))
    invited = Invited(caller, app.extensions["tawkee"].settings, known.email)
    page = open_watched(open_page, site, f"/invite#{invited.token}")
    page.locator("#known").get_by_label("Senha").fill("wrong password")
    page.get_by_role("button", name="Entrar e aceitar").click()
    expect(page.get_by_role("alert").filter(has_text="A senha está errada")).to_be_visible()
    page.locator("#known").get_by_label("Senha").fill(PASSWORD)
    page.get_by_role("button", name="Entrar e aceitar").click()
    expect(page.get_by_role("heading", name="Pronto!")).to_be_visible()
    assert_sound(page)


def test_two_factors_are_asked_for_too(app: Flask, caller: Caller, site: Site, open_page: OpenPage) -> None:
    """A sign-in that was not finished in time begins anew, and no old word stands beside the new question."""
    known = register_caller(app.test_client())
    run("update account_user set email_confirmed_at = now() where id = %s", (known.user_id,))
    secret = known.post("/api/auth/2fa/setup").json["secret"]
    recovery = known.post("/api/auth/2fa/enable", {"code": pyotp.TOTP(secret).now()}).json["recovery_codes"][0]
    invited = Invited(caller, app.extensions["tawkee"].settings, known.email)
    page = open_watched(open_page, site, f"/invite#{invited.token}", locale="en-US")
    alert, password = page.locator("#known [role=alert]"), page.locator("#known").get_by_label("Password")
    code, button = page.get_by_label("Code of your authenticator app"), page.get_by_role("button", name="Sign in")
    password.fill("wrong password")
    button.click()
    expect(alert).to_have_text("The password is wrong.")
    password.fill(PASSWORD)
    button.click()
    expect(code).to_be_focused()
    expect(alert).to_have_text("")
    code.fill("000000")
    button.click()
    expect(alert).to_have_text("The code is wrong.")
    run("update account_user set password_hash = password_hash || ' ' where id = %s", (known.user_id,))
    code.fill(recovery)
    button.click()
    expect(alert).to_contain_text("Sign in with your password again")
    run("update account_user set password_hash = rtrim(password_hash) where id = %s", (known.user_id,))
    button.click()
    expect(code).to_be_focused()
    code.fill(recovery)
    button.click()
    expect(page.get_by_role("heading", name="Done!")).to_be_visible()


def test_who_never_confirmed_their_address_need_not_begin_anew(
    app: Flask, caller: Caller, site: Site, open_page: OpenPage
) -> None:
    """The mail proves the address of the account they have."""
    claiming = register_caller(app.test_client())
    invited = Invited(caller, app.extensions["tawkee"].settings, claiming.email)
    page = open_watched(open_page, site, f"/invite#{invited.token}")
    page.get_by_role("button", name="Já tenho conta").click()
    page.locator("#known").get_by_label("Senha").fill(PASSWORD)
    page.get_by_role("button", name="Entrar e aceitar").click()
    expect(page.get_by_role("heading", name="Pronto!")).to_be_visible()
    me = claiming.get("/api/auth/me").json
    assert me["user"]["email_confirmed"] and len(me["workspaces"]) == 2


def test_what_keeps_an_account_out_is_said(app: Flask, caller: Caller, site: Site, open_page: OpenPage) -> None:
    """By the link alone, somebody whose address is not confirmed; and somebody new whose address is taken meanwhile."""
    claiming, settings = register_caller(app.test_client()), app.extensions["tawkee"].settings
    invited = Invited(caller, settings, claiming.email)
    page = open_watched(open_page, site, f"/invite#{invited.link_token}")
    page.get_by_role("button", name="Já tenho conta").click()
    page.locator("#known").get_by_label("Senha").fill(PASSWORD)
    page.get_by_role("button", name="Entrar e aceitar").click()
    expect(page.get_by_role("alert").filter(has_text="Confirme antes o seu e-mail")).to_be_visible()
    page = open_watched(open_page, site, f"/invite#{invited.token}")
    page.get_by_label("Nome").fill("Bia Souza")
    page.get_by_label("WhatsApp").fill("11 91234-5678")
    page.locator("#new").get_by_label("Senha").fill(PASSWORD)
    run("update account_user set email_confirmed_at = now() where id = %s", (claiming.user_id,))
    page.get_by_role("button", name="Receber o código").click()
    expect(page.get_by_role("alert").filter(has_text="Este e-mail já tem conta")).to_be_visible()
    page.locator("#known").get_by_label("Senha").fill(PASSWORD)
    page.get_by_role("button", name="Entrar e aceitar").click()
    expect(page.get_by_role("heading", name="Pronto!")).to_be_visible()
