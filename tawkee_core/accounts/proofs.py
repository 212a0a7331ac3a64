"""Links that prove whose a mailbox is: random, kept as hashes, used once, for one address."""

from typing import Any, Literal

from ..db import Cursor
from ..errors import BadInput
from ..models import new_id
from ..security import hash_token, new_secret

HOURS_TO_CONFIRM, MINUTES_TO_RESET = 24, 30
SECONDS = {"confirm": HOURS_TO_CONFIRM * 3600, "reset": MINUTES_TO_RESET * 60}
ADD = """
insert into account_token (id, user_id, kind, token_hash, email, expires_at)
values (%s, %s, %s, %s, %s, now() + make_interval(secs => %s))
"""
USE = """
update account_token set used_at = now()
where token_hash = %s and kind = %s and used_at is null and expires_at > now() returning user_id, email
"""
SPEND = "update account_token set used_at = now() where user_id = %s and kind = any(%s) and used_at is null"
# asked for a moment ago, or with a link on its way
PENDING = """
select given.email from account_user u join (
    select user_id, email, created_at from account_request where kind = 'confirm'
    union all select user_id, email, created_at from account_token
    where kind = 'confirm' and used_at is null and expires_at > now()
) as given on given.user_id = u.id
where u.id = %s and given.email <> lower(u.email) order by given.created_at desc limit 1
"""
# one after the other: the second sees the link of a request that a worker was just answering
DROP = (
    "delete from account_request where user_id = %s and kind = 'confirm' and email <> %s",
    "update account_token set used_at = now() where user_id = %s and kind = 'confirm' and used_at is null"
    " and email <> %s",
)


def add_proof(cursor: Cursor, user_id: str, kind: Literal["confirm", "reset"], email: str) -> str:
    """A token to be sent to this address; only its hash is kept."""
    token = new_secret()
    cursor.execute(ADD, (new_id(), user_id, kind, hash_token(token), email, SECONDS[kind]))
    return token


def use_proof(cursor: Cursor, kind: Literal["confirm", "reset"], token: str) -> Any:
    """The token's `user_id` and `email`, once. Raises BadInput for one that is unknown, used or too old: all the
    same."""
    cursor.execute(USE, (hash_token(token), kind))
    row = cursor.fetchone()
    if row is None:
        raise BadInput("This link is not valid, or not any more. Ask for a new one.", slug="link_invalid")
    return row


def spend_proofs(cursor: Cursor, user_id: str, *kinds: str) -> None:
    """Let no link of these kinds that is under way be used any more."""
    cursor.execute(SPEND, (user_id, list(kinds)))


def drop_other_addresses(cursor: Cursor, user_id: str, email: str) -> None:
    """Let no address but this one become the person's by a link that is under way."""
    for sql in DROP:
        cursor.execute(sql, (user_id, email.lower()))


def pending_email(cursor: Cursor, user_id: str) -> str | None:
    """The address that a person wants and has not confirmed yet."""
    cursor.execute(PENDING, (user_id,))
    row = cursor.fetchone()
    return str(row[0]) if row else None
