"""The pages a web chat may be used on."""

import pytest
import requests

from tests.channels.tawkee_webchat.site import Site, Visitor

SHOP = "https://www.shop.example"
LIST = {"allowed_origins": [SHOP, "https://*.branches.example/", "bare.example"]}
ALLOWED = [SHOP, "https://HTTPS.branches.example", "https://a.b.branches.example", "https://bare.example"]
REFUSED = [
    "https://evil.example",
    "http://www.shop.example",
    "https://www.shop.example.evil.example",
    "https://evilbranches.example",
    "https://branches.example",
    "https://www.shop.example:8443",
    "null",
]


def ask_session(chat: str, origin: str | None) -> requests.Response:
    headers = {"Origin": origin} if origin else {}
    return requests.post(f"{chat}/sessions", json={}, headers=headers, timeout=30)


@pytest.mark.parametrize("origin", ALLOWED)
def test_an_allowed_page_may_speak_and_read(site: Site, origin: str) -> None:
    answer = ask_session(site.chat_url(site.add_chat(**LIST)), origin)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (201, origin)
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize("origin", REFUSED)
def test_any_other_page_is_refused(site: Site, origin: str) -> None:
    chat = site.chat_url(site.add_chat(**LIST))
    answer = ask_session(chat, origin)
    assert (answer.status_code, answer.json()["error"]) == (403, "origin_not_allowed")
    assert "Access-Control-Allow-Origin" not in answer.headers
    visitor = Visitor(chat)
    visitor.headers |= {"Origin": origin}
    assert visitor.say("oi").status_code == 403
    assert requests.get(f"{chat}/events", headers=visitor.headers, timeout=30).status_code == 403


def test_our_own_page_and_programs_are_allowed(site: Site) -> None:
    chat = site.chat_url(site.add_chat(**LIST))
    assert ask_session(chat, site.url).status_code == 201
    assert ask_session(chat, None).status_code == 201


def test_without_a_list_every_page_is_allowed(site: Site) -> None:
    answer = ask_session(site.chat_url(site.add_chat()), "https://any.example")
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (201, "https://any.example")


def test_a_browser_is_told_before_it_asks(site: Site) -> None:
    chat = site.chat_url(site.add_chat(**LIST))
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    allowed = requests.options(f"{chat}/messages", headers={"Origin": SHOP, **asks}, timeout=30)
    assert allowed.status_code == 200
    assert "Authorization" in allowed.headers["Access-Control-Allow-Headers"]
    refused = requests.options(f"{chat}/messages", headers={"Origin": "https://evil.example", **asks}, timeout=30)
    assert "Access-Control-Allow-Origin" not in refused.headers


def test_an_error_can_be_read_by_an_allowed_page(site: Site) -> None:
    chat = site.chat_url(site.add_chat(**LIST))
    answer = requests.get(f"{chat}/messages", headers={"Origin": SHOP}, timeout=30)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (401, SHOP)


def test_the_page_may_be_framed_by_the_allowed_pages_only(site: Site) -> None:
    policy = requests.get(site.chat_url(site.add_chat(**LIST)), timeout=30).headers["Content-Security-Policy"]
    assert f"frame-ancestors 'self' {SHOP} https://*.branches.example https://bare.example" in policy
    policy = requests.get(site.chat_url(site.add_chat()), timeout=30).headers["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors *")
