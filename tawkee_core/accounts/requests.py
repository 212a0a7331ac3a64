"""Mails that somebody asked for, written by the workers: the request itself only keeps that it was asked, so that its
answer takes as long for an address that is known as for one that is not."""

from typing import Any, Literal

from ..db import Cursor, run, transaction
from ..mail.queue import queue_mail, why_undeliverable
from ..models import new_id
from ..settings import Settings
from .links import app_link
from .proofs import HOURS_TO_CONFIRM, MINUTES_TO_RESET, add_proof

HOLD_SECONDS = 60
ASK = "insert into account_request (id, kind, email, user_id) values (%s, %s, %s, %s)"
CLAIM = """
with due as (
    select id from account_request where next_at <= now() order by next_at limit %s for update skip locked
)
update account_request r set next_at = now() + make_interval(secs => %s) from due where r.id = due.id
returning r.id, r.kind, r.email, r.user_id
"""
TAKE = "delete from account_request where id = %s returning id"
OF_ADDRESS = """
select id, name, email, locale from account_user where lower(email) = %s
order by email_confirmed_at is null, created_at desc limit 1
"""
OF_PERSON = (
    "select id, name, email, locale, email_confirmed_at is not null as confirmed from account_user where id = %s"
)
HOLDER = """
select id, name, email, locale from account_user
where lower(email) = %s and email_confirmed_at is not null and id <> %s
"""


def ask_mail(cursor: Cursor, kind: Literal["confirm", "reset"], email: str, user_id: str | None = None) -> None:
    """Have a link sent to this address: to confirm it for a person, or to reset the password of whoever has it."""
    cursor.execute(ASK, (new_id(), kind, email.lower(), user_id))


def claim_requests(count: int) -> list[Any]:
    """Take up to `count` requests; one that is not done comes back after a minute."""
    return run(CLAIM, (count, HOLD_SECONDS))


def answer_request(settings: Settings, row: Any) -> None:
    """Write the mail of a claimed request, once."""
    with transaction() as cursor:
        cursor.execute(TAKE, (row.id,))
        if cursor.fetchone():
            (write_confirmation if row.kind == "confirm" else write_reset)(cursor, settings, row)


def write_reset(cursor: Cursor, settings: Settings, row: Any) -> None:
    cursor.execute(OF_ADDRESS, (row.email,))
    person: Any = cursor.fetchone()
    if person is None or why_undeliverable(row.email):
        return
    token = add_proof(cursor, person.id, "reset", person.email)
    link = app_link(settings, "reset_password", token)
    values = {"name": person.name, "link": link, "minutes": MINUTES_TO_RESET}
    queue_mail(cursor, settings, person.email, "reset_password", person.locale, **values)


def write_confirmation(cursor: Cursor, settings: Settings, row: Any) -> None:
    """A link; or, where another account proved that the address is its own, word of that to its mailbox only. Who asked
    sees a `pending_email` either way, or it would tell them which of the two it was."""
    cursor.execute(OF_PERSON, (row.user_id,))
    person: Any = cursor.fetchone()
    if person is None or (person.confirmed and person.email.lower() == row.email):
        return
    token = add_proof(cursor, person.id, "confirm", row.email)
    cursor.execute(HOLDER, (row.email, row.user_id))
    holder: Any = cursor.fetchone()
    if holder is not None:
        values: dict[str, Any] = {"name": holder.name, "link": app_link(settings, "forgot_password")}
        queue_mail(cursor, settings, holder.email, "already_registered", holder.locale, **values)
        return
    values = {"name": person.name, "link": app_link(settings, "confirm_email", token), "hours": HOURS_TO_CONFIRM}
    queue_mail(cursor, settings, row.email, "confirm_email", person.locale, **values)
