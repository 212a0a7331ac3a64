"""Markdown in the marks that a channel shows, and nothing else touched."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, strategies as st

from tawkee_core.conversation.markup import format_text

GIVEN = (
    ("**forte**", "*forte*", "forte", "<b>forte</b>"),
    ("__forte__ e _leve_", "*forte* e _leve_", "forte e leve", "<b>forte</b> e <i>leve</i>"),
    ("*leve* e ***ambos***", "*leve* e *ambos*", "leve e ambos", "<i>leve</i> e <b>ambos</b>"),
    ("_ana_silva_, 5*3*2, *só um", *["_ana_silva_, 5*3*2, *só um"] * 3),
    ("~~não~~", "~não~", "não", "<s>não</s>"),
    ("# Preços\ntexto", "*Preços*\ntexto", "Preços\ntexto", "<b>Preços</b>\ntexto"),
    ("* um\n* dois", "- um\n- dois", "- um\n- dois", "- um\n- dois"),
    (
        "[site](https://a.example/x?y=1&z=2)",
        "site: https://a.example/x?y=1&z=2",
        "site: https://a.example/x?y=1&z=2",
        '<a href="https://a.example/x?y=1&amp;z=2">site</a>',
    ),
    ("2 * 3 * 4 = 24, 5**2", *["2 * 3 * 4 = 24, 5**2"] * 3),
    ("```\n**não**\n```", "```\n**não**\n```", "**não**\n", "<pre>**não**\n</pre>"),
    ("#hashtag e R$ 5,00", *["#hashtag e R$ 5,00"] * 3),
    ("a < b & c", "a < b & c", "a < b & c", "a &lt; b &amp; c"),
    ("**a ~~b** c~~", "*a ~b* c~", "a ~~b c~~", "<b>a ~~b</b> c~~"),
    ("**a ~~b~~ c**", "*a ~b~ c*", "a b c", "<b>a <s>b</s> c</b>"),
    ("", "", "", ""),
)


@pytest.mark.parametrize(("given", "whatsapp", "plain", "html"), GIVEN)
def test_markdown_in_a_channels_marks(given: str, whatsapp: str, plain: str, html: str) -> None:
    assert format_text(given, "whatsapp") == whatsapp
    assert format_text(whatsapp, "whatsapp") == whatsapp, "again changes nothing"
    assert format_text(given, "plain") == plain
    assert format_text(given, "html") == html
    assert format_text(given, "markdown") == given


def test_whatsapps_own_marks_stay() -> None:
    assert format_text("*já é de WhatsApp*", "whatsapp") == "*já é de WhatsApp*"


class Tags(HTMLParser):
    """Refuses tags that are not closed in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@given(st.text(alphabet='*_~`#[]()<>&\n ab"h:/.', max_size=60))
def test_any_text_becomes_html_that_telegram_takes(text: str) -> None:
    """One tag that is not closed, or a bare <, and Telegram refuses the message for good."""
    html, tags = format_text(text, "html"), Tags()
    tags.feed(html)
    tags.close()
    assert tags.open == []
    assert not re.search(r"&(?!amp;|lt;|gt;|quot;|#x27;)|<(?!/?(?:b|i|s|a|pre|code)\b)", html)


@given(st.text(alphabet="*_~#[]() \nabh", max_size=60))
def test_whatsapp_and_plain_are_never_longer(text: str) -> None:
    """A text is cut to the channel's length before it is formatted."""
    assert max(len(format_text(text, markup)) for markup in ("whatsapp", "plain")) <= len(text)
