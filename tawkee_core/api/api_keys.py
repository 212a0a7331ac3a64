"""Keys for programs that work in a workspace."""

from datetime import datetime
from typing import Any

from marshmallow import Schema, fields, validate

from ..accounts.api_keys import create_key, list_keys, revoke_key
from .access import person, signed_in
from .outputs import Output
from .permissions import AREAS, SCOPES
from .routes import Blueprint, Moment, Text

blueprint = Blueprint(
    "api_keys", __name__, url_prefix="/api/workspaces/<id:workspace_id>/api-keys", description="Keys for programs"
)
SCOPE_WORDS = "; ".join(f"`{name}`: {AREAS[name].text}" for name in SCOPES)


class KeyInput(Schema):
    name = Text(required=True, validate=validate.Length(1, 100), metadata={"description": "What it is for"})
    scopes = fields.List(
        Text(validate=validate.OneOf(SCOPES)),
        required=True,
        validate=validate.Length(1, len(SCOPES)),
        metadata={"description": f"What it may call. {SCOPE_WORDS}"},
    )
    expires_at = Moment(load_default=None, allow_none=True, metadata={"description": "null: never"})


class KeyOutput(Output):
    id = fields.String()
    name = fields.String()
    prefix = fields.String(metadata={"description": "How it begins, to be recognised by"})
    scopes = fields.List(fields.String())
    created_by = fields.String(allow_none=True, metadata={"description": "Who made it; null when they are gone"})
    created_at = fields.DateTime()
    expires_at = fields.DateTime(allow_none=True)
    last_used_at = fields.DateTime(allow_none=True, metadata={"description": "To the minute"})
    revoked_at = fields.DateTime(allow_none=True)


class NewKeyOutput(KeyOutput):
    key = fields.String(metadata={"description": "Shown this once: `Authorization: Bearer twk_…`"})


@blueprint.route("")
@signed_in
@blueprint.response(200, KeyOutput(many=True))
def list_all(workspace_id: str) -> list[dict[str, Any]]:
    """List the keys, newest first"""
    return list_keys(workspace_id)


@blueprint.route("", methods=["POST"])
@signed_in
@blueprint.arguments(KeyInput)
@blueprint.response(201, NewKeyOutput)
def create(given: dict[str, Any], workspace_id: str) -> dict[str, Any]:
    """Make a key; this answer is the only one that shows it"""
    expires_at: datetime | None = given["expires_at"]
    return create_key(workspace_id, person().id, given["name"], given["scopes"], expires_at)


@blueprint.route("/<id:api_key_id>", methods=["DELETE"])
@signed_in
@blueprint.response(200, KeyOutput)
def revoke(workspace_id: str, api_key_id: str) -> dict[str, Any]:
    """Revoke a key; what uses it is refused from now on"""
    return revoke_key(workspace_id, api_key_id)
