"""One's own account: profile, photo, address, password, and where one is signed in."""

from typing import Any

from flask import Blueprint as Pages, Response, abort, request
from marshmallow import Schema, fields, validate

from ..accounts.credentials import change_password, forget_password, prove_password, reset_password
from ..accounts.mailbox import ask_again, confirm_email
from ..accounts.profile import MAX_PHOTO, change_profile, drop_photo, read_person, read_photo, set_photo
from ..accounts.register import normal_email
from ..accounts.sessions import end_everywhere, end_session, list_sessions
from ..accounts.workspaces import list_workspaces
from ..context import current
from ..errors import BadInput, TooLarge
from .access import person, signed_in
from .auth import UserOutput, WorkspaceOutput
from .outputs import Output
from .routes import Blueprint, Line, Text
from .start import LANGUAGES

blueprint = Blueprint("account", __name__, url_prefix="/api/auth", description="One's own account")
pages = Pages("photos", __name__)
PROVED = ("name", "company", "email")
YEAR = 31_536_000


def password_field(**options: Any) -> fields.String:
    return fields.String(load_only=True, validate=validate.Length(1, 1000), **options)


class ProfileInput(Schema):
    name = Line(validate=validate.Length(1, 100))
    company = Line(validate=validate.Length(0, 100))
    email = Text(validate=validate.Length(3, 254), metadata={"description": "Takes effect when it is confirmed"})
    language = fields.String(attribute="locale", validate=validate.OneOf(LANGUAGES))
    theme = fields.String(validate=validate.OneOf(("light", "dark", "system")))
    password = password_field(metadata={"description": "Needed for name, company and email"})


class ProfileOutput(UserOutput):
    company = fields.String()
    language = fields.String(attribute="locale")
    theme = fields.String()
    photo_url = fields.String(allow_none=True)
    email_confirmed = fields.Boolean()
    pending_email = fields.String(allow_none=True, metadata={"description": "Waits to be confirmed"})
    email_problem = fields.String(
        allow_none=True, metadata={"description": "`bounced` or `complained`: the address gets no mails"}
    )
    two_factors = fields.Boolean()
    created_at = fields.DateTime()


class MeOutput(Output):
    user = fields.Nested(ProfileOutput)
    workspaces = fields.List(fields.Nested(WorkspaceOutput))


class SessionOutput(Output):
    id = fields.String()
    user_agent = fields.String()
    ip = fields.String()
    created_at = fields.DateTime()
    last_used_at = fields.DateTime(metadata={"description": "When its tokens were last exchanged"})
    expires_at = fields.DateTime()
    current = fields.Boolean()


class TokenInput(Schema):
    token = fields.String(required=True, validate=validate.Length(1, 200))


class ConfirmedOutput(Output):
    email = fields.String()


class ForgotInput(Schema):
    email = Text(required=True, validate=validate.Length(3, 254))


class ResetInput(TokenInput):
    password = password_field(required=True)


class ChangeInput(Schema):
    current_password = password_field(required=True)
    new_password = password_field(required=True)


@blueprint.route("/me")
@signed_in
@blueprint.response(200, MeOutput)
def me() -> dict[str, Any]:
    """Who is signed in, and their workspaces"""
    return {"user": show_person(), "workspaces": list_workspaces(person().id)}


@blueprint.route("/me", methods=["PATCH"])
@signed_in
@blueprint.arguments(ProfileInput)
@blueprint.response(200, ProfileOutput)
def change(given: dict[str, str]) -> dict[str, Any]:
    """Change one's profile; name, company and e-mail ask for the password"""
    if any(name in given for name in PROVED):
        prove_given(given.get("password"))
    if "email" in given:
        given["email"] = normal_email(given["email"])
    change_profile(person().id, given)
    return show_person()


def prove_given(password: str | None) -> None:
    """Raises BadInput without a password, else as `prove_password`."""
    if not password:
        raise BadInput("This asks for your password.", slug="password_missing")
    prove_password(person().id, password)


def show_person() -> dict[str, Any]:
    shown = read_person(person().id)
    return {**shown, "photo_url": photo_url(shown["photo_tag"])}


