"""Who may use a web chat: the pages it is allowed on, and the visitor who holds a token."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import request

from tawkee_core import Address, Channel, Forbidden, Unauthorized, inbox

AUDIENCE = "visitor"
TOKEN_SECONDS = 30 * 24 * 3600
VISITOR = re.compile(r"[A-Za-z0-9_-]{22}")
CORS = {
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID, X-Request-ID",
    "Access-Control-Expose-Headers": "Retry-After, X-Request-ID",
    "Access-Control-Max-Age": "7200",
}


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody on a web page. `id` is random and known only to them; `name` where they gave one."""

    id: str
    name: str = ""

    @property
    def address(self) -> Address:
        return Address("visitor", self.id)


def new_visitor(name: str = "") -> Visitor:
    return Visitor(secrets.token_urlsafe(16), name)


def sign_visitor(channel: Channel, visitor: Visitor) -> str:
    claims = {"channel": channel.id, "visitor": visitor.id, "name": visitor.name}
    return inbox.sign(AUDIENCE, claims, TOKEN_SECONDS)


def read_visitor(channel: Channel, header: str) -> Visitor:
    """Who an `Authorization` header speaks for. Raises Unauthorized: missing, wrong, expired, another channel's."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized("A visitor's token is needed; POST …/sessions gives one.", slug="visitor_token_missing")
    claims = inbox.read(AUDIENCE, token.strip())
    visitor = str(claims.get("visitor", ""))
    if claims.get("channel") != channel.id or not VISITOR.fullmatch(visitor):
        raise Unauthorized("The token is not valid.", slug="invalid_token")
    return Visitor(visitor, str(claims.get("name", "")))


def allowed_origins(config: Mapping[str, Any]) -> list[str]:
    """The origins a channel is kept to, lower case; empty when any page may use it. A bare host means https."""
    given = config.get("allowed_origins") or []
    parts = given.split(",") if isinstance(given, str) else [str(each) for each in given]
    named = [part.strip().lower().rstrip("/") for part in parts if part.strip()]
    return [part if "://" in part else f"https://{part}" for part in named]


def origin_allowed(channel: Channel, origin: str | None) -> bool:
    """Whether a page may use the channel; who is no browser sends no origin, and is known by the token alone."""
    allowed = allowed_origins(channel.config)
    return origin is None or not allowed or is_own(origin) or any(origin_matches(origin, each) for each in allowed)


def check_origin(channel: Channel) -> None:
    """Raise Forbidden when a browser says that the request comes from a page this channel is not meant for."""
    if not origin_allowed(channel, request.headers.get("Origin")):
        raise Forbidden("This chat is not meant for the page that asks.", slug="origin_not_allowed")


def is_own(origin: str) -> bool:
    """Whether a page is ours; behind a proxy that ends TLS only the host is known."""
    host = origin.partition("://")[2]
    return host in (request.host, urlsplit(inbox.settings().public_url).netloc)


def origin_matches(origin: str, allowed: str) -> bool:
    """Whether an origin is the allowed one, where `https://*.shop.example` stands for every host under shop.example."""
    start, wildcard, end = allowed.partition("://*.")
    if not wildcard:
        return origin.lower() == allowed
    return re.fullmatch(rf"{re.escape(start)}://[a-z0-9.-]+\.{re.escape(end)}", origin.lower()) is not None


def cors_headers(channel: Channel) -> dict[str, str]:
    """What lets a browser read the answer on the page that asked. No cookies, ever: the token is a header."""
    origin = request.headers.get("Origin")
    return {"Access-Control-Allow-Origin": origin, **CORS} if origin and origin_allowed(channel, origin) else {}


def frame_policy(channel: Channel) -> str:
    """The pages that may show the chat's page in a frame."""
    allowed = [each for each in allowed_origins(channel.config) if not re.search(r"[\s;,]", each)]
    return " ".join(["'self'", *allowed]) if allowed else "*"
