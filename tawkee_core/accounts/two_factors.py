"""A second factor: codes of an authenticator app (TOTP, RFC 6238), each good for one sign-in, and recovery codes."""

import base64
import secrets
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from ..audit import note_account
from ..db import Cursor, run, transaction
from ..errors import BadInput, Conflict
from ..mail.queue import queue_mail
from ..models import new_id
from ..security import seal, unseal
from ..settings import Settings
from .credentials import prove_password
from .links import app_link
from .sessions import end_sessions
from .throttle import count_guess, forgive_guess, proof_guesses

STEP_SECONDS, AROUND = 30, 1
CODES = 10
BEGIN = """
insert into two_factors (user_id, sealed) values (%s, %s)
on conflict (user_id) do update set sealed = excluded.sealed, last_step = 0, created_at = now()
where two_factors.enabled_at is null returning user_id
"""
FIND = "select sealed, enabled_at from two_factors where user_id = %s"
# compare-and-set: of two that come with one code at once, one wins
TAKE_STEP = """
update two_factors set last_step = %(step)s, enabled_at = coalesce(enabled_at, now())
where user_id = %(id)s and last_step < %(step)s and (enabled_at is not null) = %(enabled)s returning user_id
"""
TAKE_CODE = """
update recovery_code set used_at = now() where user_id = %s and code_hash = %s and used_at is null returning id
"""
ADD_CODES = """
insert into recovery_code (id, user_id, code_hash) select unnest(%s::uuid[]), %s, unnest(%s::text[])
"""
LEFT = "select count(*) as codes from recovery_code where user_id = %s and used_at is null"
PERSON = "select name, email, locale from account_user where id = %s"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a person's app needs: scanned as `qr` (an SVG as data URL), or typed in."""

    secret: str
    uri: str
    qr: str


def begin_setup(settings: Settings, user_id: str, email: str) -> Enrolment:
    """A new secret, good for nothing until `enable_factors`. Raises Conflict where two factors are on."""
    import pyotp
    import segno

    secret = pyotp.random_base32()
    if not run(BEGIN, (user_id, seal(settings, seal_context(user_id), {"secret": secret}))):
        raise Conflict("Two factors are on already; switch them off first.", slug="two_factors_on")
    uri = pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name="Tawkee")
    return Enrolment(secret, uri, segno.make(uri, error="m").svg_data_uri(scale=5, border=3, light="#fff"))


def enable_factors(settings: Settings, user_id: str, session_id: str, code: str) -> list[str]:
    """Switch two factors on with the app's first code; the recovery codes, shown this once. Other sessions end.
    Raises Conflict, BadInput, TooMany."""
    row = find_factors(user_id)
    if row is None or row.enabled_at is not None:
        raise Conflict("Begin with the set-up.", slug="two_factors_on" if row else "two_factors_not_begun")
    guesses = proof_guesses("factor", user_id)
    count_guess(guesses)
    step = find_step(open_secret(settings, user_id, row.sealed), code)
    with transaction() as cursor:
        if step is None or not take_step(cursor, user_id, step, enabled=False):
            raise BadInput("The code is wrong, or not the newest one.", slug="wrong_code")
        codes = renew_codes(cursor, user_id)
        end_sessions(cursor, user_id, keep=session_id)
        tell_change(cursor, settings, user_id, enabled=True)
    forgive_guess(guesses)
    return codes


def disable_factors(settings: Settings, user_id: str, password: str, code: str) -> None:
    """Switch two factors off. Raises Forbidden, BadInput, TooMany, Conflict where they are off."""
    check_both(settings, user_id, password, code)
    with transaction() as cursor:
        drop_factors(cursor, user_id)
        tell_change(cursor, settings, user_id, enabled=False)


def drop_factors(cursor: Cursor, user_id: str) -> None:
    """Forget a person's app and recovery codes, within the caller's transaction."""
    cursor.execute("delete from two_factors where user_id = %s", (user_id,))
    cursor.execute("delete from recovery_code where user_id = %s", (user_id,))


