"""The workspaces of the person who asks."""

from typing import Any

from marshmallow import Schema, fields, validate

from ..accounts import deletion, workspaces
from ..accounts.requirement import require_factors
from ..context import current
from .access import person, signed_in
from .auth import WorkspaceOutput
from .permissions import check_owner
from .routes import Blueprint, Line, Text

blueprint = Blueprint("workspaces", __name__, url_prefix="/api/workspaces", description="A company's room")


class WorkspaceInput(Schema):
    name = Line(required=True, validate=validate.Length(1, 32))


class WorkspaceChange(Schema):
    name = Line(validate=validate.Length(1, 32))
    require_two_factors = fields.Boolean(metadata={"description": "The owner's to say; who has them off is kept out"})


class WorkspaceQuery(Schema):
    status = Text(validate=validate.OneOf(("DELETED",)), load_default=None)


class PasswordInput(Schema):
    password = fields.String(required=True, load_only=True, validate=validate.Length(1, 1000))


class DeletionOutput(WorkspaceOutput):
    deleted_at = fields.DateTime()
    erase_at = fields.DateTime(metadata={"description": "Until then it can be restored; then everything goes"})


class OwnOutput(WorkspaceOutput):
    deleted_at = fields.DateTime(allow_none=True)
    erase_at = fields.DateTime(allow_none=True)


@blueprint.route("")
@signed_in
@blueprint.arguments(WorkspaceQuery, location="query")
@blueprint.response(200, OwnOutput(many=True))
def list_own(given: dict[str, Any]) -> list[dict[str, Any]]:
    """List the workspaces one has a role in; status DELETED lists one's own that can be restored"""
    listed = workspaces.list_deleted if given["status"] else workspaces.list_workspaces
    return listed(person().id)


@blueprint.route("", methods=["POST"])
@signed_in
@blueprint.arguments(WorkspaceInput)
@blueprint.response(201, WorkspaceOutput)
def create(given: dict[str, str]) -> dict[str, Any]:
    """Make a workspace"""
    return workspaces.create_workspace(person().id, given["name"])


@blueprint.route("/<id:workspace_id>")
@signed_in
@blueprint.response(200, WorkspaceOutput)
def read(workspace_id: str) -> dict[str, Any]:
    """Read a workspace"""
    return workspaces.read_workspace(person().id, workspace_id)


@blueprint.route("/<id:workspace_id>", methods=["PATCH"])
@signed_in
@blueprint.arguments(WorkspaceChange)
@blueprint.refuses(409)
@blueprint.response(200, WorkspaceOutput)
def change(given: dict[str, Any], workspace_id: str) -> dict[str, Any]:
    """Rename a workspace; its owner may have it require two factors"""
    if "require_two_factors" in given:
        check_owner(person().role)
        require_factors(workspace_id, person().id, given["require_two_factors"])
    if "name" in given:
        workspaces.rename_workspace(workspace_id, given["name"])
    return workspaces.read_workspace(person().id, workspace_id)


@blueprint.route("/<id:workspace_id>/select", methods=["POST"])
@signed_in
@blueprint.response(200, WorkspaceOutput)
def select(workspace_id: str) -> dict[str, Any]:
    """Work in this workspace: the next sign-in begins in it"""
    workspaces.select_workspace(person().id, workspace_id)
    return workspaces.read_workspace(person().id, workspace_id)


@blueprint.route("/<id:workspace_id>", methods=["DELETE"])
@signed_in
@blueprint.arguments(PasswordInput)
@blueprint.response(200, DeletionOutput)
def delete(given: dict[str, str], workspace_id: str) -> dict[str, Any]:
    """Delete a workspace; it can be restored for some days, then everything in it is erased"""
    deletion.delete_workspace(current().settings, person().id, workspace_id, given["password"])
    return workspaces.read_workspace(person().id, workspace_id)


@blueprint.route("/<id:workspace_id>/restore", methods=["POST"])
@signed_in
@blueprint.refuses(409)
@blueprint.response(200, WorkspaceOutput)
def restore(workspace_id: str) -> dict[str, Any]:
    """Bring a deleted workspace back, as it was"""
    deletion.restore_workspace(workspace_id)
    return workspaces.read_workspace(person().id, workspace_id)
