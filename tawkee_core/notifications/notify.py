"""Telling the people who lead a workspace, in the transaction of what is told. What happens again and again is told
once until somebody has read it, and is counted."""

from collections.abc import Sequence
from typing import Any

from psycopg2.extras import Json

from ..context import current_settings
from ..db import Cursor, after_commit
from ..doorbell import signal_people
from ..mail.queue import queue_mail
from ..mail.render import Language
from ..models import new_id
from ..types import Label
from .kinds import KINDS, describe, language_of

QUIET_MINUTES = 10  # after somebody has read it: they are looking at it
MEMBERS = "select user_id from membership where workspace_id = %s and role = any(%s) order by user_id for key share"
TELL = """
insert into notification (id, workspace_id, user_id, event, kind, subject, page, object_id, data)
select told.id, %(workspace_id)s, told.user_id, %(event)s, %(kind)s, %(subject)s, %(page)s, %(object_id)s, %(data)s
from unnest(%(ids)s::uuid[], %(users)s::uuid[]) as told (id, user_id)
where not exists (select from notification n where n.workspace_id = %(workspace_id)s and n.user_id = told.user_id
    and n.kind = %(kind)s and n.subject = %(subject)s and n.read_at > now() - make_interval(mins => %(quiet)s))
on conflict (workspace_id, user_id, kind, subject) where read_at is null do update set
    times = notification.times + 1, happened_at = now(), resolved_at = null, data = excluded.data,
    object_id = excluded.object_id
returning user_id, times
"""
PEOPLE = "select name, email, locale from account_user where id = any(%s::uuid[]) order by id"
RESOLVE = """
update notification set resolved_at = now() where workspace_id = %s and subject = %s and kind = any(%s)
    and read_at is null and resolved_at is null returning user_id
"""


def notify_team(
    cursor: Cursor, workspace_id: str, kind: str, object_id: str | None = None, subject: str = "", **data: Any
) -> list[str]:
    """Tell those in charge, within the caller's transaction; who was told of something new. `object_id` is what the
    notification leads to; those of one kind and `subject` are one as long as nobody has read it. `data` are the text's
    values: texts, or {"pt": …, "en": …}."""
    told = KINDS[kind]
    cursor.execute(MEMBERS, (workspace_id, list(told.roles)))
    people: list[Any] = cursor.fetchall()
    users = [row.user_id for row in people]
    row = {"workspace_id": workspace_id, "kind": kind, "event": told.event, "page": told.page, "subject": subject}
    ids = {"ids": [new_id() for _ in users], "users": users, "quiet": QUIET_MINUTES}
    cursor.execute(TELL, {**row, **ids, "object_id": object_id, "data": Json(data)})
    news: list[Any] = cursor.fetchall()
    show_soon(workspace_id, [row.user_id for row in news])
    fresh = [row.user_id for row in news if row.times == 1]
    if told.title and fresh:
        mail_people(cursor, fresh, kind, told.title, data)
    return fresh


def mail_people(cursor: Cursor, users: list[str], kind: str, title: Label, data: dict[str, Any]) -> None:
    """Tell by mail, too; outside an application nothing is mailed."""
    settings = current_settings()
    if settings is None:
        return
    cursor.execute(PEOPLE, (users,))
    people: list[Any] = cursor.fetchall()
    for person in people:
        text, subject = describe(kind, data, person.locale), getattr(title, language_of(person.locale))
        language: Language = "en" if language_of(person.locale) == "en" else "pt-BR"
        values = {"name": person.name, "title": subject, "text": text, "link": settings.public_url}
        queue_mail(cursor, settings, person.email, "notice", language, **values)


def resolve_notices(cursor: Cursor, workspace_id: str, subject: str, kinds: Sequence[str]) -> None:
    """What was told is over: unread notifications say so."""
    cursor.execute(RESOLVE, (workspace_id, subject, list(kinds)))
    rows: list[Any] = cursor.fetchall()
    show_soon(workspace_id, [row.user_id for row in rows])


def show_soon(workspace_id: str, users: list[str]) -> None:
    """Once it is committed, open pages are told; outside an application they learn of it when they next ask."""
    settings = current_settings()
    if users and settings is not None:
        after_commit(lambda: signal_people(settings, workspace_id, users))
