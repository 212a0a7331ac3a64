"""The widget on somebody else's page."""

from contextlib import AbstractContextManager
from typing import Any

from playwright.sync_api import Route, expect

from tests.browser.conftest import OpenPage
from tests.browser.hosts import serve_html
from tests.channels.tawkee_webchat.site import Site

PAGE = """<!doctype html><html lang="en"><title>Shop</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<body><h1>Shop</h1><script src="%s/widget.js" async></script></body></html>"""


def serve_shop(site: Site, **config: Any) -> AbstractContextManager[str]:
    """A shop's page with a widget on it, by default allowed there only; its origin."""
    made: dict[str, str] = {}

    def page(origin: str) -> str:
        if origin not in made:
            made[origin] = PAGE % site.chat_url(site.add_chat(**{"allowed_origins": [origin], **config}))
        return made[origin]

    return serve_html(page)


def test_the_bubble_opens_the_chat_and_escape_closes_it(site: Site, open_page: OpenPage) -> None:
    with serve_shop(site, title="Loja") as shop:
        page = open_page(shop)
        page.get_by_role("button", name="Abrir chat").click()
        dialog = page.get_by_role("dialog", name="Loja")
        expect(dialog.get_by_role("textbox")).to_be_focused()
        page.keyboard.type("oi")
        page.keyboard.press("Enter")
        expect(dialog.locator(".row.agent .text")).to_have_text("echo: oi")
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        expect(page.get_by_role("button", name="Abrir chat")).to_be_focused()
        page.keyboard.press("Enter")
        expect(dialog.locator(".row.agent .text")).to_have_text("echo: oi")


def test_an_answer_that_comes_while_it_is_closed_is_counted(site: Site, open_page: OpenPage) -> None:
    with serve_shop(site) as shop:
        page = open_page(shop)
        page.get_by_role("button", name="Abrir chat").click()
        page.keyboard.type("oi")
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Abrir chat (1 não lidas)")).to_be_visible()
        page.get_by_role("button", name="Abrir chat").click()
        expect(page.locator(".row.agent .text")).to_have_text("echo: oi")
        expect(page.locator(".badge")).to_be_hidden()


def answered_history(route: Route) -> None:
    """The history, not given before the answer is in it."""
    answer = route.fetch()
    while route.request.method == "GET" and "echo: oi" not in answer.text():
        answer = route.fetch()
    route.fulfill(response=answer)


def test_an_answer_that_comes_with_the_history_is_counted_too(site: Site, open_page: OpenPage) -> None:
    with serve_shop(site) as shop:
        page = open_page(shop)
        page.route("**/messages", answered_history)
        page.get_by_role("button", name="Abrir chat").click()
        page.keyboard.type("oi")
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Abrir chat (1 não lidas)")).to_be_visible()


def test_a_site_that_is_not_allowed_does_not_have_it(site: Site, open_page: OpenPage) -> None:
    with serve_shop(site, allowed_origins=["https://another.example", "http://*.localhost"]) as shop:
        page = open_page("about:blank")
        with page.expect_console_message(lambda message: "não está disponível" in message.text):
            page.goto(shop)
        assert page.locator("#tawkee-chat").count() == 0


def test_on_a_phone_the_panel_is_the_whole_screen(site: Site, open_page: OpenPage) -> None:
    with serve_shop(site) as shop:
        page = open_page(shop, viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
        page.get_by_role("button", name="Abrir chat").tap()
        box = page.locator(".panel").bounding_box()
        assert box == {"x": 0, "y": 0, "width": 360, "height": 640}
        page.get_by_role("button", name="Fechar chat").tap()
        expect(page.locator(".panel")).to_be_hidden()


def test_without_storage_it_works_as_long_as_the_page(site: Site, open_page: OpenPage) -> None:
    page = open_page("about:blank")
    page.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('refused'); } })")
    page.goto(site.chat_url(site.add_chat()))
    page.get_by_role("textbox").fill("oi")
    page.get_by_role("textbox").press("Enter")
    expect(page.locator(".text")).to_have_text(["oi", "echo: oi"])
