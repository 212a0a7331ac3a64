"""From a stranger to a person with a workspace of their own, and back in again.

Anybody may register any address, and is answered alike: until an address is confirmed it belongs to nobody. So nobody
learns which addresses are known, and nobody can keep an address from who has its mailbox."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from .. import metrics
from ..db import Cursor, run, transaction
from ..errors import BadInput, TooMany, Unauthorized
from ..mail.queue import queue_mail
from ..models import new_id
from ..security import read_token, sign_token
from ..settings import Settings
from .links import app_link
from .passwords import LONGEST, check_password, hash_new, hash_password, needs_rehash
from .requests import ask_mail
from .sessions import Tokens, known_device, open_session
from .throttle import count_guess, forgive_guess, sign_in_guesses
from .two_factors import take_code
from .workspaces import COLUMNS, add_workspace

EMAIL = re.compile(r"[^@\s\"(),:;<>\[\]\\]{1,64}@(?!-)[^@\s\"(),:;<>\[\]\\.]+(\.[^@\s\"(),:;<>\[\]\\.]+)+")
MFA_SECONDS = 300
ADD_USER = "insert into account_user (id, email, name, password_hash, locale) values (%s, %s, %s, %s, %s)"
# the account that proved the address, and the two newest of those that only say it is theirs
FIND_USERS = """
select u.id, u.name, u.email, u.locale, u.password_hash, u.email_confirmed_at is not null as confirmed,
    exists (select from two_factors t where t.user_id = u.id and t.enabled_at is not null) as two_factors
