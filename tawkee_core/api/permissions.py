"""Who may call which route: every route stands in one area, and an area says which roles it is for.

A route without a row is closed. The role comes from the database with each request (accounts/sessions.py), never from
the token. An API key's scopes are names of areas too, those of `SCOPES`: what a key may call is
`area_of(endpoint) in key.scopes`, and nothing that needs a person (`account`, `team`, `workspace`, `ownership`)."""

from typing import NamedTuple

from ..errors import Forbidden

ROLES = ("OWNER", "MANAGER", "TRAINER", "ATTENDANT")  # the highest first


class Area(NamedTuple):
    """Routes that belong together: the roles they are for (none where no workspace is concerned), and whether an API
    key may be given them."""

    text: str
    roles: tuple[str, ...] = ()
    keys: bool = False


AREAS = {
    "open": Area("Whoever calls; a route asks for a proof of its own where it needs one"),
    "account": Area("One's own account, settings and workspaces"),
    "catalogue": Area("What this installation has to offer", keys=True),
    "membership": Area("Seeing the workspace one belongs to, and leaving it", ROLES),
    "communication": Area("Chats, messages, contacts", ROLES, keys=True),
    "agents": Area("Agents, what they are taught, their channels", ROLES[:3], keys=True),
    "overview": Area("The dashboard", ROLES[:2], keys=True),
    "team": Area("Members and invitations", ROLES[:2]),
    "privacy": Area("Exporting and erasing what is kept of a contact", ROLES[:2]),
    "workspace": Area("The workspace's own settings", ROLES[:2]),
    "billing": Area("Plan, credits, payments", ROLES[:1]),
    "ownership": Area("Deleting the workspace and bringing it back", ROLES[:1]),
}
SCOPES = tuple(name for name, area in AREAS.items() if area.keys)
ROUTES = {
    "open": """
        start.start documents.docs api-docs.openapi_json static operation.healthz operation.readyz operation.metrics
        media.show_file exports.download webhooks.receive webhooks.challenge mails.receive oauth_pages.callback
        auth.register auth.login auth.refresh auth.verify account.confirm account.forgot account.reset
        photos.show_photo account_pages.confirm_email account_pages.set_password account_pages.forgot_password
        invited.show invited.accept invited.confirm invited_pages.page
    """,
    "account": """
        auth.logout account.me account.change account.put_photo account.delete_photo account.sessions
        account.delete_session account.logout_everywhere account.resend account.change_own_password
        two_factors.read two_factors.setup two_factors.enable two_factors.disable two_factors.renew
        workspaces.list_own workspaces.create
    """,
    "catalogue": "catalogue.models catalogue.plugins catalogue.kinds",
    "membership": """
        workspaces.read workspaces.select team.leave
        notifications.list_own notifications.unread notifications.mark_all notifications.mark_one notifications.stream
    """,
    "communication": """
        chats.list_all chats.read chats.messages chats.takeover chats.handback chats.resolve chats.seen
        names.list_all messages.write messages.resend channels.templates contacts.list_all contacts.read
    """,
    "agents": """
        agents.list_all agents.create agents.read agents.change agents.activate agents.deactivate agents.delete
        agents.restore agents.read_settings agents.change_settings
        trainings.list_all trainings.create trainings.read trainings.delete
        channels.list_of_agent channels.create channels.list_all channels.read channels.change channels.delete
        channels.restore channels.connect channels.qr channels.status channels.disconnect channels.health
        oauth.authorize
    """,
    "privacy": "contacts.export contacts.erase contacts.task",
    "team": """
        team.list_members team.change_role team.remove team.list_invitations team.invite team.read_invitation
        team.resend team.revoke
    """,
    "workspace": """
        workspaces.change moves.move api_keys.list_all api_keys.create api_keys.revoke audit.list_all
        two_factors.read_required
    """,
    "ownership": "workspaces.delete workspaces.restore",
}
AREA_OF = {endpoint: area for area, endpoints in ROUTES.items() for endpoint in endpoints.split()}


def area_of(endpoint: str | None) -> str:
    """The area a route stands in. Raises Forbidden for one that has no row."""
    if endpoint not in AREA_OF:
        raise Forbidden("This route is open to nobody yet.", slug="route_closed")
    return AREA_OF[endpoint]


def check_role(endpoint: str | None, role: str | None) -> None:
    """Raise Forbidden where the role may not call the route."""
    roles = AREAS[area_of(endpoint)].roles
    if roles and role not in roles:
        raise Forbidden("Your role in this workspace does not allow this.", slug="role_too_low")


def check_owner(role: str | None) -> None:
    """Raise Forbidden for everybody but the owner: for what a route takes from nobody else."""
    if role != ROLES[0]:
        raise Forbidden("Only the owner may change this.", slug="role_too_low")


def check_scope(endpoint: str | None, scopes: frozenset[str]) -> None:
    """Raise Forbidden where a key with these scopes may not call the route."""
    area = area_of(endpoint)
    if not AREAS[area].keys:
        raise Forbidden("This needs a person; a key does not open it.", slug="needs_person")
    if area not in scopes:
        raise Forbidden(f"The key lacks the scope `{area}`.", slug="scope_missing")
