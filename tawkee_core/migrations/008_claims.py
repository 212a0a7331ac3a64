"""Many may claim an address, so that registering tells nobody whether it is known; one can prove that it is theirs."""

from typing import Any

CLAIMS = """
drop index if exists account_user_email;
drop index if exists account_user_claim;
create unique index account_user_email on account_user (lower(email)) where email_confirmed_at is not null;
create index account_user_claim on account_user (lower(email), created_at);
"""
# those who only claim an address of another are told apart again, or the older index could not be
BACK = """
drop index account_user_claim;
drop index account_user_email;
update account_user u set email = u.id::text || '.' || u.email where exists (
    select from account_user o where lower(o.email) = lower(u.email) and o.id <> u.id
        and (o.email_confirmed_at is null, o.created_at, o.id) < (u.email_confirmed_at is null, u.created_at, u.id));
create unique index account_user_email on account_user (lower(email));
"""


def up(migrator: Any, db: Any) -> None:
    db.execute_sql(CLAIMS)


def down(migrator: Any, db: Any) -> None:
    db.execute_sql(BACK)
