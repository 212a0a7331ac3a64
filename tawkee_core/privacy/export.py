"""A contact's data in one zip: contact.json, the messages of each chat in parts, what they said in groups, and the
files."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

from ..audit import note_change
from ..context import Tawkee
from ..conversation.media import media_folder
from ..db import run, transaction
from ..doorbell import ring
from ..errors import NotFound
from ..models import new_id
from .tasks import KEEP_HOURS, Slice, export_folder
from .traces import IN_GROUPS, group_places

BATCH = 500
CONTACT = "select 1 from contact where workspace_id = %s and id = %s and deleted_at is null"
ADD = """
insert into contact_task (id, workspace_id, contact_id, kind) values (%s, %s, %s, 'export')
on conflict (contact_id, kind) where state in ('pending', 'running') do nothing returning id
"""
OPEN = """
select id from contact_task where contact_id = %s and kind = 'export' and state in ('pending', 'running')
"""
PROFILE = "select id, name, phone, is_group, created_at from contact where id = %s and deleted_at is null"
ADDRESSES = """
select a.kind, a.value, a.channel_id, h.kind as channel_kind, h.name as channel_name, a.created_at
from contact_address a join channel h on h.id = a.channel_id where a.contact_id = %s order by a.id
"""
CHATS = """
select c.id, c.channel_id, c.address_kind, c.address, c.status, c.owner, c.created_at, c.last_message_at,
    (select coalesce(json_agg(json_build_object('id', i.id, 'status', i.status, 'started_at', i.started_at,
        'resolved_at', i.resolved_at) order by i.id), '[]') from interaction i where i.chat_id = c.id) as interactions
from chat c where c.contact_id = %s order by c.id
"""
MESSAGE = """
select m.id, m.chat_id, m.seq, m.direction, m.author, m.kind, m.text, m.data - 'hidden' as data, m.sender,
    m.quoted_id, m.provider_message_id, m.status, m.sent_at, m.delivered_at, m.read_at, m.failed_at, m.edited_at,
    m.deleted_at, d.id as media_id, d.mimetype, d.filename, d.size
from message m left join media d on d.message_id = m.id
"""
OF_CHAT = "m.chat_id = %(chat_id)s"
AFTER = "(m.chat_id, m.seq) > (%(chat_after)s::uuid, %(seq)s) order by m.chat_id, m.seq limit %(limit)s"
FILES = """
select d.id, d.path from media d join message m on m.id = d.message_id
where {of} and d.state = 'stored' and d.path is not null order by m.chat_id, m.seq
"""
TOTAL = """
select count(*) + count(d.id) filter (where d.state = 'stored' and d.path is not null) as count
from message m left join media d on d.message_id = m.id where {of}
"""
GROUPS = "groups"
NOBODY = "00000000-0000-0000-0000-000000000000"
DONE = """
update contact_task set state = 'done', path = %s, done = total, finished_at = now(), error = '',
    expires_at = now() + make_interval(hours => %s) where id = %s and state = 'running' returning id
"""


def request_export(tawkee: Tawkee, workspace_id: str, contact_id: str) -> str:
    """Have a contact's data put together; the task's id, that of the one under way if there is one. Raises NotFound."""
    with transaction() as cursor:
        cursor.execute(CONTACT, (workspace_id, contact_id))
        if cursor.fetchone() is None:
            raise NotFound()
        cursor.execute(ADD, (new_id(), workspace_id, contact_id))
        if cursor.rowcount:
            note_change(workspace_id, "contact.export", contact_id)
        else:
            cursor.execute(OPEN, (contact_id,))
        row: Any = cursor.fetchone()
    ring(tawkee.settings)
    return str(row.id)


def export_contact(tawkee: Tawkee, share: Slice) -> float | None:
    """Go on with an export; None when it is whole. What a worker left behind is gone on with where that can be read."""
    task = share.task
    folder = export_folder(tawkee.settings)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = folder / f"{task.id}.part"
    part.touch(mode=0o600)
    with open_zip(part) as archive:
        if not write_contact(tawkee, archive, share):
            return 0.0
    name = f"{task.id}.zip"
    os.replace(part, folder / name)
    if not run(DONE, (name, KEEP_HOURS, task.id)):  # erased meanwhile
        (folder / name).unlink(missing_ok=True)
    return None


def open_zip(part: Path) -> ZipFile:
    """The unfinished archive; begun anew when its writer died in the middle."""
    try:
        return ZipFile(part, "a", ZIP_DEFLATED)
    except BadZipFile:
        return ZipFile(part, "w", ZIP_DEFLATED)


def write_contact(tawkee: Tawkee, archive: ZipFile, share: Slice) -> bool:
    """Add what is missing until the slice is over; whether everything is there."""
    contact_id = share.task.contact_id
    profile = run(PROFILE, (contact_id,))
    chats = run(CHATS, (contact_id,)) if profile else []
    there = set(archive.namelist())
    share.done = share.done if there else 0
    sources = list_sources(contact_id, chats) if profile else []
    total = sum(run(TOTAL.format(of=source.of), source.places)[0].count for source in sources)
    for name, count, data in missing_parts(tawkee, profile, chats, sources, there, archive):
        archive.writestr(name, data)
        share.count(share.done + count, total)
        if share.over:
            return False
    return True


class Source(NamedTuple):
    """Messages that belong in an export: the folder's name, and how they are found."""

    name: str
    of: str
    places: dict[str, Any]


def list_sources(contact_id: str, chats: list[Any]) -> list[Source]:
    """The contact's chats, and what they said in groups, whose chats are not theirs."""
    own = [Source(chat.id, OF_CHAT, {"chat_id": chat.id}) for chat in chats]
    return [*own, Source(GROUPS, f"{IN_GROUPS} and m.deleted_at is null", group_places(contact_id))]


def missing_parts(
    tawkee: Tawkee, profile: list[Any], chats: list[Any], sources: list[Source], there: set[str], archive: ZipFile
) -> Iterator[tuple[str, int, bytes]]:
    """Name, number of things and content of each part that the archive lacks; the contact itself comes last."""
    for source in sources:
        yield from message_parts(source, there, archive)
        for row in run(FILES.format(of=source.of), source.places):
            path = media_folder(tawkee.settings) / row.path
            name = f"media/{row.id}{path.suffix}"
            if name not in there and path.is_file():
                yield name, 1, path.read_bytes()
    if "contact.json" not in there and profile:
        addresses = run(ADDRESSES, (profile[0].id,))
        about = {"contact": profile[0]._asdict(), "addresses": rows_of(addresses), "chats": rows_of(chats)}
        yield "contact.json", 0, as_json(about)


def message_parts(source: Source, there: set[str], archive: ZipFile) -> Iterator[tuple[str, int, bytes]]:
    """A source's messages, five hundred a part, after the last part that is there."""
    number, chat_id, seq = 0, NOBODY, 0
    while part_name(source.name, number + 1) in there:
        number += 1
    if number:
        last = json.loads(archive.read(part_name(source.name, number)))[-1]
        chat_id, seq = last["chat_id"], last["seq"]
    page = f"{MESSAGE} where {source.of} and {AFTER}"
    while rows := run(page, {**source.places, "chat_after": chat_id, "seq": seq, "limit": BATCH}):
        number, chat_id, seq = number + 1, rows[-1].chat_id, rows[-1].seq
        yield part_name(source.name, number), len(rows), as_json(rows_of(rows))


def part_name(source: str, number: int) -> str:
    return f"messages/{source}/{number:05}.json"


def rows_of(rows: list[Any]) -> list[dict[str, Any]]:
    return [row._asdict() for row in rows]


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str).encode()
