"""Where the links in mails lead: to the frontend that TAWKEE_APP_URL names, else to this server's own pages."""

from urllib.parse import urlencode

from ..settings import Settings

PAGES = {
    "confirm_email": "/account/confirm-email",
    "reset_password": "/account/reset-password",
    "forgot_password": "/account/forgot-password",
    "accept_invitation": "/invite",
}


def app_link(settings: Settings, page: str, token: str = "") -> str:
    """The address of one of `PAGES`, with the token that opens it. Never built from what a request says of its host."""
    base = (settings.app_url or settings.public_url).rstrip("/")
    return f"{base}{PAGES[page]}" + (f"?{urlencode({'token': token})}" if token else "")
