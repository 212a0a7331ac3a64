"""Where a person is signed in: a short access token that names a session, and a refresh token used once."""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

import structlog

from ..db import Cursor, run
from ..errors import NotFound, Unauthorized
from ..models import new_id
from ..security import hash_token, new_secret, read_token, sign_token, signing_key
from ..settings import Settings

GRACE_SECONDS = 10
OPEN = """
insert into session (id, user_id, refresh_hash, expires_at, user_agent)
values (%(id)s, %(user_id)s, %(hash)s, now() + %(days)s * interval '1 day', %(user_agent)s)
"""
ROTATE = """
update session set previous_hash = refresh_hash, refresh_hash = %(next)s, rotated_at = now(),
    expires_at = now() + %(days)s * interval '1 day'
where refresh_hash = %(given)s and revoked_at is null and expires_at > now() returning id, user_id
"""
REPEAT = """
select id, user_id, rotated_at > now() - %(grace)s * interval '1 second' as fresh
from session where previous_hash = %(given)s and revoked_at is null and expires_at > now()
"""
REVOKE = "update session set revoked_at = now() where id = %s and revoked_at is null"
FIND = """
select s.user_id, m.role from session s
left join membership m on m.user_id = s.user_id and m.workspace_id = %(workspace_id)s
where s.id = %(session_id)s and s.revoked_at is null and s.expires_at > now()
"""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sign-in gives; `expires_in` is the access token's life in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int


@dataclass(frozen=True, slots=True)
class Person:
    """Who is asking, from where they signed in, and their role in the workspace asked about, if any."""

    id: str
    session_id: str
    role: str | None = None


def open_session(cursor: Cursor, settings: Settings, user_id: str, user_agent: str) -> Tokens:
    """Sign a person in, within the caller's transaction."""
    session_id, refresh_token = new_id(), new_secret()
    parameters = {
        "id": session_id,
        "user_id": user_id,
        "hash": hash_token(refresh_token),
        "days": settings.refresh_days,
    }
    cursor.execute(OPEN, {**parameters, "user_agent": user_agent[:200]})
    return make_tokens(settings, user_id, session_id, refresh_token)


def make_tokens(settings: Settings, user_id: str, session_id: str, refresh_token: str) -> Tokens:
    seconds = settings.access_minutes * 60
    access_token = sign_token(settings, "access", {"sub": user_id, "sid": session_id}, seconds)
    return Tokens(access_token, refresh_token, seconds)


def refresh_session(settings: Settings, refresh_token: str) -> Tokens:
    """Exchange a refresh token for new ones. The one before it gives the same answer for ten seconds (a lost answer, a
    second tab); later its use can only be theft, and ends the session. Raises Unauthorized."""
    successor = derive_successor(settings, refresh_token)
    given = hash_token(refresh_token)
    rotated = run(ROTATE, {"given": given, "next": hash_token(successor), "days": settings.refresh_days})
    row = rotated[0] if rotated else find_repeated(given)
    return make_tokens(settings, row.user_id, row.id, successor)


def find_repeated(given: str) -> Any:
    rows = run(REPEAT, {"given": given, "grace": GRACE_SECONDS})
    if not rows:
        raise Unauthorized("The refresh token is not valid.", slug="invalid_token")
    if not rows[0].fresh:
        revoke_session(rows[0].id)
        log.warning("refresh_token_reused", user_id=rows[0].user_id, session_id=rows[0].id)
        raise Unauthorized("The refresh token was used before; the session has been ended.", slug="token_reused")
    return rows[0]


def derive_successor(settings: Settings, refresh_token: str) -> str:
    """The token that follows: 256 bits that only we can compute, so that a repeated request gets the same one."""
    digest = hmac.digest(signing_key(settings).encode(), b"refresh|" + refresh_token.encode(), "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def revoke_session(session_id: str) -> None:
    """End a session: its access token fails on the next request."""
    run(REVOKE, (session_id,))


def find_person(settings: Settings, access_token: str, workspace_id: str | None) -> Person:
    """Who holds this access token. Raises Unauthorized, and NotFound where the workspace is not theirs or unknown."""
    claims = read_token(settings, "access", access_token)
    rows = run(FIND, {"session_id": claims["sid"], "workspace_id": workspace_id})
    if not rows:
        raise Unauthorized("The session has ended; sign in again.", slug="session_ended")
    if workspace_id is not None and rows[0].role is None:
        raise NotFound()
    return Person(rows[0].user_id, claims["sid"], rows[0].role)
