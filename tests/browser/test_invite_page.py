"""The page behind an invitation's link, as the invited person uses it."""

import re

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
    expect(page.get_by_role("alert").filter(has_text=re.compile("número|campos"))).to_be_visible()
    page.get_by_label("WhatsApp").fill("11 91234-5678")
    page.get_by_role("button", name="Receber o código").click()
    expect(page.get_by_text(f"por e-mail para {invited.email}")).to_be_visible()
    page.get_by_label("Código de seis dígitos").fill(invited.wrong_code())
    page.get_by_role("button", name="Confirmar").click()
    expect(page.get_by_role("alert").filter(has_text="Tentativas que restam: 4")).to_be_visible()
    page.get_by_label("Código de seis dígitos").fill(invited.mailed_code())
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
