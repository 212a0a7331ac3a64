"""The start page and the API's documentation, as a browser shows them: whole, and nothing blocked by our own policy."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.callers import PASSWORD
from tests.channels.tawkee_webchat.site import Site

VIOLATIONS = """() => {
    window.blocked = [];
    const keep = (event) => window.blocked.push(event.violatedDirective + " " + event.blockedURI);
    document.addEventListener("securitypolicyviolation", keep);
}"""


def open_watched(open_page: OpenPage, site: Site, path: str, **options: object) -> Page:
    """Open a page that remembers what the policy blocked."""
    page = open_page("about:blank", **options)
    page.add_init_script(f"({VIOLATIONS})()")
    page.goto(f"{site.url}{path}")
    page.wait_for_load_state("networkidle")
    return page


def assert_sound(page: Page) -> None:
    """Nothing was blocked, and nothing stands beyond the right edge."""
    assert page.evaluate("window.blocked") == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_start_page_fits_a_phone_and_a_desktop_in_light_and_dark(site: Site, open_page: OpenPage) -> None:
    grounds = set()
    for viewport in ({"width": 360, "height": 740}, {"width": 1280, "height": 800}):
        for scheme in ("light", "dark"):
            page = open_watched(open_page, site, "/", viewport=viewport, color_scheme=scheme)
            assert_sound(page)
            grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(grounds) == 2


def test_the_start_page_speaks_the_browsers_language_and_changes_it(site: Site, open_page: OpenPage) -> None:
    page = open_watched(open_page, site, "/")
    expect(page.get_by_role("heading", name="O que fazer agora")).to_be_visible()
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", name="What to do next")).to_be_visible()
    expect(page.get_by_role("link", name="English")).to_have_attribute("aria-current", "true")


def test_an_account_is_made_from_the_documentation(site: Site, open_page: OpenPage) -> None:
    """Swagger UI, from local files: every resource is shown, and a call made in it is answered."""
    page = open_watched(open_page, site, "/")
    page.get_by_role("link", name="Documentação da API").first.click()
    expect(page.get_by_role("heading", name="Tawkee")).to_be_visible()
    for resource in ("auth", "workspaces", "agents", "trainings", "channels", "chats", "messages", "catalogue"):
        expect(page.locator(f"#operations-tag-{resource}")).to_be_visible()
    page.locator("#operations-tag-auth").click()
    page.get_by_text("Make an account with a workspace of its own").click()
    page.get_by_role("button", name="Try it out").click()
    given = f'{{"name": "Ana", "email": "docs-{site.port}@example.com", "password": "{PASSWORD}"}}'
    page.locator("textarea.body-param__text").fill(given)
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table tr.response .response-col_status").first).to_contain_text("201")
    assert_sound(page)
