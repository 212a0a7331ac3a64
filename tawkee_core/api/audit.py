"""What was changed in a workspace, by whom."""

from typing import Any

from marshmallow import Schema, fields, validate

from ..audit.read import list_entries
from .access import signed_in
from .outputs import Output
from .routes import Blueprint, IdConverter, Moment, Text

blueprint = Blueprint(
    "audit", __name__, url_prefix="/api/workspaces/<id:workspace_id>/audit", description="Who changed what"
)
AN_ID = validate.Regexp(f"^{IdConverter.regex}$")


class AuditQuery(Schema):
    before = fields.UUID(metadata={"description": "The last entry of the page before"})
    page_size = fields.Integer(load_default=50, validate=validate.Range(1, 200))
    action = Text(validate=validate.Length(1, 60), metadata={"description": "`channel.delete`, or all of `channel`"})
    object = Text(validate=AN_ID, metadata={"description": "What was changed, by its id"})
    by_user = Text(validate=AN_ID)
    by_key = Text(validate=AN_ID)
    since = Moment()
    until = Moment()


class AuditUserOutput(Output):
    id = fields.String()
    name = fields.String(allow_none=True, metadata={"description": "null when the account is gone"})
    email = fields.String(allow_none=True)


class AuditKeyOutput(Output):
    id = fields.String()
    name = fields.String(allow_none=True)


class AuditOutput(Output):
    id = fields.String()
    action = fields.String(metadata={"description": "`channel.delete` …"})
    object_kind = fields.String()
    object_id = fields.String(allow_none=True)
    before = fields.Dict(allow_none=True, metadata={"description": "What was, of what changed; never a secret"})
    after = fields.Dict(allow_none=True)
    user = fields.Nested(AuditUserOutput, allow_none=True)
    api_key = fields.Nested(AuditKeyOutput, allow_none=True)
    address = fields.String(metadata={"description": "From where"})
    request_id = fields.String()
    created_at = fields.DateTime()


NAMES = {"object": "object_id", "by_user": "user_id", "by_key": "api_key_id"}


@blueprint.route("")
@signed_in
@blueprint.arguments(AuditQuery, location="query")
@blueprint.response(200, AuditOutput(many=True))
def list_all(given: dict[str, Any], workspace_id: str) -> list[dict[str, Any]]:
    """List what was changed, newest first: who, what, how it was before and after"""
    limit = given.pop("page_size")
    return list_entries(workspace_id, limit, **{NAMES.get(name, name): str(value) for name, value in given.items()})
