"""The page and the script, as they are served."""

import re

import requests

from tests.channels.tawkee_webchat.site import Site

MAX_BYTES = 30_000


def test_the_widget_is_small(site: Site) -> None:
    greetings = {f"greeting_{language}": "Olá! Eu sou a Lia, do Café Aurora. " * 3 for language in ("pt", "en")}
    questions = ["Quanto custa a entrega para a minha cidade?"] * 4
    script = requests.get(site.chat_url(site.add_chat(**greetings, questions=questions)) + "/widget.js", timeout=30)
    assert script.headers["Content-Type"].startswith("text/javascript")
    assert len(script.content) < MAX_BYTES


def test_the_widget_is_sent_once(site: Site) -> None:
    url = site.chat_url(site.add_chat()) + "/widget.js"
    tag = requests.get(url, timeout=30).headers["ETag"]
    again = requests.get(url, headers={"If-None-Match": tag}, timeout=30)
    assert (again.status_code, again.content) == (304, b"")


def test_a_configuration_cannot_break_out_of_the_script_or_the_page(site: Site) -> None:
    hostile = '</script><script>alert(1)</script>"\u2028'
    chat = site.chat_url(site.add_chat(title=hostile, color="red;}*{", language="</html>", questions=[hostile, 7]))
    script = requests.get(chat + "/widget.js", timeout=30).text
    assert "</script>" not in script
    assert "red;" not in script
    assert "<script>alert" not in requests.get(chat, timeout=30).text


def test_the_page_runs_no_inline_script_and_says_its_language(site: Site) -> None:
    chat = site.chat_url(site.add_chat(language="auto"))
    english = requests.get(chat, headers={"Accept-Language": "en-GB,en;q=0.9"}, timeout=30)
    assert '<html lang="en">' in english.text
    assert '<html lang="pt-BR">' in requests.get(chat, headers={"Accept-Language": "pt"}, timeout=30).text
    assert '<html lang="en">' in requests.get(chat + "?lang=en", timeout=30).text
    assert "script-src 'self';" in english.headers["Content-Security-Policy"]
    assert re.findall(r"<script[^>]*>([^<]*)</script>", english.text) == [""]


def test_a_fixed_language_wins_over_the_browsers(site: Site) -> None:
    chat = site.chat_url(site.add_chat(language="pt"))
    assert '<html lang="pt-BR">' in requests.get(chat, headers={"Accept-Language": "en"}, timeout=30).text
