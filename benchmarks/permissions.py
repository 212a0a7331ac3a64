"""What it costs to ask for a person's role with every request: beside only knowing who asks, in one thread."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tawkee_core import create_app
from tawkee_core.accounts.sessions import find_person
from tawkee_core.api.permissions import check_role
from tawkee_core.db import database
from tawkee_core.security import new_secret
from tawkee_core.settings import Settings
from tawkee_core.statements import PreparingCursor

from .bench import Bench
from .figures import Figure, percentile

CALLS = 2000
GOAL_MS, GOAL_STATEMENTS = 1.0, 1


def measure(bench: Bench) -> list[Figure]:
    """What the role adds: statements and milliseconds a request, the medians of many calls of both, in turns."""
    app = create_app({"database_url": bench.site.environment["TAWKEE_DATABASE_URL"], "secret_key": new_secret()})
    settings: Settings = app.extensions["tawkee"].settings
    try:
        token, workspace_id = sign_up(app.test_client())

        def who() -> None:
            find_person(settings, token, None)

        def role() -> None:
            check_role("chats.list_all", find_person(settings, token, workspace_id).role)

        statements = float(count_statements(role) - count_statements(who))
        rounds = [time_both(who, role) for _ in range(bench.plan.rounds)]
    finally:
        database.close_all()
    return [
        Figure("statements a permission check adds", "statements", [statements], GOAL_STATEMENTS, "most"),
        Figure("permission check adds", "ms", [added for added, _ in rounds], GOAL_MS, "most"),
        Figure("knowing who asks, role and all", "ms", [whole for _, whole in rounds]),
    ]


def sign_up(client: Any) -> tuple[str, str]:
    given = {"name": "Bench", "email": f"bench-{time.time_ns()}@example.com", "password": "a long one for the bench"}
    made = client.post("/api/auth/register", json=given).json
    return made["access_token"], made["workspace"]["id"]


def time_both(who: Callable[[], None], role: Callable[[], None]) -> tuple[float, float]:
    """The medians, in milliseconds: what the role adds, and what it takes with it."""
    times: dict[Callable[[], None], list[float]] = {who: [], role: []}
    for _ in range(CALLS):
        for call, taken in times.items():
            began = time.perf_counter()
            call()
            taken.append((time.perf_counter() - began) * 1000)
    whole = percentile(times[role], 0.5)
    return whole - percentile(times[who], 0.5), whole


def count_statements(call: Callable[[], None]) -> int:
    """How many statements the database is sent, once they are prepared."""
    call()
    with counting() as counted:
        call()
    return len(counted)


@contextmanager
def counting() -> Iterator[list[Any]]:
    counted: list[Any] = []
    execute = PreparingCursor.execute

    def counted_execute(cursor: PreparingCursor, query: Any, vars: Any = None) -> None:
        counted.append(query)
        execute(cursor, query, vars)

    setattr(PreparingCursor, "execute", counted_execute)  # noqa: B010 - mypy refuses the assignment
    try:
        yield counted
    finally:
        setattr(PreparingCursor, "execute", execute)  # noqa: B010 - mypy refuses the assignment
