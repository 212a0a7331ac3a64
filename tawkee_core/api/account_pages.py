"""The pages that mails lead to while there is no frontend: confirm an address, ask for a new password, set it.

A link only shows a page; what it is for happens when its button is pressed, since mail programs follow links to look
at them."""

from flask import Blueprint, Response, make_response, render_template, request

from ..accounts.credentials import forget_password, reset_password
from ..accounts.mailbox import confirm_email as confirm_address
from ..context import current
from ..errors import BadInput, TawkeeError
from .start import choose_language

blueprint = Blueprint("account_pages", __name__, url_prefix="/account")
MAX_TOKEN = 200


@blueprint.route("/confirm-email", methods=["GET", "POST"])
def confirm_email() -> Response:
    """A button; then: the address is confirmed."""
    if request.method == "GET":
        return show_page("confirm")
    try:
        email = confirm_address(current().settings, given("token"))
    except TawkeeError as error:
        return show_page("confirm", error)
    return show_page("confirmed", email=email)


@blueprint.route("/reset-password", methods=["GET", "POST"])
def set_password() -> Response:
    """A new password, twice; then: it is set."""
    if request.method == "GET":
        return show_page("reset")
    try:
        if given("password") != given("again"):
            raise BadInput("The passwords differ.", slug="passwords_differ")
        reset_password(current().settings, given("token"), given("password"))
    except TawkeeError as error:
        return show_page("reset", error)
    return show_page("reset_done")


@blueprint.route("/forgot-password", methods=["GET", "POST"])
def forgot_password() -> Response:
    """An address; then: look into the mailbox. The same for an address that nobody has."""
    if request.method == "GET":
        return show_page("forgot")
    forget_password(given("email")[:254])
    return show_page("forgot_done")


def given(name: str) -> str:
    """A field of the form, without what PostgreSQL cannot keep."""
    return request.form.get(name, "").replace("\0", "")


def show_page(step: str, error: TawkeeError | None = None, **values: str) -> Response:
    """One of the steps; what went wrong stands above the form."""
    token = request.values.get("token", "")[:MAX_TOKEN]
    page = render_template(
        "account.html", lang=choose_language(), step=step, token=token, problem=error.slug if error else "", **values
    )
    response = make_response(page, error.status if error else 200)
    response.headers["Cache-Control"] = "no-store"
    response.vary.add("Accept-Language")
    if error is not None and getattr(error, "retry_after", None):
        response.headers["Retry-After"] = str(int(error.retry_after))  # type: ignore[attr-defined]  # TooMany's own
    return response
