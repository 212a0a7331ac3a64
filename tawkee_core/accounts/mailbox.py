"""Whose address it is: asked for by a link, proved by using it."""

from psycopg2.errors import UniqueViolation

from ..audit import note_account
from ..db import transaction
from ..errors import Conflict
from ..mail.queue import queue_mail, unblock_bounced
from ..settings import Settings
from .proofs import pending_email, spend_proofs, use_proof
from .requests import ask_mail

READ = "select name, email, locale, email_confirmed_at from account_user where id = %s for update"
CONFIRM = "update account_user set email = %s, email_confirmed_at = now() where id = %s"


def confirm_email(settings: Settings, token: str) -> str:
    """The address that is confirmed now. Where it replaces another that was proved, that one is told: any other may be
    a stranger's, mistyped. Raises BadInput, and Conflict where another account was faster."""
    try:
        with transaction() as cursor:
            proof = use_proof(cursor, "confirm", token)
            cursor.execute(READ, (proof.user_id,))
            name, before, locale, confirmed_at = cursor.fetchone() or ("", "", "pt-BR", None)
            cursor.execute(CONFIRM, (proof.email, proof.user_id))
            spend_proofs(cursor, proof.user_id, "confirm", "reset")
            if before.lower() != proof.email.lower():
                if confirmed_at is not None:
                    values = {"name": name, "new_email": proof.email}
                    queue_mail(cursor, settings, before, "email_changed", locale, **values)
                note_account(proof.user_id, "account.email", {"email": before}, {"email": proof.email})
    except UniqueViolation as error:
        raise Conflict("Another account has confirmed this address already.", slug="email_taken") from error
    return str(proof.email)


def ask_again(user_id: str) -> None:
    """Send the link to confirm anew, also to an address that bounced before. Raises Conflict when it is confirmed."""
    with transaction() as cursor:
        cursor.execute(READ, (user_id,))
        row = cursor.fetchone()
        email = pending_email(cursor, user_id) or (row[1] if row and row[3] is None else None)
        if email is None:
            raise Conflict("Your address is confirmed.", slug="email_confirmed")
        unblock_bounced(cursor, email)
        ask_mail(cursor, "confirm", email, user_id)
