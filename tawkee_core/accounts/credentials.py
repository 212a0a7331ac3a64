"""A person's password: proved, changed, forgotten and set anew."""

from datetime import UTC, datetime
from typing import Any

from ..audit import note_account
from ..db import Cursor, run, transaction
from ..errors import Forbidden
from ..mail.queue import queue_mail
from ..settings import Settings
from .links import app_link
from .passwords import check_password, hash_new
from .proofs import drop_other_addresses, spend_proofs, use_proof
from .requests import ask_mail
from .sessions import end_sessions
from .throttle import count_guess, forgive_guess, proof_guesses

FIND = "select password_hash from account_user where id = %s"
SET = """
update account_user set password_hash = %(hash)s,
    email_confirmed_at = coalesce(email_confirmed_at, case when %(email)s = lower(email) and not exists (select
        from account_user o where lower(o.email) = %(email)s and o.email_confirmed_at is not null) then now() end)
where id = %(id)s returning name, email, locale
"""


def prove_password(user_id: str, password: str) -> None:
    """Raise Forbidden unless it is the person's password, TooMany after too many tries."""
    guesses = proof_guesses("password", user_id)
    count_guess(guesses)
    rows = run(FIND, (user_id,))
    if not check_password(password, rows[0].password_hash if rows else None):
        raise Forbidden("The password is wrong.", slug="wrong_password")
    forgive_guess(guesses)


def change_password(settings: Settings, user_id: str, session_id: str, current: str, new: str) -> None:
    """Set a new password; every other session ends. Raises Forbidden, TooMany, BadInput."""
    prove_password(user_id, current)
    hashed = hash_new(new)
    with transaction() as cursor:
        set_password(cursor, settings, user_id, hashed)
        end_sessions(cursor, user_id, keep=session_id)


def forget_password(email: str) -> None:
    """Have a link sent to whoever has this address; nobody is told whether anybody does."""
    with transaction() as cursor:
        ask_mail(cursor, "reset", email.strip())


def reset_password(settings: Settings, token: str, new: str) -> None:
    """Set a new password with a mail's link; every session ends, and two factors stay on. Raises BadInput."""
    hashed = hash_new(new)
    with transaction() as cursor:
        proof = use_proof(cursor, "reset", token)
        set_password(cursor, settings, proof.user_id, hashed, proof.email.lower())
        end_sessions(cursor, proof.user_id)


def set_password(cursor: Cursor, settings: Settings, user_id: str, hashed: str, proved: str | None = None) -> None:
    """Keep a new hash and tell its person; links to reset end, and those to another address: who knew the old password
    may have asked for it. `proved`: the address whose mailbox is theirs."""
    cursor.execute(SET, {"id": user_id, "hash": hashed, "email": proved})
    person: Any = cursor.fetchone()
    spend_proofs(cursor, user_id, "reset")
    drop_other_addresses(cursor, user_id, person.email)
    values = {"name": person.name, "at": datetime.now(UTC), "link": app_link(settings, "forgot_password")}
    queue_mail(cursor, settings, person.email, "password_changed", person.locale, **values)
    note_account(user_id, "account.password")
