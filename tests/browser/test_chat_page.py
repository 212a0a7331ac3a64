"""The chat's page, as a visitor uses it."""

import threading
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tawkee_core.conversation.compose import write_message
from tawkee_core.db import run
from tests.browser.conftest import OpenPage
from tests.browser.hosts import Line
from tests.channels.tawkee_webchat.site import Site
from tests.channels.tawkee_webchat.test_messages import PNG

HOSTILE = '<img src=x onerror="window.hurt=1"><script>window.hurt=1</script> [x](javascript:window.hurt=1) "\'&amp;'
LOOK = {"title": "Café Aurora", "color": "#7a4a21", "questions": ["Qual o horário?", "Vocês entregam?"]}
expect.set_options(timeout=20_000)


def say(page: Page, text: str) -> None:
    page.get_by_role("textbox").fill(text)
    page.get_by_role("textbox").press("Enter")


def insert_answers(channel_id: str, first: int, last: int) -> None:
    """Answers that nobody was told of, at these places of the only chat."""
    run(
        "insert into message (id, workspace_id, chat_id, channel_id, seq, direction, author, kind, text, status)"
        " select gen_random_uuid(), workspace_id, chat_id, channel_id, n, 'out', 'agent', 'text', n::text, 'sent'"
        " from message, generate_series(%s, %s) n where channel_id = %s and seq = 1",
        (first, last, channel_id),
    )


def bubbles(page: Page) -> list[str]:
    return page.locator(".text").all_inner_texts()


def test_a_question_is_answered_live(site: Site, open_page: OpenPage) -> None:
    page = open_page(site.chat_url(site.add_chat(**LOOK)))
    expect(page.get_by_role("heading")).to_have_text("Café Aurora")
    say(page, "oi")
    expect(page.locator(".row.agent .text")).to_have_text("echo: oi")
    expect(page.locator(".row.you .mark")).to_have_attribute("aria-label", "Enviada")
    say(page, "tudo bem?")
    expect(page.locator(".text")).to_have_text(["oi", "echo: oi", "tudo bem?", "echo: tudo bem?"])


def test_a_suggested_question_is_one_click(site: Site, open_page: OpenPage) -> None:
    page = open_page(site.chat_url(site.add_chat(**LOOK)))
    page.get_by_role("button", name="Vocês entregam?").click()
    expect(page.locator(".row.agent .text")).to_have_text("echo: Vocês entregam?")
    expect(page.get_by_role("button", name="Vocês entregam?")).to_be_hidden()


def test_the_history_is_there_after_a_reload(site: Site, open_page: OpenPage) -> None:
    page = open_page(site.chat_url(site.add_chat()))
    say(page, "oi")
    expect(page.locator(".text")).to_have_text(["oi", "echo: oi"])
    page.reload()
    expect(page.locator(".text")).to_have_text(["oi", "echo: oi"])
    say(page, "de novo")
    expect(page.locator(".text")).to_have_text(["oi", "echo: oi", "de novo", "echo: de novo"])


def test_a_long_history_is_read_page_by_page(site: Site, open_page: OpenPage) -> None:
    channel = site.add_chat()
    page = open_page(site.chat_url(channel))
    say(page, "oi")
    expect(page.locator(".text")).to_have_text(["oi", "echo: oi"])
    insert_answers(channel.id, 3, 90)
    page.reload()
    expect(page.locator(".text")).to_have_count(50)
    page.get_by_role("button", name="Mensagens anteriores").click()
    expect(page.locator(".text")).to_have_count(90)
    assert bubbles(page) == ["oi", "echo: oi", *(str(number) for number in range(3, 91))]


def test_a_lost_connection_is_shown_and_everything_arrives_after_it(site: Site, open_page: OpenPage) -> None:
    line = Line(site.port)
    page = open_page(site.chat_url(site.add_chat()).replace(str(site.port), str(line.port)))
    say(page, "antes")
    expect(page.locator(".text")).to_have_text(["antes", "echo: antes"])
    line.cut()
    say(page, "durante")
    expect(page.get_by_text("Sem conexão")).to_be_visible()
    expect(page.locator(".row.you .mark").last).to_have_attribute("aria-label", "Enviando…")
    line.mend()
    expect(page.locator(".text")).to_have_text(["antes", "echo: antes", "durante", "echo: durante"])
    expect(page.get_by_text("Sem conexão")).to_be_hidden()
    line.close()


