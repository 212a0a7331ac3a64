"""Inviting somebody to a team by e-mail.

An invitation has two tokens that only we can compute, and of which only hashes are kept: the mail's, which proves that
its holder reads that address, and the link's, to be handed over otherwise, which does not. Either may accept it."""

import hmac
from base64 import urlsafe_b64encode
from typing import Any, Literal, NamedTuple

from psycopg2.errors import UniqueViolation

from ..audit import note_change
from ..context import Tawkee
from ..db import Cursor, run, transaction
from ..doorbell import ring
from ..errors import Conflict, NotFound, TooMany
from ..mail.queue import queue_mail
from ..models import new_id
from ..security import hash_token, signing_key
from ..settings import Settings
from .links import app_link
from .register import normal_email
from .roles import LABELS, check_gift
from .throttle import count_guess, invitation_guesses

MOST_OPEN = 100
TokenKind = Literal["mail", "link"]
COLUMNS = "i.id, i.email, i.role, i.created_at, i.sent_at, i.expires_at, i.expires_at <= now() as expired"
OPEN = "i.accepted_at is null and i.revoked_at is null"
IS_MEMBER = """
select 1 from membership m join account_user u on u.id = m.user_id
where m.workspace_id = %s and lower(u.email) = %s
"""
CLEAR = """
with gone as (
    update invitation set revoked_at = now()
    where workspace_id = %(workspace_id)s and email = %(email)s and expires_at <= now()
        and accepted_at is null and revoked_at is null
)
select count(*)::int as open from invitation
where workspace_id = %(workspace_id)s and accepted_at is null and revoked_at is null and expires_at > now()
"""
ADD = """
insert into invitation (id, workspace_id, email, role, mail_hash, link_hash, invited_by, expires_at)
values (%(id)s, %(workspace_id)s, %(email)s, %(role)s, %(mail_hash)s, %(link_hash)s, %(invited_by)s,
    now() + make_interval(days => %(days)s))
"""
READ = f"select {COLUMNS} from invitation i where i.workspace_id = %s and i.id = %s and {OPEN}"
RENEW = """
update invitation i set expires_at = now() + make_interval(days => %(days)s), mail_hash = %(mail_hash)s,
    link_hash = %(link_hash)s
where i.workspace_id = %(workspace_id)s and i.id = %(id)s and i.accepted_at is null and i.revoked_at is null
returning i.email, i.role
"""
REVOKE = (
    f"update invitation i set revoked_at = now() where i.workspace_id = %s and i.id = %s and {OPEN} returning email"
)
SENT = "update invitation set sent_at = now() where id = %s"
WORDS = """
select w.name as workspace, u.name as inviter, u.locale from workspace w, account_user u where w.id = %s and u.id = %s
"""
FIND = f"""
select {COLUMNS}, i.workspace_id, i.invited_by, i.mail_hash = %(hash)s as proven, w.name as workspace,
    coalesce(u.name, '') as inviter, exists (select from account_user a
        where lower(a.email) = i.email and a.email_confirmed_at is not null) as has_account
from invitation i join workspace w on w.id = i.workspace_id left join account_user u on u.id = i.invited_by
where (i.mail_hash = %(hash)s or i.link_hash = %(hash)s) and {OPEN} and i.expires_at > now() and w.deleted_at is null
"""
GONE = "This invitation is no longer open: it was accepted, withdrawn, or has expired. Ask for a new one."


class Inviter(NamedTuple):
    """Who invites, and with which role."""

    id: str
    role: str | None


def invite(tawkee: Tawkee, workspace_id: str, inviter: Inviter, email: str, role: str) -> str:
    """Offer a role; a mail tells of it. The invitation's id. Raises BadInput, Forbidden for a role above one's own,
    Conflict for who belongs here or was invited already, TooMany."""
    check_gift(inviter.role, role)
    count_guess(invitation_guesses(inviter.id))
    email, invitation_id = normal_email(email), new_id()
    row = {"workspace_id": workspace_id, "email": email, "role": role, "invited_by": inviter.id}
    try:
        with transaction() as cursor:
            check_room(cursor, row)
            cursor.execute(ADD, row | own_values(tawkee.settings, invitation_id))
            send_invitation(cursor, tawkee.settings, workspace_id, invitation_id, inviter.id, email, role)
            note_change(workspace_id, "invitation.create", invitation_id, after={"email": email, "role": role})
    except UniqueViolation as error:
        raise Conflict("This address has an open invitation already.", slug="already_invited") from error
    ring(tawkee.settings)
    return invitation_id


