"""The pages that mails lead to."""

from typing import Any

import pytest
from flask import Flask

from tawkee_core import create_app
from tawkee_core.accounts.links import PAGES, app_link
from tawkee_core.settings import Settings
from tests.callers import Caller, Client
from tests.letters import find_token, read_letters

NEW = "another good password"


def test_links_lead_to_the_frontend_or_here(app: Flask) -> None:
    assert app_link(Settings(), "confirm_email", "a b") == "http://127.0.0.1:8000/account/confirm-email?token=a+b"
    there = Settings(app_url="https://app.example.com/", public_url="https://api.example.com")
    assert app_link(there, "forgot_password") == "https://app.example.com/account/forgot-password"


@pytest.mark.parametrize("page", [page for name, page in PAGES.items() if name != "accept_invitation"])
@pytest.mark.parametrize(("lang", "word"), [("pt-BR", "senha"), ("en", "password")])
def test_every_page_is_there_in_both_languages(client: Client, page: str, lang: str, word: str) -> None:
    shown = client.get(f"{page}?token=abc&lang={lang}")
    assert shown.status_code == 200 and f'<html lang="{lang}">' in shown.text
    assert word in shown.text or "confirm" in page
    assert shown.headers["Cache-Control"] == "no-store" and shown.headers["X-Frame-Options"] == "DENY"


def test_an_address_is_confirmed_by_its_button_not_by_the_link(app: Flask, client: Client, caller: Caller) -> None:
    token = find_token(app, caller.email, "confirm_email")
    for _ in range(2):  # a mail program looks at it first
        assert f'value="{token}"' in client.get(f"/account/confirm-email?token={token}").text
    done = client.post("/account/confirm-email?lang=en", data={"token": token})
    assert done.status_code == 200 and caller.email in done.text
    again = client.post("/account/confirm-email?lang=en", data={"token": token})
    assert again.status_code == 422 and "not valid" in again.text


def test_a_password_is_set_anew_without_a_frontend(app: Flask, client: Client, caller: Caller) -> None:
    asked = client.post("/account/forgot-password?lang=en", data={"email": caller.email})
    nobody = client.post("/account/forgot-password?lang=en", data={"email": "nobody@example.com\0"})
    assert asked.status_code == 200 and asked.text == nobody.text
    token = find_token(app, caller.email, "reset_password")

    def set_to(password: str, again: str) -> Any:
        form = {"token": token, "password": password, "again": again}
        return client.post("/account/reset-password?lang=en", data=form)

    assert "differ" in set_to(NEW, "another").text
    short = set_to("short", "short")
    assert short.status_code == 422 and "8 to 128" in short.text and f'value="{token}"' in short.text
    assert set_to(NEW, NEW).status_code == 200
    assert "not valid" in set_to(NEW, NEW).text
    assert client.post("/api/auth/login", json={"email": caller.email, "password": NEW}).status_code == 200


def test_what_is_in_an_address_is_shown_as_text(client: Client) -> None:
    shown = client.get('/account/confirm-email?token="><script>alert(1)</script>').text
    assert "<script>alert" not in shown


def test_mails_of_an_installation_with_a_frontend_lead_there(config: dict[str, Any], caller: Caller) -> None:
    app = create_app({**config, "app_url": "https://app.example.com"})
    (letter,) = read_letters(app, caller.email)
    assert "https://app.example.com/account/confirm-email?token=" in letter[1]
