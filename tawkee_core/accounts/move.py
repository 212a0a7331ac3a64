"""An agent changes workspaces, with all that hangs on it: settings, trainings, channels, chats with their history.

What a row refers to is checked when the transaction ends (migration 004), so that the rows may go one table after
another. A contact who is also known on a channel that stays is in both workspaces afterwards. Its vectors carry the
workspace's id, so its trainings are learnt anew; what was spent stays where it was spent."""

import os
import random
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import structlog
from psycopg2.errors import LockNotAvailable
from psycopg2.extensions import TransactionRollbackError

from ..audit import note_change
from ..channels.load import seal_context
from ..context import Tawkee
from ..conversation.media import media_folder
from ..conversation.turns import requeue
from ..db import Cursor, run, transaction
from ..doorbell import ring
from ..errors import BadInput, Conflict, Forbidden, NotFound, TawkeeError
from ..models import new_id
from ..security import seal, unseal
from ..settings import Settings

LEADING = ("OWNER", "MANAGER")
TRIES = 8
YIELD = "set local lock_timeout = '400ms'"  # less than PostgreSQL's deadlock_timeout, after which it stops one of two
Result = TypeVar("Result")
TARGET = """
select m.role, exists (
    select from membership a join membership b on b.user_id = a.user_id and b.role = 'OWNER'
    where a.role = 'OWNER' and a.workspace_id = %(source)s and b.workspace_id = %(target)s) as same_owner
from membership m join workspace w on w.id = m.workspace_id
where m.user_id = %(user_id)s and w.id = %(target)s and w.deleted_at is null
"""
LOCK = "select id from agent where workspace_id = %(source)s and id = %(agent)s and deleted_at is null for update"
LOCK_CHATS = "select c.id from chat c where c.channel_id = any(%(channels)s::uuid[]) order by c.id for update"
CHANNELS = "select id, sealed from channel where agent_id = %(agent)s order by id for update"
FILES = """
select d.id, d.path from media d join message m on m.id = d.message_id where m.channel_id = any(%(channels)s::uuid[])
"""
CONTACTS = """
select k.id, exists (
    select from contact_address o where o.contact_id = k.id and o.channel_id <> all(%(channels)s::uuid[])
    union all select from chat o where o.contact_id = k.id and o.channel_id <> all(%(channels)s::uuid[])) as stays
from contact k where exists (
    select from contact_address a where a.contact_id = k.id and a.channel_id = any(%(channels)s::uuid[]))
    or exists (select from chat c where c.contact_id = k.id and c.channel_id = any(%(channels)s::uuid[]))
"""
COPY = """
insert into contact (id, workspace_id, name, phone, is_group, created_at)
select %(copy)s, %(target)s, name, phone, is_group, created_at from contact where id = %(contact)s
"""
REPOINT = """
with known as (
    update contact_address set contact_id = %(copy)s
    where contact_id = %(contact)s and channel_id = any(%(channels)s::uuid[])
)
update chat set contact_id = %(copy)s where contact_id = %(contact)s and channel_id = any(%(channels)s::uuid[])
"""
OF_CHATS = "chat_id in (select id from chat where channel_id = any(%(channels)s::uuid[]))"
MOVED = {  # each table, and which of its rows go along
    "agent": "id = %(agent)s",
    "agent_settings": "agent_id = %(agent)s",
    "training": "agent_id = %(agent)s",
    "passage": "agent_id = %(agent)s",
    "channel": "agent_id = %(agent)s",
    "warmed_chat": "channel_id = any(%(channels)s::uuid[])",
    "contact": "id = any(%(contacts)s::uuid[])",
    "contact_address": "channel_id = any(%(channels)s::uuid[])",
    "inbound_event": "channel_id = any(%(channels)s::uuid[])",
    "chat": "channel_id = any(%(channels)s::uuid[])",
    "interaction": OF_CHATS,
    "turn": OF_CHATS,
    "message": "channel_id = any(%(channels)s::uuid[])",
    "media": "message_id in (select id from message where channel_id = any(%(channels)s::uuid[]))",
    "outbound": OF_CHATS,
    "handover": OF_CHATS,
}
FINISH = (
    "update training set status = 'PENDING', space = '', attempts = 0, next_at = now(), lease_until = null"
    " where agent_id = %(agent)s and deleted_at is null",
    "update chat set owner_id = null where channel_id = any(%(channels)s::uuid[]) and owner_id is not null"
    " and not exists (select from membership m where m.workspace_id = %(target)s and m.user_id = chat.owner_id)",
    "update media set path = %(target)s || substr(path, 37), ref = case when ref ? 'path'"
    " then jsonb_set(ref, '{path}', to_jsonb(%(target)s || substr(path, 37))) else ref end"
    " where id = any(%(files)s::uuid[]) and path like %(source)s || '/%%'",
)
# begun in the old workspace, they begin anew in the new one; their workers find that they are not theirs any more
THINKING = f"select id, chat_id, fence from turn where {OF_CHATS} and state = 'running'"
SPACES = "select distinct space from training where agent_id = %s and space <> ''"
log = structlog.get_logger()


