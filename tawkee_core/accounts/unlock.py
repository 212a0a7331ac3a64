"""Letting a person in again whose phone and recovery codes are gone: the operator's to do, who knows whom they are."""

from typing import Any

from ..db import run, transaction
from ..errors import NotFound
from ..mail.queue import unblock_address
from ..settings import Settings
from .register import BY_EMAIL
from .sessions import end_sessions
from .two_factors import drop_factors, tell_change


def unlock_person(settings: Settings, email: str) -> list[str]:
    """Switch two factors off, end all sessions, and let mails go to the address again; what of it was done. The person
    is told. Raises NotFound where no account has this address, or several claim it and none has proved it."""
    email = email.strip().lower()
    rows: list[Any] = run(BY_EMAIL, (email,))
    if not rows or not rows[0].confirmed and len(rows) > 1:
        raise NotFound("No account has proved that this address is its own.")
    done = ["mails go to the address again"] if unblock_address(email) else []
    if rows[0].two_factors:
        with transaction() as cursor:
            drop_factors(cursor, rows[0].id)
            end_sessions(cursor, rows[0].id)
            tell_change(cursor, settings, rows[0].id, enabled=False)
        done.append("two factors are off, and all sessions ended")
    return done