def check_room(cursor: Cursor, row: dict[str, Any]) -> None:
    cursor.execute(IS_MEMBER, (row["workspace_id"], row["email"]))
    if cursor.fetchone():
        raise Conflict("This person belongs to the team already.", slug="already_member")
    cursor.execute(CLEAR, row)
    known: Any = cursor.fetchone()
    if known.open >= MOST_OPEN:
        raise TooMany(f"At most {MOST_OPEN} invitations are open at a time.", slug="too_many_invitations")


def own_values(settings: Settings, invitation_id: str) -> dict[str, Any]:
    """What an invitation's row takes from the settings and its id."""
    hashes = {f"{kind}_hash": hash_token(make_token(settings, invitation_id, kind)) for kind in ("mail", "link")}
    return {"id": invitation_id, "days": settings.invitation_days, **hashes}


def make_token(settings: Settings, invitation_id: str, kind: TokenKind | str) -> str:
    """256 bits that only we can compute, so that a link can be shown again though no token is kept."""
    text = f"invitation|{kind}|{invitation_id}".encode()
    return urlsafe_b64encode(hmac.digest(signing_key(settings).encode(), text, "sha256")).rstrip(b"=").decode()


def link_of(settings: Settings, invitation_id: str, kind: TokenKind) -> str:
    """The page's address; the token stands behind the #, where no server and no log sees it."""
    return f"{app_link(settings, 'accept_invitation')}#{make_token(settings, invitation_id, kind)}"


def send_invitation(
    cursor: Cursor, settings: Settings, workspace_id: str, invitation_id: str, inviter_id: str, email: str, role: str
) -> bool:
    """Queue the mail, in the inviter's language; whether the address was not sent too many lately."""
    cursor.execute(WORDS, (workspace_id, inviter_id))
    words: Any = cursor.fetchone()
    mail_id = queue_mail(
        cursor,
        settings,
        email,
        "invitation",
        words.locale,
        inviter=words.inviter,
        workspace=words.workspace,
        role=LABELS[words.locale][role],
        days=settings.invitation_days,
        link=link_of(settings, invitation_id, "mail"),
    )
    if mail_id:
        cursor.execute(SENT, (invitation_id,))
    return mail_id is not None


def read_invitation(workspace_id: str, invitation_id: str) -> dict[str, Any]:
    """An open invitation. Raises NotFound."""
    rows = run(READ, (workspace_id, invitation_id))
    if not rows:
        raise NotFound()
    return {**rows[0]._asdict(), "name": "", "status": "PENDING"}


def resend_invitation(tawkee: Tawkee, workspace_id: str, inviter: Inviter, invitation_id: str) -> None:
    """Send the mail again, with a new term. Raises NotFound, Forbidden for a role above one's own, TooMany."""
    settings = tawkee.settings
    with transaction() as cursor:
        cursor.execute(RENEW, {"workspace_id": workspace_id, **own_values(settings, invitation_id)})
        row: Any = cursor.fetchone()
        if row is None:
            raise NotFound()
        check_gift(inviter.role, row.role)
        if not send_invitation(cursor, settings, workspace_id, invitation_id, inviter.id, row.email, row.role):
            raise TooMany("This address got enough mails this hour; copy the link instead.", slug="too_many_mails")
        note_change(workspace_id, "invitation.resend", invitation_id, after={"email": row.email})
    ring(settings)


def revoke_invitation(workspace_id: str, invitation_id: str) -> None:
    """Withdraw an open invitation: neither token is good any more. Raises NotFound."""
    with transaction() as cursor:
        cursor.execute(REVOKE, (workspace_id, invitation_id))
        row: Any = cursor.fetchone()
        if row is None:
            raise NotFound()
        note_change(workspace_id, "invitation.revoke", invitation_id, before={"email": row.email})


def find_invitation(token: str) -> Any:
    """The open invitation that a token is of; `proven` when it is the mail's. Raises NotFound."""
    rows = run(FIND, {"hash": hash_token(token)})
    if not rows:
        raise NotFound(GONE, slug="invitation_gone")
    return rows[0]
