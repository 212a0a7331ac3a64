"""Where a person is signed in: a short access token that names a session, and a refresh token used once."""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

import structlog

from ..audit import note_account
from ..db import Cursor, run, transaction
from ..errors import Forbidden, NotFound, Unauthorized
from ..models import new_id
from ..security import hash_token, new_secret, read_token, same_text, sign_token, signing_key
from ..settings import Settings
from ..statements import Statement

GRACE_SECONDS = 10
OPEN = """
insert into session (id, user_id, refresh_hash, expires_at, user_agent, ip)
values (%(id)s, %(user_id)s, %(hash)s, now() + %(days)s * interval '1 day', %(user_agent)s, %(ip)s)
"""
ROTATE = """
update session set previous_hash = refresh_hash, refresh_hash = %(next)s, rotated_at = now(),
    expires_at = now() + %(days)s * interval '1 day', ip = coalesce(nullif(%(ip)s, ''), ip)
where refresh_hash = %(given)s and revoked_at is null and expires_at > now() returning id, user_id
"""
REPEAT = """
select id, user_id, rotated_at > now() - %(grace)s * interval '1 second' as fresh
from session where previous_hash = %(given)s and revoked_at is null and expires_at > now()
"""
LIVING = "select 1 as one from session where id::text = %s and revoked_at is null and expires_at > now()"
REVOKE = "update session set revoked_at = now() where id = %s and revoked_at is null"
FIND = Statement(
    """
select s.user_id, m.role, w.deleted_at is not null as deleted, w.require_two_factors and not exists (
        select from two_factors t where t.user_id = s.user_id and t.enabled_at is not null) as factors_missing
from session s
left join membership m on m.user_id = s.user_id and m.workspace_id = %(workspace_id)s
left join workspace w on w.id = m.workspace_id
where s.id = %(session_id)s and s.revoked_at is null and s.expires_at > now()
"""
)
LIST = """
select id, user_agent, ip, created_at, rotated_at as last_used_at, expires_at, id = %(current)s as current
from session where user_id = %(user_id)s and revoked_at is null and expires_at > now() order by rotated_at desc, id
"""
END = "update session set revoked_at = now() where user_id = %s and revoked_at is null and id is distinct from %s::uuid"
END_ONE = "update session set revoked_at = now() where user_id = %s and id = %s and revoked_at is null returning id"
KNOWN = """
select not exists (select from session where user_id = %(user_id)s)
    or exists (select from session where user_id = %(user_id)s and user_agent = %(user_agent)s)
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


def open_session(cursor: Cursor, settings: Settings, user_id: str, user_agent: str, ip: str = "") -> Tokens:
    """Sign a person in, within the caller's transaction."""
    session_id = new_id()
    refresh_token = mark_token(settings, session_id, new_secret())
    parameters = {
        "id": session_id,
        "user_id": user_id,
        "hash": hash_token(refresh_token),
        "days": settings.refresh_days,
    }
    cursor.execute(OPEN, {**parameters, "user_agent": user_agent[:200], "ip": ip})
    return make_tokens(settings, user_id, session_id, refresh_token)


def make_tokens(settings: Settings, user_id: str, session_id: str, refresh_token: str) -> Tokens:
    seconds = settings.access_minutes * 60
    access_token = sign_token(settings, "access", {"sub": user_id, "sid": session_id}, seconds)
    return Tokens(access_token, refresh_token, seconds)


def refresh_session(settings: Settings, refresh_token: str, ip: str = "") -> Tokens:
    """Exchange a refresh token for new ones. The one before it gives the same answer for ten seconds (a lost answer, a
    second tab); later its use, or that of any older one, can only be theft, and ends the session. Raises
    Unauthorized."""
    session_id = read_mark(settings, refresh_token)
    successor = mark_token(settings, session_id, derive_text(settings, "refresh", refresh_token))
    given = hash_token(refresh_token)
    rotated = run(ROTATE, {"given": given, "next": hash_token(successor), "days": settings.refresh_days, "ip": ip})
    row = rotated[0] if rotated else find_repeated(given, session_id)
    return make_tokens(settings, row.user_id, row.id, successor)


def find_repeated(given: str, session_id: str) -> Any:
    rows = run(REPEAT, {"given": given, "grace": GRACE_SECONDS})
    if rows and rows[0].fresh:
        return rows[0]
    if not run(LIVING, (session_id,)):
        raise Unauthorized("The session has ended; sign in again.", slug="session_ended")
    revoke_session(session_id)
    log.warning("refresh_token_reused", session_id=session_id)
    raise Unauthorized("The refresh token was used before; the session has been ended.", slug="token_reused")


def mark_token(settings: Settings, session_id: str, secret: str) -> str:
    """A refresh token: its session, 256 bits, and a mark that only we can make; so an old one is known for what it is
    without any being kept."""
    text = f"{session_id}.{secret}"
    return f"{text}.{derive_text(settings, 'mark', text)}"


def read_mark(settings: Settings, refresh_token: str) -> str:
    """The session of a refresh token. Raises Unauthorized for one that was not made here."""
    text, _, mark = refresh_token.rpartition(".")
    if not same_text(mark, derive_text(settings, "mark", text)):
        raise Unauthorized("The refresh token is not valid.", slug="invalid_token")
    return text.partition(".")[0]


def derive_text(settings: Settings, purpose: str, text: str) -> str:
    """256 bits that only we can compute, so that a repeated request gets the same token."""
    digest = hmac.digest(signing_key(settings).encode(), f"{purpose}|{text}".encode(), "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def list_sessions(user_id: str, current_id: str) -> list[dict[str, Any]]:
    """Where a person is signed in, last used first; `last_used_at` is when its tokens were last exchanged."""
    return [row._asdict() for row in run(LIST, {"user_id": user_id, "current": current_id})]


def end_session(user_id: str, session_id: str) -> None:
    """End one of a person's own sessions. Raises NotFound."""
    if not run(END_ONE, (user_id, session_id)):
        raise NotFound()


def end_sessions(cursor: Cursor, user_id: str, keep: str | None = None) -> None:
    """End a person's sessions, within the caller's transaction; one may be kept."""
    cursor.execute(END, (user_id, keep))


def end_everywhere(user_id: str) -> None:
    """End all of a person's sessions, by their own wish."""
    with transaction() as cursor:
        end_sessions(cursor, user_id)
        note_account(user_id, "account.sessions")


def known_device(cursor: Cursor, user_id: str, user_agent: str) -> bool:
    """Whether a person signed in with this program before, or never at all."""
    cursor.execute(KNOWN, {"user_id": user_id, "user_agent": user_agent[:200]})
    row = cursor.fetchone()
    return bool(row and row[0])


def revoke_session(session_id: str) -> None:
    """End a session: its access token fails on the next request."""
    run(REVOKE, (session_id,))


def find_person(settings: Settings, access_token: str, workspace_id: str | None, deleted: bool = False) -> Person:
    """Who holds this access token. Raises Unauthorized, and NotFound where the workspace is not theirs or unknown; one
    that was `deleted` is there only for who asks for such."""
    claims = read_token(settings, "access", access_token)
    rows = run(FIND, {"session_id": claims["sid"], "workspace_id": workspace_id})
    if not rows:
        raise Unauthorized("The session has ended; sign in again.", slug="session_ended")
    if workspace_id is not None and (rows[0].role is None or rows[0].deleted and not deleted):
        raise NotFound()
    if rows[0].factors_missing:
        raise Forbidden("This workspace asks for two factors; set them up first.", slug="two_factors_required")
    return Person(rows[0].user_id, claims["sid"], rows[0].role)
