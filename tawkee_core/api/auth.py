"""Registering, signing in and out, and who one is."""

from typing import Any

from flask import request
from marshmallow import Schema, fields, validate

from ..accounts.register import SignIn, register_person, sign_in
from ..accounts.sessions import Tokens, refresh_session, revoke_session
from ..accounts.workspaces import list_workspaces, read_person
from ..context import current
from .access import person, signed_in
from .routes import Blueprint, Text

blueprint = Blueprint("auth", __name__, url_prefix="/api/auth", description="Registering, signing in and out")


class LoginInput(Schema):
    email = Text(required=True, validate=validate.Length(3, 254))
    password = fields.String(required=True, load_only=True, validate=validate.Length(1, 1000))


class RegisterInput(LoginInput):
    name = Text(required=True, validate=validate.Length(1, 100))
    workspace_name = Text(load_default="", validate=validate.Length(0, 32))


class RefreshInput(Schema):
    refresh_token = fields.String(required=True, validate=validate.Length(16, 512))


class UserOutput(Schema):
    id = fields.String()
    name = fields.String()
    email = fields.String()


class WorkspaceOutput(Schema):
    id = fields.String()
    name = fields.String()
    status = fields.String()
    role = fields.String()
    created_at = fields.DateTime()


class TokensOutput(Schema):
    access_token = fields.String()
    refresh_token = fields.String()
    token_type = fields.Constant("Bearer")
    expires_in = fields.Integer(metadata={"description": "Life of the access token, in seconds"})


class SignInOutput(TokensOutput):
    user = fields.Nested(UserOutput)
    workspace = fields.Nested(WorkspaceOutput, allow_none=True)


class MeOutput(Schema):
    user = fields.Nested(UserOutput)
    workspaces = fields.List(fields.Nested(WorkspaceOutput))


@blueprint.route("/register", methods=["POST"])
@blueprint.doc(security=[])
@blueprint.arguments(RegisterInput)
@blueprint.response(201, SignInOutput)
def register(given: dict[str, str]) -> dict[str, Any]:
    """Make an account with a workspace of its own"""
    return show_sign_in(register_person(current().settings, **given, user_agent=user_agent()))


@blueprint.route("/login", methods=["POST"])
@blueprint.doc(security=[])
@blueprint.arguments(LoginInput)
@blueprint.response(200, SignInOutput)
def login(given: dict[str, str]) -> dict[str, Any]:
    """Sign in"""
    return show_sign_in(sign_in(current().settings, **given, user_agent=user_agent()))


@blueprint.route("/refresh", methods=["POST"])
@blueprint.doc(security=[])
@blueprint.arguments(RefreshInput)
@blueprint.response(200, TokensOutput)
def refresh(given: dict[str, str]) -> Tokens:
    """Exchange a refresh token for new tokens"""
    return refresh_session(current().settings, given["refresh_token"])


@blueprint.route("/logout", methods=["POST"])
@signed_in
@blueprint.response(204)
def logout() -> None:
    """End the session of this access token"""
    revoke_session(person().session_id)


@blueprint.route("/me")
@signed_in
@blueprint.response(200, MeOutput)
def me() -> dict[str, Any]:
    """Who is signed in, and their workspaces"""
    return {"user": read_person(person().id), "workspaces": list_workspaces(person().id)}


def show_sign_in(done: SignIn) -> dict[str, Any]:
    tokens = {name: getattr(done.tokens, name) for name in ("access_token", "refresh_token", "expires_in")}
    return {"user": done.user, "workspace": done.workspace, **tokens}


def user_agent() -> str:
    return request.user_agent.string
