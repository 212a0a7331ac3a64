"""Secrets at rest and signed tokens. What is sealed can be opened only with the context it was sealed for."""

import hmac
import json
import re
import secrets
import time
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any

import jwt
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from .errors import Unauthorized, Unavailable
from .settings import Settings, split_list

ALGORITHM = "HS256"
ISSUER = "tawkee"
COLUMN = re.compile(r"^(\w+)\.\w+\|")  # secrets sealed before the column was named are opened still


def new_secret() -> str:
    """256 random bits, safe in a URL."""
    return secrets.token_urlsafe(32)


def same_text(given: str, expected: str) -> bool:
    """Compare in constant time; an empty expectation matches nothing."""
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())


def hash_token(token: str) -> str:
    """What is stored of a random token."""
    return sha256(token.encode()).hexdigest()


@lru_cache(maxsize=8)
def keyring(keys: str) -> MultiFernet:
    if not keys:
        raise Unavailable("TAWKEE_KEYS is not set; `tawkee up` makes a key of its own.")
    return MultiFernet([Fernet(key) for key in split_list(keys)])


def seal(settings: Settings, context: str, values: Mapping[str, Any]) -> str:
    """Encrypt values for one place, e.g. `channel.sealed|<workspace>|<id>`: table, column, workspace and row. Empty
    values give an empty text."""
    if not values:
        return ""
    return keyring(settings.keys).encrypt(json.dumps([context, dict(values)]).encode()).decode()


def unseal(settings: Settings, context: str, sealed: str) -> dict[str, Any]:
    """The values sealed for this very context. Raises Unavailable when the key is gone or the text was moved here."""
    if not sealed:
        return {}
    try:
        place, values = json.loads(decrypt(settings.keys, sealed))
    except (InvalidToken, ValueError) as error:
        raise Unavailable("A stored secret cannot be read with the keys given.", slug="secret_unreadable") from error
    if place not in (context, COLUMN.sub(r"\1|", context)):
        raise Unavailable("A stored secret does not belong here.", slug="secret_unreadable")
    return dict(values)


def is_current(settings: Settings, sealed: str) -> bool:
    """Whether a sealed text was encrypted with the first key."""
    try:
        Fernet(split_list(settings.keys)[0]).decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True


def reseal(settings: Settings, sealed: str) -> str | None:
    """The same encrypted with the first key, for the same place; None when no key opens it."""
    try:
        return keyring(settings.keys).rotate(sealed.encode()).decode()
    except InvalidToken:
        return None


@lru_cache(maxsize=1024)
def decrypt(keys: str, sealed: str) -> bytes:
    """Kept for the channels in use: each of their webhooks and replies asks for the same."""
    return keyring(keys).decrypt(sealed.encode())


def signing_key(settings: Settings) -> str:
    if len(settings.secret_key) < 32:
        raise Unavailable("TAWKEE_SECRET_KEY must have at least 32 characters; `tawkee up` makes one of its own.")
    return settings.secret_key


def sign_token(settings: Settings, audience: str, claims: Mapping[str, Any], seconds: float) -> str:
    """A signed token for one audience: `access`, `visitor` … with `claims` in it, valid for `seconds`."""
    now = int(time.time())
    payload = {**claims, "iss": ISSUER, "aud": audience, "iat": now, "nbf": now - 5, "exp": now + int(seconds)}
    return jwt.encode(payload, signing_key(settings), ALGORITHM)


def read_token(settings: Settings, audience: str, token: str) -> dict[str, Any]:
    """The claims of a token signed here for this audience. Raises Unauthorized for any other, expired, altered or
    oversized."""
    if len(token) > 4096:
        raise Unauthorized("The token is not valid.", slug="invalid_token")
    options: Any = {"require": ["exp", "iat", "nbf", "aud", "iss"]}
    try:
        claims = jwt.decode(
            token, signing_key(settings), [ALGORITHM], audience=audience, issuer=ISSUER, options=options
        )
    except jwt.ExpiredSignatureError as error:
        raise Unauthorized("The token has expired.", slug="token_expired") from error
    except jwt.InvalidTokenError as error:
        raise Unauthorized("The token is not valid.", slug="invalid_token") from error
    return dict(claims)