def test_more_than_a_page_missed_leaves_no_gap(site: Site, open_page: OpenPage) -> None:
    line = Line(site.port)
    channel = site.add_chat()
    page = open_page(site.chat_url(channel).replace(str(site.port), str(line.port)))
    say(page, "oi")
    expect(page.locator(".text")).to_have_text(["oi", "echo: oi"])
    line.cut()
    insert_answers(channel.id, 3, 90)
    line.mend()
    expect(page.locator(".text").last).to_have_text("90")
    assert bubbles(page) == [str(number) for number in range(41, 91)]
    page.get_by_role("button", name="Mensagens anteriores").click()
    expect(page.locator(".text")).to_have_count(90)
    line.close()


def test_words_not_sent_outlive_a_reload_and_are_sent_once(site: Site, open_page: OpenPage) -> None:
    channel = site.add_chat()
    page = open_page(site.chat_url(channel))
    page.route("**/messages", lambda route: route.abort())
    say(page, "guardada")
    expect(page.get_by_text("Sem conexão")).to_be_visible()
    page.unroute("**/messages")
    page.reload()
    expect(page.locator(".text")).to_have_text(["guardada", "echo: guardada"])
    page.reload()
    expect(page.locator(".text")).to_have_text(["guardada", "echo: guardada"])
    assert len(run("select 1 as one from message where channel_id = %s", (channel.id,))) == 2


def test_a_server_that_is_killed_and_comes_back(site: Site, open_page: OpenPage) -> None:
    page = open_page(site.chat_url(site.add_chat()))
    say(page, "antes")
    expect(page.locator(".text")).to_have_text(["antes", "echo: antes"])
    site.stop(kill=True)
    say(page, "durante")
    expect(page.get_by_text("Sem conexão")).to_be_visible()
    site.start()
    expect(page.locator(".text")).to_have_text(["antes", "echo: antes", "durante", "echo: durante"], timeout=40_000)


def test_an_image_is_uploaded_and_shown(site: Site, open_page: OpenPage) -> None:
    page = open_page(site.chat_url(site.add_chat()))
    page.locator("input[type=file]").set_input_files({"name": "foto.png", "mimeType": "image/png", "buffer": PNG})
    expect(page.locator(".chip")).to_have_text("foto.png")
    say(page, "veja")
    expect(page.locator(".row.you .mark")).to_have_attribute("aria-label", "Enviada")
    expect(page.locator(".row.you img")).to_have_attribute("alt", "foto.png")
    page.reload()
    expect(page.locator(".row.you .text")).to_have_text("veja")
    image = page.locator(".row.you img")
    expect(image).to_have_js_property("naturalWidth", 1)


def test_a_file_that_is_refused_says_why_and_can_be_discarded(site: Site, open_page: OpenPage) -> None:
    page = open_page(site.chat_url(site.add_chat()))
    fake: FilePayload = {"name": "foto.png", "mimeType": "image/png", "buffer": b"<html>not an image</html>"}
    page.locator("input[type=file]").set_input_files(fake)
    page.get_by_role("button", name="Enviar").click()
    expect(page.get_by_text("Este tipo de arquivo não é aceito.")).to_be_visible()
    page.get_by_role("button", name="Descartar").click()
    expect(page.locator(".row")).to_have_count(0)


def test_an_upload_that_broke_is_tried_again(site: Site, open_page: OpenPage) -> None:
    page = open_page(site.chat_url(site.add_chat()))
    page.route("**/messages", lambda route: route.abort())
    page.locator("input[type=file]").set_input_files({"name": "foto.png", "mimeType": "image/png", "buffer": PNG})
    page.get_by_role("button", name="Enviar").click()
    expect(page.locator(".row.you .mark")).to_have_attribute("aria-label", "Não enviada")
    page.unroute("**/messages")
    page.get_by_role("button", name="Tentar de novo").click()
    expect(page.locator(".row.you .mark")).to_have_attribute("aria-label", "Enviada")


def test_hostile_words_are_words(site: Site, open_page: OpenPage) -> None:
    page = open_page(site.chat_url(site.add_chat(title=HOSTILE[:60], greeting_pt=HOSTILE, questions=[HOSTILE[:100]])))
    say(page, HOSTILE)
    expect(page.locator(".text")).to_have_text([HOSTILE, f"echo: {HOSTILE}"])
    expect(page.locator(".greeting")).to_have_text(HOSTILE)
    assert page.locator(".log img, .log script, .log a").count() == 0
    assert page.evaluate("window.hurt") is None


