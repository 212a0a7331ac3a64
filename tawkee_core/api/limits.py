"""How often one address may call, room by room. Counted in Redis, and by each process for itself while that is away.

Guessing passwords and codes is slowed down apart from this, in PostgreSQL (accounts/throttle.py)."""

import time

from flask import Flask, Response, g, request
from flask_limiter import Limiter

from ..accounts.throttle import find_network, in_networks
from ..context import current
from ..doorbell import connect_redis
from ..settings import Settings

# what a stranger may call that costs a hash or a mail
COSTLY = {
    "auth.register",
    "auth.login",
    "auth.verify",
    "account.forgot",
    "account.reset",
    "account.confirm",
    "invited.accept",
    "invited.confirm",
}
COSTLY |= {"account_pages.forgot_password", "account_pages.set_password", "account_pages.confirm_email"}
SESSIONS = ".start_session"  # whatever plugin has visitors


def limit_requests(app: Flask, settings: Settings) -> None:
    """Answer 429 with Retry-After to who calls too often; the addresses of `unlimited_hosts` are not counted."""
    options: dict[str, object] = {"connection_pool": connect_redis(settings).connection_pool}
    limiter = Limiter(
        key_func=caller_key,
        application_limits=[current_limits],
        storage_uri="redis://" if settings.redis_url else "memory://",
        storage_options=options if settings.redis_url else {},  # type: ignore[arg-type]  # the pool is no text
        in_memory_fallback_enabled=True,
        key_prefix="tawkee",
    )
    limiter.request_filter(is_uncounted)
    limiter.request_filter(is_unlimited)
    limiter.init_app(app)

    def tell_pause(response: Response) -> Response:
        if response.status_code == 429 and "Retry-After" not in response.headers and limiter.current_limit:
            pause = max(1, int(limiter.current_limit.reset_at - time.time()))
            response.headers["Retry-After"] = str(pause)
        return response

    app.after_request(tell_pause)


def find_room() -> str:
    """What the request is counted with; "" for what is not: pages, files, and webhooks, whose providers would have to
    deliver again."""
    endpoint = request.endpoint or ""
    if endpoint in COSTLY and request.method == "POST":
        return "sign_in"
    if endpoint.endswith(SESSIONS):
        return "visitors"
    return "api" if request.path.startswith("/api/") else ""


def current_limits() -> str:
    settings = current().settings
    limits = {"sign_in": settings.rate_sign_in, "visitors": settings.rate_visitors, "api": settings.rate_api}
    return limits.get(find_room(), "")


def caller_key() -> str:
    return f"{find_room()}|{find_network(request.remote_addr or '')}"


def is_uncounted() -> bool:
    """Asked first, since it costs least."""
    return not find_room()


def is_unlimited() -> bool:
    """Whether the request comes from an address that is not counted."""
    if "unlimited" not in g:
        g.unlimited = in_networks(request.remote_addr or "", current().settings.unlimited_hosts)
    return bool(g.unlimited)
