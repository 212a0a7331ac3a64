"""Accepting an invitation: by signing in, or as somebody new, who fills in who they are and confirms it by a code.

The code goes out by WhatsApp through a channel of the workspace, or by e-mail where it has none or that is asked for.
Of the code only a hash is kept; it is good for ten minutes and five tries."""

import hmac
import re
import secrets
from dataclasses import dataclass, replace
from typing import Any, Literal

from psycopg2.errors import UniqueViolation

from ..audit import acting, current_actor, note_change
from ..context import Tawkee
from ..conversation.approach import find_whatsapp, write_first
from ..conversation.hidden import DOTS
from ..db import Cursor, run, transaction
from ..doorbell import ring
from ..errors import BadInput, Conflict, Forbidden, NotFound, TooMany
from ..mail.queue import queue_mail
from ..models import new_id
from ..security import same_text, signing_key
from ..settings import Settings
from ..types import Channel
from .invitations import GONE, find_invitation
from .passwords import hash_new
from .register import SignIn, normal_email
from .requests import ask_mail
from .sessions import open_session
from .workspaces import read_workspace

MINUTES, MOST_TRIES, MOST_SENT = 10, 5, 5
SentBy = Literal["whatsapp", "email"]
TEXT = {
    "pt-BR": "{code} é o seu código para entrar na equipe de {workspace} na Tawkee. Vale por 10 minutos."
    " Não o diga a ninguém.",
    "en": "{code} is your code to join the team of {workspace} at Tawkee. It is good for 10 minutes."
    " Tell it to nobody.",
}
KEEP = """
insert into activation (invitation_id, workspace_id, name, phone, locale, password_hash, code_hash, sent_by, expires_at)
values (%(id)s, %(workspace_id)s, %(name)s, %(phone)s, %(locale)s, %(password_hash)s, %(code_hash)s, %(sent_by)s,
    now() + make_interval(mins => %(minutes)s))
on conflict (invitation_id) do update set name = excluded.name, phone = excluded.phone, locale = excluded.locale,
    password_hash = excluded.password_hash, code_hash = excluded.code_hash, sent_by = excluded.sent_by, tries = 0,
    expires_at = excluded.expires_at,
    sent = case when activation.sent_since < now() - interval '1 hour' then 1 else activation.sent + 1 end,
    sent_since = case when activation.sent_since < now() - interval '1 hour' then now() else activation.sent_since end
where activation.sent < %(most)s or activation.sent_since < now() - interval '1 hour'
returning sent
"""
# counted before it is looked at, so that parallel guesses are counted too
TRY = """
update activation set tries = tries + 1 where invitation_id = %s and expires_at > now() and tries < %s
returning name, phone, locale, password_hash, code_hash, sent_by, tries
"""
CLOSE = """
update invitation set accepted_at = now(), accepted_by = %(user_id)s
where id = %(id)s and accepted_at is null and revoked_at is null and expires_at > now() returning id
"""
# nobody new where the address is proved to be another's; who only claims it is in nobody's way, and learns nothing
ADD_USER = """
insert into account_user (id, email, name, password_hash, locale, phone, phone_confirmed_at, email_confirmed_at)
select %(id)s, %(email)s, %(name)s, %(password_hash)s, %(locale)s, %(phone)s,
    case when %(by_phone)s then now() end, case when %(by_email)s then now() end
where not (%(by_email)s and exists (
    select from account_user where lower(email) = %(email)s and email_confirmed_at is not null))
returning id
"""
JOIN = """
insert into membership (workspace_id, user_id, role, selected_at) values (%s, %s, %s, now())
on conflict (workspace_id, user_id) do nothing returning role
"""
FORGET = "delete from activation where invitation_id = %s"
EMAIL = "select lower(email) as email, email_confirmed_at is not null as confirmed from account_user where id = %s"
CONFIRM_EMAIL = "update account_user set email_confirmed_at = now() where id = %s and email_confirmed_at is null"
SIGN_IN = "This address has an account: sign in to accept."


@dataclass(frozen=True)
class Applicant:
    """What an invited person fills in."""

    name: str
    phone: str
    password: str
    locale: Literal["pt-BR", "en"] = "pt-BR"
    email: str = ""
    send_by: SentBy = "whatsapp"


@dataclass(frozen=True)
class CodeSent:
    """Which way a code went, and the end of where to."""

    sent_by: SentBy
    to: str
    minutes: int = MINUTES


def show_invitation(tawkee: Tawkee, token: str) -> dict[str, Any]:
    """What an invited person is shown. Whether their address has an account is said only to who holds the mail."""
    found = find_invitation(token)
    whatsapp = find_whatsapp(tawkee, found.workspace_id) is not None
    shown = {name: getattr(found, name) for name in ("workspace", "inviter", "role", "email", "expires_at")}
    has_account = found.has_account if found.proven else None
    return {**shown, "has_account": has_account, "code_by": "whatsapp" if whatsapp else "email"}


def join_signed_in(token: str, user_id: str) -> str:
    """Accept as the person who is signed in; the workspace's id. Raises NotFound, Forbidden for another address or one
    that neither the invitation nor the account proves."""
    found, person = find_invitation(token), run(EMAIL, (user_id,))[0]
    if person.email != found.email:
        raise Forbidden("The invitation is for another e-mail address; sign in with that one.", slug="another_account")
    if not (found.proven or person.confirmed):
        raise Forbidden("Confirm your e-mail address first, or use the link in the mail.", slug="email_unconfirmed")
    try:
        with transaction() as cursor:
            close_invitation(cursor, found, user_id)
            if found.proven:
                cursor.execute(CONFIRM_EMAIL, (user_id,))
    except UniqueViolation as error:
        raise Forbidden("Another account has confirmed this address.", slug="another_account") from error
    return str(found.workspace_id)


