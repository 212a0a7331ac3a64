"""The account that `tawkee up --demo` makes. Its e-mail cannot be registered, so that nobody poses as it."""

from ..db import run
from ..settings import Settings
from .register import SignIn, add_person

DEMO_EMAIL = "demo@localhost"
CHANNEL = """
select h.id from channel h join membership m on m.workspace_id = h.workspace_id join account_user u on u.id = m.user_id
where lower(u.email) = %s and h.deleted_at is null order by h.created_at limit 1
"""


def register_demo(settings: Settings, name: str, password: str, workspace_name: str) -> SignIn:
    """Make the demonstration's person and workspace. Raises Conflict when they are there already."""
    return add_person(settings, name, DEMO_EMAIL, password, workspace_name)


def find_demo_channel() -> str | None:
    """The id of the channel whose page shows the demonstration, if there is one."""
    rows = run(CHANNEL, (DEMO_EMAIL,))
    return rows[0].id if rows else None
