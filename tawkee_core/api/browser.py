"""What browsers are told: headers that keep a page to itself, and which other origins may call the API."""

from flask import Flask, Response, request
from werkzeug.middleware.proxy_fix import ProxyFix

from ..settings import Settings, split_list

CONTENT_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
TRANSPORT = "max-age=31536000; includeSubDomains"
ALLOWED = {
    "Access-Control-Allow-Methods": "GET, POST, PATCH, PUT, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID, X-Request-ID",
    "Access-Control-Expose-Headers": "X-Pagination, X-Request-ID, Retry-After",
    "Access-Control-Max-Age": "7200",
}


def trust_proxies(app: Flask, settings: Settings) -> None:
    """Take a caller's address and scheme from what the nearest proxies say, of which so many are our own."""
    count = settings.trusted_proxies
    if count:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count)  # type: ignore[method-assign]  # Flask's way


def guard_browsers(app: Flask, settings: Settings) -> None:
    """Add security headers to every answer that does not set its own, and CORS to the API's for the allowed origins."""
    origins = frozenset(split_list(settings.cors_origins))
    secure = settings.public_url.startswith("https://")

    def add_headers(response: Response) -> Response:
        framed = "frame-ancestors" in response.headers.get("Content-Security-Policy", "")  # a page says who may show it
        for name, value in HEADERS.items():
            if not (framed and name == "X-Frame-Options"):
                response.headers.setdefault(name, value)
        if secure:
            response.headers.setdefault("Strict-Transport-Security", TRANSPORT)
        if request.path.startswith("/api/"):
            response.headers.setdefault("Cache-Control", "no-store")
            allow_origin(response, origins)
        return response

    app.after_request(add_headers)


def allow_origin(response: Response, origins: frozenset[str]) -> None:
    response.vary.add("Origin")
    origin = request.headers.get("Origin", "")
    if origin in origins:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers.update(ALLOWED)