def begin_activation(tawkee: Tawkee, token: str, given: Applicant) -> CodeSent:
    """Keep what somebody new has filled in, and send them a code; again sends another. Raises NotFound, BadInput,
    Conflict for who has an account, TooMany."""
    found = find_invitation(token)
    if given.email and normal_email(given.email) != found.email:
        raise BadInput("The invitation is for another e-mail address.", slug="another_email")
    if found.has_account and found.proven:
        raise Conflict(SIGN_IN, slug="sign_in_to_accept")
    phone, code = read_phone(given.phone), f"{secrets.randbelow(10**6):06d}"
    channel = find_whatsapp(tawkee, found.workspace_id) if given.send_by == "whatsapp" else None
    row = {
        "id": found.id,
        "workspace_id": found.workspace_id,
        "name": given.name,
        "phone": phone,
        "locale": given.locale,
        "password_hash": hash_new(given.password),
        "code_hash": hash_code(tawkee.settings, found, code),
        "sent_by": "whatsapp" if channel else "email",
        "minutes": MINUTES,
        "most": MOST_SENT,
    }
    with transaction() as cursor:
        cursor.execute(KEEP, row)
        if cursor.fetchone() is None:
            raise TooMany(f"{MOST_SENT} codes were sent this hour; wait a little.", slug="too_many_codes")
        send_code(cursor, tawkee, found, row, code, channel)
    ring(tawkee.settings)
    return CodeSent("whatsapp", f"•••• {phone[-4:]}") if channel else CodeSent("email", found.email)


def send_code(
    cursor: Cursor, tawkee: Tawkee, found: Any, row: dict[str, Any], code: str, channel: Channel | None
) -> None:
    """Queue the code on its way. Raises TooMany."""
    if channel is not None:
        text = TEXT[row["locale"]].format(code=DOTS, workspace=found.workspace)
        write_first(cursor, tawkee, channel, row["phone"], row["name"], text, code, found.invited_by)
        return
    values = {"code": code, "workspace": found.workspace, "minutes": MINUTES}
    if queue_mail(cursor, tawkee.settings, found.email, "activation_code", row["locale"], **values) is None:
        raise TooMany("This address got enough mails this hour; wait a little.", slug="too_many_codes")


def confirm_activation(settings: Settings, token: str, code: str, user_agent: str = "", ip: str = "") -> SignIn:
    """Make the account and the membership, and sign in. Raises NotFound, BadInput for a wrong code, Conflict when the
    code is over or the address has an account."""
    found = find_invitation(token)
    rows = run(TRY, (found.id, MOST_TRIES))
    if not rows:
        raise Conflict("The code is not good any more; ask for another.", slug="code_over")
    given = rows[0]
    if not same_text(hash_code(settings, found, code), given.code_hash):
        left = MOST_TRIES - given.tries
        raise BadInput(f"The code is wrong; {left} tries are left.", slug="wrong_code")
    user = {"id": new_id(), "name": given.name, "email": found.email}
    proofs = {"by_phone": given.sent_by == "whatsapp", "by_email": found.proven or given.sent_by == "email"}
    try:
        with transaction() as cursor:
            cursor.execute(ADD_USER, {**given._asdict(), **user, **proofs})
            if cursor.fetchone() is None:
                raise Conflict(SIGN_IN, slug="sign_in_to_accept")
            close_invitation(cursor, found, user["id"])
            if not proofs["by_email"]:
                ask_mail(cursor, "confirm", found.email, user["id"])
            tokens = open_session(cursor, settings, user["id"], user_agent, ip)
    except UniqueViolation as error:
        raise Conflict(SIGN_IN, slug="sign_in_to_accept") from error
    return SignIn(user, read_workspace(user["id"], found.workspace_id), tokens)


def close_invitation(cursor: Cursor, found: Any, user_id: str) -> None:
    """Give the person the role, once. Raises NotFound when another was faster, Conflict for who belongs here."""
    cursor.execute(CLOSE, {"id": found.id, "user_id": user_id})
    if cursor.fetchone() is None:
        raise NotFound(GONE, slug="invitation_gone")
    cursor.execute(JOIN, (found.workspace_id, user_id, found.role))
    if cursor.fetchone() is None:
        raise Conflict("You belong to this workspace already.", slug="already_member")
    cursor.execute(FORGET, (found.id,))
    with acting(replace(current_actor(), user_id=user_id)):
        note_change(found.workspace_id, "member.join", user_id, after={"email": found.email, "role": found.role})


def hash_code(settings: Settings, found: Any, code: str) -> str:
    """A million codes are soon tried: without our key the hash tells nothing. It is good with the token it was asked
    for with: what somebody filled in who has only the link is not confirmed by who has the mail."""
    text = f"activation|{found.id}|{'mail' if found.proven else 'link'}|{code}"
    return hmac.new(signing_key(settings).encode(), text.encode(), "sha256").hexdigest()


def read_phone(text: str) -> str:
    """A phone's digits with its country; Brazil's where none is given. Raises BadInput."""
    digits = re.sub(r"\D", "", text)
    if not text.strip().startswith("+") and len(digits) in (10, 11):
        digits = f"55{digits}"
    if not 11 <= len(digits) <= 15 or re.search(r"[^\d\s().+-]", text):
        raise BadInput("That is no phone number with its area code.", slug="bad_phone")
    return digits
