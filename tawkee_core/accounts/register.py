"""From a stranger to a person with a workspace of their own, and back in again."""

import re
from dataclasses import dataclass
from typing import Any

from psycopg2.errors import UniqueViolation

from ..db import run, transaction
from ..errors import BadInput, Conflict, Unauthorized
from ..models import new_id
from ..settings import Settings
from .passwords import LONGEST, check_password, hash_password, needs_rehash
from .sessions import Tokens, open_session
from .workspaces import add_workspace

EMAIL = re.compile(r"[^@\s\"(),:;<>\[\]\\]{1,64}@(?!-)[^@\s\"(),:;<>\[\]\\.]+(\.[^@\s\"(),:;<>\[\]\\.]+)+")
ADD_USER = "insert into account_user (id, email, name, password_hash) values (%s, %s, %s, %s)"
FIND_USER = "select id, name, email, password_hash from account_user where lower(email) = %s"
SET_HASH = "update account_user set password_hash = %s where id = %s"
FIRST_WORKSPACE = """
select w.id, w.name, w.status from membership m join workspace w on w.id = m.workspace_id
where m.user_id = %s order by m.created_at, w.id limit 1
"""


@dataclass(frozen=True, slots=True)
class SignIn:
    """A person who has just signed in, and the first workspace of theirs."""

    user: dict[str, Any]
    workspace: dict[str, Any] | None
    tokens: Tokens


def register_person(
    settings: Settings, name: str, email: str, password: str, workspace_name: str, user_agent: str = ""
) -> SignIn:
    """Make a person, their workspace and their first session. Raises BadInput, and Conflict for a taken e-mail."""
    email = normal_email(email)
    hashed = hash_password(password)  # outside the transaction: it takes its time
    user = {"id": new_id(), "name": name, "email": email}
    try:
        with transaction() as cursor:
            cursor.execute(ADD_USER, (user["id"], email, name, hashed))
            workspace = add_workspace(cursor, user["id"], workspace_name or name[:32])
            tokens = open_session(cursor, settings, user["id"], user_agent)
    except UniqueViolation as error:
        raise Conflict("There is an account with this e-mail already.", slug="email_taken") from error
    return SignIn(user, workspace, tokens)


def sign_in(settings: Settings, email: str, password: str, user_agent: str = "") -> SignIn:
    """Sign a person in. Raises Unauthorized: the same, after the same work, for an unknown e-mail and a wrong password.

    Throttling by account and address belongs here, before the hash is computed."""
    rows = run(FIND_USER, (email.strip().lower(),))
    row = rows[0] if rows else None
    if not check_password(password, row.password_hash if row else None) or row is None:
        raise Unauthorized("The e-mail or the password is wrong.", slug="wrong_credentials")
    renew_hash(row.id, password, row.password_hash)
    with transaction() as cursor:
        tokens = open_session(cursor, settings, row.id, user_agent)
        cursor.execute(FIRST_WORKSPACE, (row.id,))
        first: Any = cursor.fetchone()
    return SignIn({"id": row.id, "name": row.name, "email": row.email}, first and first._asdict(), tokens)


def renew_hash(user_id: str, password: str, hashed: str) -> None:
    if needs_rehash(hashed) and len(password) <= LONGEST:
        run(SET_HASH, (hash_password(password), user_id))


def normal_email(email: str) -> str:
    """The e-mail in the one spelling it is kept in. Raises BadInput when it is none."""
    email = email.strip().lower()
    if len(email) > 254 or not EMAIL.fullmatch(email):
        raise BadInput("That is not an e-mail address.", slug="bad_email")
    return email
