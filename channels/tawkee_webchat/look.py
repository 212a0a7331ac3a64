"""How one web chat looks and speaks: the channel's configuration, made safe to show."""

import re
from collections.abc import Mapping
from typing import Any

from tawkee_core import Agent, Capabilities, Channel, ChannelInfo, Field, Label

from .access import allowed_origins
from .files import RULES

COLOR = re.compile(r"#[0-9a-fA-F]{6}")
DEFAULT_COLOR = "#0f766e"
GREETING = Label("Olá! Como posso ajudar?", "Hi! How can I help you?")
MAX_QUESTIONS = 6
MAX_TEXT = 4096

INFO = ChannelInfo(
    label=Label("Chat no site", "Web chat"),
    send_semantics="idempotent",
    connects="none",
    capabilities=Capabilities(max_text=MAX_TEXT, media_in=RULES, media_out=RULES, typing=True),
    fields=(
        Field("title", Label("Título", "Title"), max_length=60),
        Field(
            "greeting_pt", Label("Saudação (português)", "Greeting (Portuguese)"), default=GREETING.pt, max_length=300
        ),
        Field("greeting_en", Label("Saudação (inglês)", "Greeting (English)"), default=GREETING.en, max_length=300),
        Field("color", Label("Cor", "Color"), default=DEFAULT_COLOR, max_length=7),
        Field(
            "accent",
            Label("Cor de destaque", "Accent color"),
            help=Label("Vazio: a mesma cor.", "Empty: the same color."),
            max_length=7,
        ),
        Field("position", Label("Lado da página", "Side"), "choice", default="right", choices=("right", "left")),
        Field("language", Label("Idioma", "Language"), "choice", default="auto", choices=("auto", "pt", "en")),
        Field(
            "questions",
            Label("Perguntas sugeridas", "Suggested questions"),
            "list",
            default=[],
            help=Label("Até seis, mostradas antes da primeira mensagem.", "Up to six, shown before the first message."),
            max_length=120,
        ),
        Field(
            "allowed_origins",
            Label("Sites permitidos", "Allowed sites"),
            "list",
            default=[],
            help=Label(
                "Ex.: https://www.loja.com.br ou https://*.loja.com.br. Vazio permite qualquer site.",
                "E.g. https://www.shop.com or https://*.shop.com. Empty allows any site.",
            ),
        ),
    ),
)


def describe_look(channel: Channel, agent: Agent, max_upload: int) -> dict[str, Any]:
    """What the widget is told of its channel. Everything in it is public."""
    config = channel.config
    return {
        "channel": channel.id,
        "title": text_of(config, "title", 60) or agent.name or channel.name,
        "greeting": {
            "pt": text_of(config, "greeting_pt", 300) or GREETING.pt,
            "en": text_of(config, "greeting_en", 300) or GREETING.en,
        },
        "color": color_of(config, "color", DEFAULT_COLOR),
        "accent": color_of(config, "accent", color_of(config, "color", DEFAULT_COLOR)),
        "position": "left" if config.get("position") == "left" else "right",
        "language": language_of(config),
        "questions": questions_of(config),
        "origins": allowed_origins(config),
        "maxText": MAX_TEXT,
        "maxFile": max_upload,
    }


def text_of(config: Mapping[str, Any], name: str, length: int) -> str:
    value = config.get(name)
    return value.strip()[:length] if isinstance(value, str) else ""


def color_of(config: Mapping[str, Any], name: str, default: str) -> str:
    value = config.get(name)
    return value.lower() if isinstance(value, str) and COLOR.fullmatch(value) else default


def language_of(config: Mapping[str, Any]) -> str:
    value = config.get("language")
    return value if value in ("pt", "en") else "auto"


def questions_of(config: Mapping[str, Any]) -> list[str]:
    given = config.get("questions")
    texts = [each.strip()[:120] for each in given if isinstance(each, str)] if isinstance(given, list) else []
    return [text for text in texts if text][:MAX_QUESTIONS]
