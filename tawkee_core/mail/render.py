"""A mail's words, as text and as HTML, in Portuguese or English."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, Literal, NamedTuple, TypeAlias

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

Language: TypeAlias = Literal["pt-BR", "en"]
LANGUAGES: tuple[Language, ...] = ("pt-BR", "en")

NAMES = ("name", "inviter", "workspace")  # whoever registers chooses them, and whom a mail with them goes to
LINK, DOT = re.compile(r"(https?:)?[/\\]+", re.IGNORECASE), re.compile(r"\.(?=\w)")


class Rendered(NamedTuple):
    """What is sent."""

    subject: str
    text: str
    html: str


@lru_cache(maxsize=1)
def environment() -> Environment:
    return Environment(
        loader=PackageLoader("tawkee_core.mail"),
        autoescape=select_autoescape(("html",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_mail(template: str, language: Language, values: Mapping[str, Any]) -> Rendered:
    """A template with its values. Raises jinja2.UndefinedError for a value that it needs and was not given."""
    own = {"lang": language, "say": partial(choose, language), "moment": partial(tell_time, language)}
    named = {name: unlink(values[name]) for name in NAMES if name in values}
    parts = environment().get_template(f"{template}.jinja").make_module({**values, **named, **own})
    shown = {name: getattr(parts, name, "") for name in ("subject", "lines", "code", "button", "link", "notes")}
    shown["subject"] = " ".join(str(shown["subject"]).split())[:200]
    texts = (environment().get_template(f"layout.{kind}").render(shown | own) for kind in ("txt", "html"))
    return Rendered(shown["subject"], *texts)


def unlink(name: str) -> str:
    """A name of which no mail program makes a link."""
    return DOT.sub(". ", LINK.sub(" ", name))


def choose(language: Language, pt: str, en: str) -> str:
    return en if language == "en" else pt


def tell_time(language: Language, at: datetime) -> str:
    """A moment in Brasília's time for readers of Portuguese, in UTC for others."""
    from babel.dates import format_datetime, get_timezone

    zone, label = ("UTC", "UTC") if language == "en" else ("America/Sao_Paulo", "horário de Brasília")
    told = format_datetime(at, "medium", tzinfo=get_timezone(zone), locale=language.replace("-", "_"))
    return f"{told} ({label})"
