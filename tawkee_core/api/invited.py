"""What an invited person calls: their token is the proof. The page that does so, and its routes."""

from typing import Any

from flask import Blueprint as Pages, Response, jsonify, render_template, request
from marshmallow import Schema, fields, validate

from ..accounts import activation
from ..accounts.activation import Applicant
from ..accounts.invitations import find_invitation
from ..accounts.roles import GIVEN
from ..accounts.workspaces import read_workspace
from ..context import current
from .access import bearer_token, find_caller
from .auth import SignInOutput, WorkspaceOutput, describe_visit, show_sign_in
from .outputs import Output
from .routes import Blueprint, Line, Parser, Text
from .start import choose_language

blueprint = Blueprint("invited", __name__, url_prefix="/api/invitations", description="Accepting an invitation")
pages = Pages("invited_pages", __name__)
LANGUAGE = validate.OneOf(("pt-BR", "en"))
OPEN: list[dict[str, Any]] = []


class InvitedOutput(Output):
    workspace = fields.String(metadata={"description": "Its name"})
    inviter = fields.String()
    role = fields.String(validate=validate.OneOf(GIVEN))
    email = fields.String()
    expires_at = fields.DateTime()
    has_account = fields.Boolean(
        allow_none=True, metadata={"description": "Whether to sign in; null to who did not get the mail"}
    )
    code_by = fields.String(validate=validate.OneOf(("whatsapp", "email")))


class ApplicantInput(Schema):
    name = Line(required=True, validate=validate.Length(1, 100))
    phone = Text(required=True, validate=validate.Length(8, 40), metadata={"description": "The WhatsApp number"})
    password = fields.String(required=True, load_only=True, validate=validate.Length(1, 1000))
    email = Text(load_default="", validate=validate.Length(0, 254), metadata={"description": "The one invited"})
    locale = Text(load_default="pt-BR", validate=LANGUAGE)
    send_by = Text(load_default="whatsapp", validate=validate.OneOf(("whatsapp", "email")))


class CodeSentOutput(Output):
    sent_by = fields.String(validate=validate.OneOf(("whatsapp", "email")))
    to = fields.String()
    minutes = fields.Integer(metadata={"description": "How long the code is good"})


class CodeInput(Schema):
    code = Text(required=True, validate=validate.Regexp(r"\d{6}$", error="Six digits."))


BODY = {"content": {"application/json": {"schema": ApplicantInput}}}


@blueprint.route("/<string:token>")
@blueprint.doc(security=OPEN)
@blueprint.response(200, InvitedOutput)
def show(token: str) -> dict[str, Any]:
    """Who invites to what"""
    return activation.show_invitation(current(), token)


@blueprint.route("/<string:token>/accept", methods=["POST"])
@blueprint.doc(security=[{"bearer": []}, {}], requestBody=BODY)
@blueprint.refuses(409)
@blueprint.alt_response(200, schema=WorkspaceOutput, description="To who is signed in: the workspace joined")
@blueprint.response(202, CodeSentOutput)
def accept(token: str) -> Any:
    """Accept: with an access token as who is signed in (no body); else as somebody new, who is sent a code"""
    find_invitation(token)
    if "Authorization" in request.headers:
        user_id = find_caller(bearer_token()).id
        return jsonify(WorkspaceOutput().dump(read_workspace(user_id, activation.join_signed_in(token, user_id))))
    given = Parser().parse(ApplicantInput(), request, location="json")
    return activation.begin_activation(current(), token, Applicant(**given))


@blueprint.route("/<string:token>/confirm", methods=["POST"])
@blueprint.doc(security=OPEN)
@blueprint.arguments(CodeInput)
@blueprint.refuses(409)
@blueprint.response(201, SignInOutput)
def confirm(given: dict[str, str], token: str) -> dict[str, Any]:
    """Confirm with the code: the account is made, and signed in"""
    return show_sign_in(activation.confirm_activation(current().settings, token, given["code"], **describe_visit()))


@pages.route("/invite")
def page() -> Response:
    """Where an invitation's link leads; the token stays behind the #, for the page alone."""
    language = choose_language()
    shown = render_template("invite.html", lang=language, pt=language != "en")
    return Response(shown, headers={"Vary": "Accept-Language", "Cache-Control": "no-store"})
