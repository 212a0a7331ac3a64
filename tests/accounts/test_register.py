"""E-mails, and hashes renewed at signing in."""

import pytest
from argon2 import PasswordHasher
from flask import Flask

from tawkee_core.accounts.passwords import needs_rehash
from tawkee_core.accounts.register import normal_email, register_person, sign_in
from tawkee_core.db import run
from tawkee_core.errors import BadInput
from tawkee_core.models import new_id

PASSWORD = "correct horse battery"


@pytest.mark.parametrize(
    "email", ["ana@example.com", " Ana.Lima+loja@Sub.Example.COM ", "joão@exemplo.com.br", "o'neil@x.co"]
)
def test_an_email_has_one_spelling(email: str) -> None:
    assert normal_email(email) == email.strip().lower()


@pytest.mark.parametrize(
    "email", ["", "@", "a@b", "a@.com", "a@b.", "a@-b.com", "a b@c.com", "a@b c.com", "<a@b.com>", "a@b.com,c@d.com",
              "x" * 65 + "@b.com"],
)  # fmt: skip
def test_what_is_no_email_is_refused(email: str) -> None:
    with pytest.raises(BadInput):
        normal_email(email)


def test_an_old_hash_is_renewed_when_its_person_signs_in(app: Flask) -> None:
    settings, email = app.extensions["tawkee"].settings, f"{new_id()}@example.com"
    user_id = register_person(settings, "Ana", email, PASSWORD, "Loja").user["id"]
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    run("update account_user set password_hash = %s where id = %s", (old, user_id))
    assert sign_in(settings, email, PASSWORD).user["id"] == user_id
    (row,) = run("select password_hash from account_user where id = %s", (user_id,))
    assert row.password_hash != old and not needs_rehash(row.password_hash)
    assert sign_in(settings, email, PASSWORD).user["id"] == user_id


def test_a_workspace_is_named_after_its_person_when_no_name_is_given(app: Flask) -> None:
    settings = app.extensions["tawkee"].settings
    made = register_person(settings, "Ana " + "x" * 60, f"{new_id()}@example.com", PASSWORD, "")
    assert made.workspace is not None and made.workspace["name"] == "Ana " + "x" * 28
