"""Who may call what: the one place where a request's person, workspace and role are found.

Which role may do what is decided here too, once roles other than OWNER can be given (a table of role and endpoint)."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from flask import g, request
from structlog.contextvars import bind_contextvars

from ..accounts.sessions import Person, find_person
from ..context import current
from ..errors import Unauthorized
from .routes import View


def signed_in(view: View) -> View:
    """Let only those in who hold an access token of a living session and, where the path names a `workspace_id`, have
    a role there: a foreign workspace is answered exactly as an unknown one. One statement; no connection is kept."""

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        g.person = find_person(current().settings, bearer_token(), kwargs.get("workspace_id"))
        bind_contextvars(user_id=g.person.id)
        return cast(Callable[..., Any], view)(*args, **kwargs)

    return cast(View, checked)


def bearer_token() -> str:
    """The token in the Authorization header. Raises Unauthorized when there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized("Send an access token: Authorization: Bearer …")
    return token.strip()


def person() -> Person:
    """Who is asking, in a view that is `signed_in`."""
    return cast(Person, g.person)