def new_codes(settings: Settings, user_id: str, password: str, code: str) -> list[str]:
    """Ten other recovery codes; those before are good for nothing. Raises as `disable_factors`."""
    check_both(settings, user_id, password, code)
    with transaction() as cursor:
        codes = renew_codes(cursor, user_id)
        note_account(user_id, "account.recovery_codes")
    return codes


def check_both(settings: Settings, user_id: str, password: str, code: str) -> None:
    if not factors_on(user_id):
        raise Conflict("Two factors are off.", slug="two_factors_off")
    prove_password(user_id, password)
    if not take_code(settings, user_id, code):
        raise BadInput("The code is wrong, or was used before.", slug="wrong_code")


def take_code(settings: Settings, user_id: str, code: str) -> bool:
    """Use up a code of the app, or a recovery code; whether it was good. Raises TooMany."""
    guesses = proof_guesses("factor", user_id)
    count_guess(guesses)
    if not (use_app_code(settings, user_id, code) or use_recovery_code(user_id, code)):
        return False
    forgive_guess(guesses)
    return True


def use_app_code(settings: Settings, user_id: str, code: str) -> bool:
    row = find_factors(user_id)
    if row is None or row.enabled_at is None:
        return False
    step = find_step(open_secret(settings, user_id, row.sealed), code)
    if step is None:
        return False
    with transaction() as cursor:
        return take_step(cursor, user_id, step, enabled=True)


def find_step(secret: str, code: str) -> int | None:
    """The half minute that a code is of: this one, the one before or the next."""
    import pyotp

    digits = "".join(code.split())
    now = int(time.time()) // STEP_SECONDS
    totp = pyotp.TOTP(secret)
    steps = range(now - AROUND, now + AROUND + 1)
    return next((s for s in steps if secrets.compare_digest(totp.generate_otp(s).encode(), digits.encode())), None)


def take_step(cursor: Cursor, user_id: str, step: int, enabled: bool) -> bool:
    cursor.execute(TAKE_STEP, {"id": user_id, "step": step, "enabled": enabled})
    return cursor.fetchone() is not None


def use_recovery_code(user_id: str, code: str) -> bool:
    return bool(run(TAKE_CODE, (user_id, hash_code(code))))


def renew_codes(cursor: Cursor, user_id: str) -> list[str]:
    """Ten new codes of 120 bits; only their hashes are kept."""
    codes = ["-".join(cut_code(base64.b32encode(secrets.token_bytes(15)).decode())) for _ in range(CODES)]
    cursor.execute("delete from recovery_code where user_id = %s", (user_id,))
    cursor.execute(ADD_CODES, ([new_id() for _ in codes], user_id, [hash_code(code) for code in codes]))
    return codes


def cut_code(text: str) -> list[str]:
    return [text[place : place + 4] for place in range(0, len(text), 4)]


def hash_code(code: str) -> str:
    """However it is typed: in small letters, with blanks or without dashes."""
    return sha256("".join(each for each in code.upper() if each.isalnum()).encode()).hexdigest()


def codes_left(user_id: str) -> int:
    return int(run(LEFT, (user_id,))[0].codes)


def find_factors(user_id: str) -> Any:
    """The row of a person who has begun or finished the set-up, else None."""
    rows = run(FIND, (user_id,))
    return rows[0] if rows else None


def factors_on(user_id: str) -> bool:
    row = find_factors(user_id)
    return row is not None and row.enabled_at is not None


def open_secret(settings: Settings, user_id: str, sealed: str) -> str:
    return str(unseal(settings, seal_context(user_id), sealed)["secret"])


def seal_context(user_id: str) -> str:
    return f"two_factors|{user_id}"


def tell_change(cursor: Cursor, settings: Settings, user_id: str, enabled: bool) -> None:
    cursor.execute(PERSON, (user_id,))
    person: Any = cursor.fetchone()
    values = {"name": person.name, "enabled": enabled, "link": app_link(settings, "forgot_password")}
    queue_mail(cursor, settings, person.email, "two_factors_changed", person.locale, **values)
    note_account(user_id, "account.two_factors", {"enabled": not enabled}, {"enabled": enabled})
