"""What a person says of themselves, and how they want to see Tawkee."""

from collections.abc import Mapping
from typing import Any

from ..db import Cursor, run, transaction
from ..errors import BadInput, NotFound
from ..mail.queue import why_undeliverable
from ..security import new_secret
from .proofs import drop_other_addresses, pending_email
from .requests import ask_mail

COLUMNS = ("name", "company", "locale", "theme")
PERSON = """
select u.id, u.name, u.email, u.company, u.locale, u.theme, u.photo_tag, u.created_at,
    u.email_confirmed_at is not null as email_confirmed,
    exists (select from two_factors t where t.user_id = u.id and t.enabled_at is not null) as two_factors
from account_user u where u.id = %s
"""
SET_PHOTO = """
with kept as (
    insert into account_photo (user_id, mimetype, data) values (%(id)s, %(mimetype)s, %(data)s)
    on conflict (user_id) do update set mimetype = excluded.mimetype, data = excluded.data
)
update account_user set photo_tag = %(tag)s where id = %(id)s
"""
DROP_PHOTO = """
with gone as (delete from account_photo where user_id = %(id)s)
update account_user set photo_tag = null where id = %(id)s
"""
PHOTO = "select p.mimetype, p.data from account_photo p join account_user u on u.id = p.user_id where u.photo_tag = %s"
KINDS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
MAX_PHOTO = 1024 * 1024


def read_person(user_id: str) -> dict[str, Any]:
    """A person's own record."""
    row: Any = run(PERSON, (user_id,))[0]
    with transaction() as cursor:
        pending = pending_email(cursor, user_id)
    return {**row._asdict(), "pending_email": pending, "email_problem": why_undeliverable(row.email)}


def change_profile(user_id: str, values: Mapping[str, Any]) -> None:
    """Change some of `COLUMNS`; a new `email` is only asked to be confirmed, and takes effect then; the
    address there is, given anew, takes that back."""
    columns = {name: values[name] for name in COLUMNS if name in values}
    with transaction() as cursor:
        if columns:
            settings = ", ".join(f"{name} = %({name})s" for name in columns)
            cursor.execute(f"update account_user set {settings} where id = %(id)s", {**columns, "id": user_id})
        if "email" in values:
            ask_address(cursor, user_id, values["email"])


def ask_address(cursor: Cursor, user_id: str, email: str) -> None:
    """Have a new address confirmed, and no other one any more; the one there is takes the wish back."""
    drop_other_addresses(cursor, user_id, email)
    cursor.execute("select lower(email) from account_user where id = %s", (user_id,))
    row = cursor.fetchone()
    if row and row[0] != email:
        ask_mail(cursor, "confirm", email, user_id)


def set_photo(user_id: str, data: bytes) -> str:
    """Keep a photo; the tag it is shown under. Raises BadInput for what is no PNG, JPEG or WebP."""
    tag = new_secret()
    run(SET_PHOTO, {"id": user_id, "mimetype": recognise(data), "data": data, "tag": tag})
    return tag


def recognise(data: bytes) -> str:
    """The kind of a picture, by its first bytes. Raises BadInput."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    for start, mimetype in KINDS.items():
        if data.startswith(start):
            return mimetype
    raise BadInput("A photo is a PNG, JPEG or WebP file.", slug="bad_photo")


def drop_photo(user_id: str) -> None:
    """Show no photo any more."""
    run(DROP_PHOTO, {"id": user_id})


def read_photo(tag: str) -> tuple[str, bytes]:
    """The kind and the bytes of a photo. Raises NotFound."""
    rows = run(PHOTO, (tag,))
    if not rows:
        raise NotFound()
    return str(rows[0].mimetype), bytes(rows[0].data)
