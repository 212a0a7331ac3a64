"""Two factors: switched on and off for oneself, and required of a workspace's members."""

from typing import Any

from marshmallow import Schema, fields, validate

from ..accounts.profile import read_person
from ..accounts.requirement import read_requirement
from ..accounts.two_factors import (
    Enrolment,
    begin_setup,
    codes_left,
    disable_factors,
    enable_factors,
    factors_on,
    new_codes,
)
from ..context import current
from .access import person, signed_in
from .account import password_field
from .outputs import Output
from .routes import Blueprint, Text

blueprint = Blueprint("two_factors", __name__, description="A second factor: codes of an authenticator app")
OWN = "/api/auth/2fa"


class StateOutput(Output):
    enabled = fields.Boolean()
    recovery_codes_left = fields.Integer()


class SetupOutput(Output):
    secret = fields.String(metadata={"description": "To be typed in where nothing can be scanned"})
    uri = fields.String()
    qr = fields.String(metadata={"description": "An SVG as data URL"})


class FactorInput(Schema):
    code = Text(required=True, validate=validate.Length(6, 64))


class FactorsInput(FactorInput):
    password = password_field(required=True)


class CodesOutput(Output):
    recovery_codes = fields.List(fields.String(), metadata={"description": "Shown this once; each works once"})


class RequirementOutput(Output):
    required = fields.Boolean()
    members_without = fields.Integer(metadata={"description": "Members who are kept out while it is required"})


@blueprint.route(OWN)
@signed_in
@blueprint.response(200, StateOutput)
def read() -> dict[str, Any]:
    """Whether two factors are on"""
    return {"enabled": factors_on(person().id), "recovery_codes_left": codes_left(person().id)}


@blueprint.route(f"{OWN}/setup", methods=["POST"])
@signed_in
@blueprint.refuses(409)
@blueprint.response(200, SetupOutput)
def setup() -> Enrolment:
    """Begin: a secret for the authenticator app, as QR code and as text"""
    return begin_setup(current().settings, person().id, read_person(person().id)["email"])


@blueprint.route(f"{OWN}/enable", methods=["POST"])
@signed_in
@blueprint.arguments(FactorInput)
@blueprint.refuses(409)
@blueprint.response(200, CodesOutput)
def enable(given: dict[str, str]) -> dict[str, Any]:
    """Finish with the app's first code; other sessions end"""
    who = person()
    return {"recovery_codes": enable_factors(current().settings, who.id, who.session_id, given["code"])}


@blueprint.route(f"{OWN}/disable", methods=["POST"])
@signed_in
@blueprint.arguments(FactorsInput)
@blueprint.refuses(409)
@blueprint.response(204)
def disable(given: dict[str, str]) -> None:
    """Switch two factors off; asks for password and code"""
    disable_factors(current().settings, person().id, **given)


@blueprint.route(f"{OWN}/recovery-codes", methods=["POST"])
@signed_in
@blueprint.arguments(FactorsInput)
@blueprint.refuses(409)
@blueprint.response(200, CodesOutput)
def renew(given: dict[str, str]) -> dict[str, Any]:
    """Ten other recovery codes; asks for password and code"""
    return {"recovery_codes": new_codes(current().settings, person().id, **given)}


@blueprint.route("/api/workspaces/<id:workspace_id>/two-factors")
@signed_in
@blueprint.response(200, RequirementOutput)
def read_required(workspace_id: str) -> dict[str, Any]:
    """Whether members must have two factors, and how many have none"""
    return read_requirement(workspace_id)