def photo_url(tag: str | None) -> str | None:
    """Where the photo is shown that has this tag."""
    return f"{current().settings.public_url.rstrip('/')}/photos/{tag}" if tag else None


@blueprint.route("/me/photo", methods=["PUT"])
@signed_in
@blueprint.doc(
    requestBody={
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["photo", "password"],
                    "properties": {
                        "photo": {"type": "string", "format": "binary", "description": "PNG, JPEG or WebP, 1 MiB"},
                        "password": {"type": "string"},
                    },
                }
            }
        }
    }
)
@blueprint.response(200, ProfileOutput)
def put_photo() -> dict[str, Any]:
    """Show a photo of oneself"""
    if request.mimetype != "multipart/form-data":
        abort(415, "Send a form, multipart/form-data.")
    file = request.files.get("photo")
    if file is None:
        raise BadInput("Send the file as `photo`, multipart/form-data.", slug="photo_missing")
    with file.stream:
        data = file.stream.read(MAX_PHOTO + 1)
    if len(data) > MAX_PHOTO:
        raise TooLarge("A photo has at most 1 MiB.")
    prove_given(request.form.get("password"))
    set_photo(person().id, data)
    return show_person()


@blueprint.route("/me/photo", methods=["DELETE"])
@signed_in
@blueprint.response(204)
def delete_photo() -> None:
    """Show no photo any more"""
    drop_photo(person().id)


@pages.route("/photos/<tag>")
def show_photo(tag: str) -> Response:
    """A person's photo, to whoever has its address; another photo has another one."""
    mimetype, data = read_photo(tag)
    response = Response(data, mimetype=mimetype)
    response.headers["Cache-Control"] = f"private, max-age={YEAR}, immutable"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@blueprint.route("/sessions")
@signed_in
@blueprint.response(200, SessionOutput(many=True))
def sessions() -> list[dict[str, Any]]:
    """Where one is signed in"""
    return list_sessions(person().id, person().session_id)


@blueprint.route("/sessions/<id:session_id>", methods=["DELETE"])
@signed_in
@blueprint.response(204)
def delete_session(session_id: str) -> None:
    """End one of one's sessions"""
    end_session(person().id, session_id)


@blueprint.route("/logout-everywhere", methods=["POST"])
@signed_in
@blueprint.response(204)
def logout_everywhere() -> None:
    """End all of one's sessions, this one too"""
    end_everywhere(person().id)


@blueprint.route("/email/confirm", methods=["POST"])
@blueprint.doc(security=[])
@blueprint.arguments(TokenInput)
@blueprint.refuses(409)
@blueprint.response(200, ConfirmedOutput)
def confirm(given: dict[str, str]) -> dict[str, str]:
    """Confirm an address with the token of a mail"""
    return {"email": confirm_email(current().settings, given["token"])}


@blueprint.route("/email/resend", methods=["POST"])
@signed_in
@blueprint.refuses(409)
@blueprint.response(202)
def resend() -> None:
    """Send the mail to confirm one's address again"""
    ask_again(person().id)


@blueprint.route("/password/forgot", methods=["POST"])
@blueprint.doc(security=[])
@blueprint.arguments(ForgotInput)
@blueprint.response(202)
def forgot(given: dict[str, str]) -> None:
    """Send a link to set a new password, if there is an account; nobody is told"""
    forget_password(given["email"])


@blueprint.route("/password/reset", methods=["POST"])
@blueprint.doc(security=[])
@blueprint.arguments(ResetInput)
@blueprint.response(204)
def reset(given: dict[str, str]) -> None:
    """Set a new password with the token of a mail; all sessions end"""
    reset_password(current().settings, given["token"], given["password"])


@blueprint.route("/password/change", methods=["POST"])
@signed_in
@blueprint.arguments(ChangeInput)
@blueprint.response(204)
def change_own_password(given: dict[str, str]) -> None:
    """Set a new password; all other sessions end"""
    who = person()
    change_password(current().settings, who.id, who.session_id, given["current_password"], given["new_password"])