def test_addresses_become_links_that_leave_safely(site: Site, open_page: OpenPage) -> None:
    page = open_page(site.chat_url(site.add_chat()))
    say(page, "Veja https://a.example/x?y=1. E [aqui](https://b.example) **já**")
    links = page.locator(".row.agent a")
    expect(links).to_have_text(["https://a.example/x?y=1", "aqui"])
    assert links.first.get_attribute("rel") == "noopener noreferrer nofollow"
    expect(page.locator(".row.agent strong")).to_have_text("já")


def test_typing_is_shown_while_the_answer_is_written(site: Site, open_page: OpenPage) -> None:
    page = open_page(site.chat_url(site.add_chat()))
    say(page, "oi")
    expect(page.locator(".row.agent .text")).to_have_text("echo: oi")
    site.model.gate = threading.Event()
    try:
        say(page, "está aí?")
        expect(page.locator(".dots")).to_be_visible()
    finally:
        site.model.gate.set()
        site.model.gate = None
    expect(page.locator(".row.agent .text").last).to_have_text("echo: está aí?")
    expect(page.locator(".dots")).to_be_hidden()


def test_a_person_who_answers_is_shown_as_one(site: Site, open_page: OpenPage) -> None:
    channel = site.add_chat()
    page = open_page(site.chat_url(channel))
    say(page, "oi")
    expect(page.locator(".row.agent .text")).to_have_text("echo: oi")
    expect(page.get_by_text("Assistente virtual")).to_be_visible()
    (chat,) = run("select id, workspace_id from chat where channel_id = %s", (channel.id,))
    with site.running.app.app_context():
        write_message(site.running.tawkee, chat.workspace_id, chat.id, site.company.user_id, "Sou a Rita.")
    expect(page.locator(".row.person .text")).to_have_text("Sou a Rita.")
    expect(page.get_by_text("Você está falando com uma pessoa")).to_be_visible()


def test_the_keyboard_is_enough(site: Site, open_page: OpenPage) -> None:
    page = open_page(site.chat_url(site.add_chat(**LOOK)))
    expect(page.get_by_role("textbox")).to_be_focused()
    page.keyboard.type("primeira")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("segunda")
    page.keyboard.press("Enter")
    expect(page.locator(".row.you .text")).to_have_text("primeira\nsegunda", use_inner_text=True)
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Enviar")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Anexar arquivo")).to_be_focused()


def test_a_screen_reader_is_told(site: Site, open_page: OpenPage) -> None:
    page = open_page(site.chat_url(site.add_chat(**LOOK)), locale="en-US")
    assert page.locator("html").get_attribute("lang") == "en"
    say(page, "hello")
    log = page.get_by_role("log", name="Messages")
    expect(log).to_contain_text("You: hello")
    expect(log).to_contain_text("Assistant: echo: hello")
    expect(page.get_by_role("main")).to_be_visible()
    expect(page.get_by_role("textbox", name="Write your message…")).to_be_visible()
    for button in page.get_by_role("button").all():
        assert button.get_attribute("aria-label") or button.inner_text().strip()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1200, 800), (360, 640)], ids=["desktop", "phone"])
def test_it_fits_and_can_be_read(
    site: Site, open_page: OpenPage, tmp_path: Path, scheme: str, size: tuple[int, int]
) -> None:
    viewport = {"width": size[0], "height": size[1]}
    page = open_page(site.chat_url(site.add_chat(**LOOK)), viewport=viewport, color_scheme=scheme)
    say(page, "Uma pergunta comprida sobre entrega, troca, preço e pagamento, " * 4)
    expect(page.locator(".row.agent")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for part in (".panel", "textarea", ".row.you .bubble", ".row.agent .bubble"):
        box = page.locator(part).bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= size[0], part
    ground, ink = page.evaluate(
        "[...[['.panel','backgroundColor'],['.row.agent .text','color']]].map(([at,name]) =>"
        " getComputedStyle(document.getElementById('tawkee-chat').shadowRoot.querySelector(at))[name])"
    )
    assert (luminance(ground) < luminance(ink)) == (scheme == "dark")
    page.screenshot(path=tmp_path / f"{size[0]}-{scheme}.png")


def luminance(color: str) -> float:
    red, green, blue = (float(part) for part in color.partition("(")[2].rstrip(")").split(",")[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
