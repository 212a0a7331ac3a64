"""Markdown becomes WhatsApp's marks, and nothing else is touched."""

import pytest

from tawkee_evolution.markup import format_text


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("**forte**", "*forte*"),
        ("__forte__ e _leve_", "*forte* e _leve_"),
        ("~~não~~", "~não~"),
        ("# Preços\ntexto", "*Preços*\ntexto"),
        ("* um\n* dois", "- um\n- dois"),
        ("[site](https://a.example/x?y=1)", "site: https://a.example/x?y=1"),
        ("2 * 3 * 4 = 24, 5**2", "2 * 3 * 4 = 24, 5**2"),
        ("```\n**não mexe**\n```", "```\n**não mexe**\n```"),
        ("*já é de WhatsApp*", "*já é de WhatsApp*"),
        ("#hashtag e R$ 5,00", "#hashtag e R$ 5,00"),
        ("", ""),
    ],
)
def test_markdown_in_whatsapps_marks(given: str, shown: str) -> None:
    assert format_text(given) == shown
    assert format_text(shown) == shown, "again changes nothing"
