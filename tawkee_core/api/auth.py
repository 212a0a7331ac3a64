"""Registering, signing in, in one step or in two, and out."""

from typing import Any

from flask import request
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from ..accounts.register import SignIn, finish_sign_in, register_person, sign_in
from ..accounts.sessions import Tokens, refresh_session, revoke_session
from ..context import current
from .access import person, signed_in
from .outputs import Output
from .routes import Blueprint, Line, Text
from .start import LANGUAGES, choose_language

blueprint = Blueprint("auth", __name__, url_prefix="/api/auth", description="Registering, signing in and out")


class LoginInput(Schema):
    email = Text(required=True, validate=validate.Length(3, 254))
    password = fields.String(required=True, load_only=True, validate=validate.Length(1, 1000))


class RegisterInput(LoginInput):
    name = Line(required=True, validate=validate.Length(1, 100))
    workspace_name = Line(load_default="", validate=validate.Length(0, 32))
    language = fields.String(validate=validate.OneOf(LANGUAGES), metadata={"description": "Default: the browser's"})


class VerifyInput(Schema):
    mfa_token = fields.String(required=True, validate=validate.Length(1, 65_536))
    code = Text(validate=validate.Length(6, 64), metadata={"description": "Of the app, or a recovery code"})
    recovery_code = Text(validate=validate.Length(6, 64), metadata={"description": "Instead of `code`"})

    @validates_schema
    def take_one(self, data: dict[str, str], **_: Any) -> None:
        if ("code" in data) == ("recovery_code" in data):
            raise ValidationError("Give either this or recovery_code.", "code")


class RefreshInput(Schema):
    refresh_token = fields.String(required=True, validate=validate.Length(1, 65_536))


class UserOutput(Output):
    id = fields.String()
    name = fields.String()
    email = fields.String()


class WorkspaceOutput(Output):
    id = fields.String()
    name = fields.String()
    status = fields.String()
    role = fields.String()
    require_two_factors = fields.Boolean()
    created_at = fields.DateTime()


class BareTokens(Output):
    access_token = fields.String()
    refresh_token = fields.String()
    expires_in = fields.Integer(metadata={"description": "Life of the access token, in seconds"})


class TokensOutput(BareTokens):
    token_type = fields.Constant("Bearer")


class SignInOutput(TokensOutput):
    user = fields.Nested(UserOutput)
    workspace = fields.Nested(WorkspaceOutput, allow_none=True)


class LoginOutput(BareTokens):
    sometimes = ("access_token", "refresh_token", "expires_in", "token_type", "user", "workspace", "mfa_token")

    token_type = fields.String()
    user = fields.Nested(UserOutput)
    workspace = fields.Nested(WorkspaceOutput, allow_none=True)
    mfa_token = fields.String(metadata={"description": "Alone, where two factors are on: goes to 2fa/verify"})


@blueprint.route("/register", methods=["POST"])
@blueprint.doc(security=[])
@blueprint.arguments(RegisterInput)
@blueprint.response(201, SignInOutput)
def register(given: dict[str, str]) -> dict[str, Any]:
    """Make an account with a workspace of its own; the address is confirmed by mail"""
    locale = given.pop("language", None) or choose_language()
    return show_sign_in(register_person(current().settings, **given, locale=locale, **describe_visit()))


@blueprint.route("/login", methods=["POST"])
@blueprint.doc(security=[])
@blueprint.arguments(LoginInput)
@blueprint.refuses(401)
@blueprint.response(200, LoginOutput)
def login(given: dict[str, str]) -> dict[str, Any]:
    """Sign in; where two factors are on, only an mfa_token comes back"""
    done = sign_in(current().settings, **given, **describe_visit())
    return {"mfa_token": done.mfa_token} if done.mfa_token else {**show_sign_in(done), "token_type": "Bearer"}


@blueprint.route("/2fa/verify", methods=["POST"])
@blueprint.doc(security=[])
@blueprint.arguments(VerifyInput)
@blueprint.refuses(401)
@blueprint.response(200, SignInOutput)
def verify(given: dict[str, str]) -> dict[str, Any]:
    """Finish signing in with the app's code or a recovery code"""
    code = given.get("code") or given["recovery_code"]
    return show_sign_in(finish_sign_in(current().settings, given["mfa_token"], code, **describe_visit()))


@blueprint.route("/refresh", methods=["POST"])
@blueprint.doc(security=[])
@blueprint.arguments(RefreshInput)
@blueprint.refuses(401)
@blueprint.response(200, TokensOutput)
def refresh(given: dict[str, str]) -> Tokens:
    """Exchange a refresh token for new tokens"""
    return refresh_session(current().settings, given["refresh_token"], describe_visit()["ip"])


@blueprint.route("/logout", methods=["POST"])
@signed_in
@blueprint.response(204)
def logout() -> None:
    """End the session of this access token"""
    revoke_session(person().session_id)


def show_sign_in(done: SignIn) -> dict[str, Any]:
    tokens = {name: getattr(done.tokens, name) for name in ("access_token", "refresh_token", "expires_in")}
    return {"user": done.user, "workspace": done.workspace, **tokens}


def describe_visit() -> dict[str, str]:
    """From which program and address a request comes."""
    return {"user_agent": request.user_agent.string, "ip": request.remote_addr or ""}
