"""Keys for programs: `twk_…`, shown once, kept as a hash, for some areas of one workspace, until they expire or are
revoked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..audit import note_change
from ..db import run, transaction
from ..errors import BadInput, NotFound, Unauthorized
from ..models import new_id, now
from ..security import hash_token, new_secret, same_text

SIGN = "twk_"
PREFIX = len(SIGN) + 8  # what is shown, and looked up: 48 random bits of the 256
MOST = 100
COLUMNS = "id, name, prefix, scopes, created_by, created_at, expires_at, last_used_at, revoked_at"
ADD = f"""
insert into api_key (id, workspace_id, name, prefix, key_hash, scopes, created_by, expires_at)
values (%s, %s, %s, %s, %s, %s, %s, %s) returning {COLUMNS}
"""
COUNT = "select count(*)::int as count from api_key where workspace_id = %s and revoked_at is null"
LIST = f"select {COLUMNS} from api_key where workspace_id = %s order by created_at desc, id desc limit 500"
REVOKE = f"""
update api_key set revoked_at = now() where workspace_id = %s and id = %s and revoked_at is null returning {COLUMNS}
"""
FIND_ONE = f"select {COLUMNS} from api_key where workspace_id = %s and id = %s"
# noted as used once a minute at most, so that a busy program does not write with each request
FIND = """
with found as (
    select id, workspace_id, key_hash, scopes, expires_at <= now() as expired, revoked_at is not null as revoked,
        last_used_at, exists (select from workspace w where w.id = workspace_id and w.deleted_at is not null) as deleted
    from api_key where prefix = %(prefix)s
), used as (
    update api_key k set last_used_at = now() from found
    where k.id = found.id and found.key_hash = %(hash)s and not found.revoked and found.expired is not true
        and (found.last_used_at is null or found.last_used_at < now() - interval '1 minute')
)
select * from found
"""


@dataclass(frozen=True, slots=True)
class Key:
    """A program's key, proven."""

    id: str
    workspace_id: str
    scopes: frozenset[str]


def create_key(
    workspace_id: str, user_id: str, name: str, scopes: Sequence[str], expires_at: datetime | None
) -> dict[str, Any]:
    """Make a key; it is in the answer's `key`, and nowhere else. Raises BadInput for an end in the past, or for one key
    too many."""
    if expires_at is not None and expires_at <= now():
        raise BadInput("The key would have expired already.", slug="expired")
    if run(COUNT, (workspace_id,))[0].count >= MOST:
        raise BadInput(f"A workspace has at most {MOST} keys; revoke those that nobody uses.", slug="too_many_keys")
    key = SIGN + new_secret()
    row = (new_id(), workspace_id, name, key[:PREFIX], hash_token(key), sorted(set(scopes)), user_id, expires_at)
    with transaction() as cursor:
        cursor.execute(ADD, row)
        made: Any = cursor.fetchone()
        told = {"name": name, "prefix": made.prefix, "scopes": made.scopes, "expires_at": expires_at}
        note_change(workspace_id, "api_key.create", made.id, after=told)
    return {**made._asdict(), "key": key}


def list_keys(workspace_id: str) -> list[dict[str, Any]]:
    """The workspace's keys, newest first, revoked ones too."""
    return [row._asdict() for row in run(LIST, (workspace_id,))]


def revoke_key(workspace_id: str, key_id: str) -> dict[str, Any]:
    """Let a key open nothing any more; again is the same. Raises NotFound."""
    with transaction() as cursor:
        cursor.execute(REVOKE, (workspace_id, key_id))
        row: Any = cursor.fetchone()
        if row is not None:
            note_change(workspace_id, "api_key.revoke", key_id, before={"name": row.name, "prefix": row.prefix})
            return dict(row._asdict())
    known = run(FIND_ONE, (workspace_id, key_id))
    if not known:
        raise NotFound()
    return dict(known[0]._asdict())


def is_key(token: str) -> bool:
    """Whether this looks like a key, and not like a person's token."""
    return token.startswith(SIGN)


def find_key(token: str, workspace_id: str | None) -> Key:
    """The key that this is. Raises Unauthorized, and NotFound for a workspace that it is not of."""
    given = hash_token(token)
    rows = run(FIND, {"prefix": token[:PREFIX], "hash": given})
    row = rows[0] if rows else None
    if not same_text(given, row.key_hash if row else hash_token("nobody's")) or row is None or row.revoked:
        raise Unauthorized("The key is not valid.", slug="invalid_key")
    if row.expired:
        raise Unauthorized("The key has expired.", slug="key_expired")
    if workspace_id is not None and (row.workspace_id != workspace_id or row.deleted):
        raise NotFound()
    return Key(row.id, row.workspace_id, frozenset(row.scopes))
