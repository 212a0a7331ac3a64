"""Who is asking: the one place where a request's person, workspace and role are found, and held against what the role
may do (permissions.py)."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from flask import g, request
from structlog.contextvars import bind_contextvars

from ..accounts.api_keys import find_key, is_key
from ..accounts.sessions import Person, find_person
from ..audit import Actor, acting
from ..context import current
from ..errors import Unauthorized
from .permissions import area_of, check_role, check_scope
from .routes import View


def signed_in(view: View) -> View:
    """Let only those in who hold an access token of a living session and, where the path names a `workspace_id`, have
    a role there that may call this route, or a key of the workspace for the route's area: a foreign workspace is
    answered exactly as an unknown one. One statement; no connection is kept."""

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        token, workspace_id = bearer_token(), kwargs.get("workspace_id")
        actor = admit_key(token, workspace_id) if is_key(token) else admit_person(token, workspace_id)
        with acting(actor):
            return cast(Callable[..., Any], view)(*args, **kwargs)

    return cast(View, checked)


def admit_person(token: str, workspace_id: str | None) -> Actor:
    deleted = area_of(request.endpoint) == "ownership"
    g.person = find_person(current().settings, token, workspace_id, deleted)
    check_role(request.endpoint, g.person.role)
    bind_contextvars(user_id=g.person.id)
    return Actor(user_id=g.person.id, address=request.remote_addr or "", request_id=g.get("request_id", ""))


def admit_key(token: str, workspace_id: str | None) -> Actor:
    key = find_key(token, workspace_id)
    check_scope(request.endpoint, key.scopes)
    bind_contextvars(api_key_id=key.id)
    return Actor(api_key_id=key.id, address=request.remote_addr or "", request_id=g.get("request_id", ""))


def find_caller(token: str) -> Person:
    """Who holds this access token, where no workspace is concerned. Raises Unauthorized."""
    return find_person(current().settings, token, None)


def bearer_token() -> str:
    """The token in the Authorization header. Raises Unauthorized when there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized("Send an access token: Authorization: Bearer …")
    return token.strip()


def person() -> Person:
    """Who is asking, in a view that is `signed_in` and in an area that keys have no access to."""
    return cast(Person, g.person)


def user_id() -> str | None:
    """The person who is asking; None for a program with a key."""
    return person().id if "person" in g else None