def move_agent(tawkee: Tawkee, user_id: str, source: str, agent_id: str, target: str) -> None:
    """Move an agent. Raises NotFound (agent, or a workspace that is not the person's), Forbidden where they may
    not move it there, BadInput where it is there already, Conflict when its customers leave no moment for it."""
    check_target(user_id, source, target)
    spaces = [row.space for row in run(SPACES, (agent_id,))]
    paths = let_others_first(lambda: take_along(tawkee, source, agent_id, target))
    for path in paths:
        (media_folder(tawkee.settings) / path).unlink(missing_ok=True)
    forget_vectors(tawkee, source, agent_id, spaces)
    ring(tawkee.settings)


def let_others_first(step: Callable[[], Result]) -> Result:
    """Do a step, and again when it met somebody at work: who answers a customer waits for no move, and is never the one
    whom PostgreSQL stops when two wait for each other. Raises Conflict after some tries."""
    for tried in range(1, TRIES + 1):
        try:
            return step()
        except (LockNotAvailable, TransactionRollbackError):
            log.info("move_waits", tried=tried)
            time.sleep(random.uniform(0.05, 0.1 * tried))
    raise Conflict("The agent is in the middle of too many conversations; try again in a moment.", slug="agent_busy")


def take_along(tawkee: Tawkee, source: str, agent_id: str, target: str) -> list[str]:
    """The move itself, in one transaction; the files that are under the new workspace's folder too now."""
    with transaction() as cursor:
        cursor.execute(YIELD)
        moved = lock_agent(cursor, source, agent_id, target)
        paths: list[str] = moved.pop("paths")
        link_files(tawkee.settings, source, target, paths)
        move_rows(cursor, tawkee.settings, moved)
        for place in (source, target):
            note_change(place, "agent.move", agent_id, {"workspace_id": source}, {"workspace_id": target})
    return paths


def check_target(user_id: str, source: str, target: str) -> None:
    if source == target:
        raise BadInput("The agent is in this workspace already.", slug="same_workspace")
    rows = run(TARGET, {"user_id": user_id, "source": source, "target": target})
    if not rows:
        raise NotFound()
    if rows[0].role not in LEADING or not rows[0].same_owner:
        raise Forbidden("Agents move between workspaces of one owner, both of which you lead.", slug="other_owner")


def lock_agent(cursor: Cursor, source: str, agent_id: str, target: str) -> dict[str, Any]:
    """What the statements need to know, with the agent, its channels and their chats locked. Raises NotFound."""
    moved: dict[str, Any] = {"source": source, "target": target, "agent": agent_id}
    if not fetch(cursor, LOCK, moved):
        raise NotFound()
    moved["sealed"] = fetch(cursor, CHANNELS, moved)
    moved["channels"] = [row.id for row in moved["sealed"]]
    fetch(cursor, LOCK_CHATS, moved)
    files = fetch(cursor, FILES, moved)
    paths = [row.path for row in files if row.path and row.path.startswith(f"{source}/")]
    return moved | {"files": [row.id for row in files], "paths": paths}


def fetch(cursor: Cursor, sql: str, parameters: Mapping[str, Any]) -> list[Any]:
    cursor.execute(sql, parameters)
    return cursor.fetchall()


def move_rows(cursor: Cursor, settings: Settings, moved: dict[str, Any]) -> None:
    cursor.execute("set constraints all deferred")
    cursor.execute("set local statement_timeout = 0")
    sealed = moved.pop("sealed")
    contacts = fetch(cursor, CONTACTS, moved)
    for contact in contacts:
        if contact.stays:
            copy = {**moved, "contact": contact.id, "copy": new_id()}
            cursor.execute(COPY, copy)
            cursor.execute(REPOINT, copy)
    moved["contacts"] = [row.id for row in contacts if not row.stays]
    for table, condition in MOVED.items():
        cursor.execute(f"update {table} set workspace_id = %(target)s where {condition}", moved)
    for channel in sealed:
        cursor.execute(
            "update channel set sealed = %s where id = %s", (seal_anew(settings, moved, channel), channel.id)
        )
    for sql in FINISH:
        cursor.execute(sql, moved)
    for turn in fetch(cursor, THINKING, moved):
        requeue(cursor, turn, 0, "the agent was taken to another workspace", uncounted=1)


def seal_anew(settings: Settings, moved: Mapping[str, Any], channel: Any) -> str:
    """A channel's secrets are sealed for one workspace."""
    secrets = unseal(settings, seal_context(moved["source"], channel.id), channel.sealed)
    return seal(settings, seal_context(moved["target"], channel.id), secrets)


def link_files(settings: Settings, source: str, target: str, paths: list[str]) -> None:
    """Have the files under the new workspace's folder too."""
    folder = media_folder(settings)
    for path in paths:
        place = folder / f"{target}{path[len(source) :]}"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        if (folder / path).is_file():
            keep_twice(folder / path, place)


def keep_twice(path: Path, place: Path) -> None:
    try:
        os.link(path, place)
    except OSError:  # a file system without links
        shutil.copy2(path, place)


def forget_vectors(tawkee: Tawkee, workspace_id: str, agent_id: str, spaces: list[str]) -> None:
    """Nothing finds them any more; left behind, they would only take room until the old workspace ends."""
    try:
        for space in spaces:
            tawkee.plugins.vectors(tawkee.settings).vectors_delete(
                settings=tawkee.settings, space=space, workspace_id=workspace_id, agent_id=agent_id, training_id=None
            )
    except TawkeeError as error:
        log.warning("vectors_left_behind", agent_id=agent_id, error=error.slug)