from account_user u where {} order by confirmed desc, u.created_at desc limit 3
"""
BY_EMAIL, BY_ID = FIND_USERS.format("lower(u.email) = %s"), FIND_USERS.format("u.id = %s")
SLOTS = 3
SET_HASH = "update account_user set password_hash = %s where id = %s"
FIRST_WORKSPACE = f"""
select {COLUMNS} from membership m join workspace w on w.id = m.workspace_id
where m.user_id = %s and w.deleted_at is null order by m.selected_at desc nulls last, m.created_at, w.id limit 1
"""


@dataclass(frozen=True, slots=True)
class SignIn:
    """A person who has just signed in, and the workspace they chose last, else their first; or, of one with two
    factors, half a sign-in: an `mfa_token`, which is good for giving the code and for nothing else."""

    user: dict[str, Any]
    workspace: dict[str, Any] | None
    tokens: Tokens | None
    mfa_token: str = ""


def register_person(
    settings: Settings,
    name: str,
    email: str,
    password: str,
    workspace_name: str,
    locale: str = "pt-BR",
    user_agent: str = "",
    ip: str = "",
) -> SignIn:
    """Make a person, their workspace and their first session, and have their address confirmed. Raises BadInput."""
    email = normal_email(email)
    hashed = hash_new(password)  # outside the transaction: it takes its time
    user = {"id": new_id(), "name": name, "email": email}
    with transaction() as cursor:
        cursor.execute(ADD_USER, (user["id"], email, name, hashed, locale))
        workspace = add_workspace(cursor, user["id"], workspace_name or name[:32])
        tokens = open_session(cursor, settings, user["id"], user_agent, ip)
        ask_mail(cursor, "confirm", email, user["id"])
    return SignIn(user, workspace, tokens)


def sign_in(settings: Settings, email: str, password: str, user_agent: str = "", ip: str = "") -> SignIn:
    """Sign a person in, or half of it where two factors are on. Raises Unauthorized: the same, after the same work,
    for an unknown e-mail and a wrong password. Raises TooMany before any work."""
    return count_login(lambda: try_password(settings, email, password, user_agent, ip))


def count_login(step: Callable[[], SignIn]) -> SignIn:
    """Do a step of signing in, and count how it ended."""
    try:
        done = step()
    except (Unauthorized, TooMany) as error:
        metrics.LOGINS.labels(error.slug).inc()
        raise
    metrics.LOGINS.labels("code_asked" if done.mfa_token else "signed_in").inc()
    return done


def try_password(settings: Settings, email: str, password: str, user_agent: str, ip: str) -> SignIn:
    guesses = sign_in_guesses(settings, email.strip(), ip)
    count_guess(guesses)
    row = find_account(email.strip().lower(), password)
    if row is None:
        raise Unauthorized("The e-mail or the password is wrong.", slug="wrong_credentials")
    forgive_guess(guesses)
    renew_hash(row.id, password, row.password_hash)
    return ask_code(settings, row) if row.two_factors else welcome(settings, row, user_agent, ip)


def find_account(email: str, password: str) -> Any:
    """The account that this pair opens, or None after as many comparisons as there ever are."""
    rows = run(BY_EMAIL, (email,))
    held = [row for row in rows if row.confirmed]
    claims = [row for row in rows if not row.confirmed][: SLOTS - 1]
    slots = [held[0] if held else None, *claims, *[None] * (SLOTS - 1 - len(claims))]
    for row in slots:
        if check_password(password, row.password_hash if row else None):
            return row
    return None


def ask_code(settings: Settings, row: Any) -> SignIn:
    """Half a sign-in, which ends when the password is changed."""
    claims = {"sub": row.id, "pwd": hash_mark(row.password_hash)}
    return SignIn({}, None, None, sign_token(settings, "mfa", claims, MFA_SECONDS))


def finish_sign_in(settings: Settings, mfa_token: str, code: str, user_agent: str = "", ip: str = "") -> SignIn:
    """The second half: a code of the app, or a recovery code. Raises Unauthorized, TooMany."""
    return count_login(lambda: try_code(settings, mfa_token, code, user_agent, ip))


def try_code(settings: Settings, mfa_token: str, code: str, user_agent: str, ip: str) -> SignIn:
    claims = read_token(settings, "mfa", mfa_token)
    row = next(iter(run(BY_ID, (claims["sub"],))), None)
    if row is None or not row.two_factors or claims["pwd"] != hash_mark(row.password_hash):
        raise Unauthorized("Sign in again.", slug="invalid_token")
    if not take_code(settings, row.id, code):
        raise Unauthorized("The code is wrong, or was used before.", slug="wrong_code")
    return welcome(settings, row, user_agent, ip)


def hash_mark(password_hash: str) -> str:
    return sha256(password_hash.encode()).hexdigest()[:16]


def welcome(settings: Settings, row: Any, user_agent: str, ip: str) -> SignIn:
    """Open a session; where it is from a device not seen before, the person is told by mail."""
    with transaction() as cursor:
        known = known_device(cursor, row.id, user_agent)
        tokens = open_session(cursor, settings, row.id, user_agent, ip)
        cursor.execute(FIRST_WORKSPACE, (row.id,))
        first: Any = cursor.fetchone()
        if not known:
            tell_sign_in(cursor, settings, row, user_agent, ip)
    return SignIn({"id": row.id, "name": row.name, "email": row.email}, first and first._asdict(), tokens)


def tell_sign_in(cursor: Cursor, settings: Settings, row: Any, user_agent: str, ip: str) -> None:
    link = app_link(settings, "forgot_password")
    values = {"name": row.name, "device": user_agent[:200], "ip": ip, "at": datetime.now(UTC), "link": link}
    queue_mail(cursor, settings, row.email, "new_sign_in", row.locale, **values)


def renew_hash(user_id: str, password: str, hashed: str) -> None:
    if needs_rehash(hashed) and len(password) <= LONGEST:
        run(SET_HASH, (hash_password(password), user_id))


def normal_email(email: str) -> str:
    """The e-mail in the one spelling it is kept in. Raises BadInput when it is none."""
    email = email.strip().lower()
    if len(email) > 254 or not EMAIL.fullmatch(email):
        raise BadInput("That is not an e-mail address.", slug="bad_email")
    return email
