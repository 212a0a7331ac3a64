"""The workspaces of the person who asks."""

from typing import Any

from marshmallow import Schema, validate

from ..accounts.workspaces import (
    create_workspace,
    delete_workspace,
    list_workspaces,
    read_workspace,
    rename_workspace,
    vector_spaces,
)
from ..context import current
from ..conversation.media import forget_files
from .access import person, signed_in
from .auth import WorkspaceOutput
from .routes import Blueprint, Text

blueprint = Blueprint("workspaces", __name__, url_prefix="/api/workspaces", description="A company's room")


class WorkspaceInput(Schema):
    name = Text(required=True, validate=validate.Length(1, 32))


@blueprint.route("")
@signed_in
@blueprint.response(200, WorkspaceOutput(many=True))
def list_own() -> list[dict[str, Any]]:
    """List the workspaces one has a role in"""
    return list_workspaces(person().id)


@blueprint.route("", methods=["POST"])
@signed_in
@blueprint.arguments(WorkspaceInput)
@blueprint.response(201, WorkspaceOutput)
def create(given: dict[str, str]) -> dict[str, Any]:
    """Make a workspace"""
    return create_workspace(person().id, given["name"])


@blueprint.route("/<id:workspace_id>")
@signed_in
@blueprint.response(200, WorkspaceOutput)
def read(workspace_id: str) -> dict[str, Any]:
    """Read a workspace"""
    return read_workspace(person().id, workspace_id)


@blueprint.route("/<id:workspace_id>", methods=["PATCH"])
@signed_in
@blueprint.arguments(WorkspaceInput)
@blueprint.response(200, WorkspaceOutput)
def rename(given: dict[str, str], workspace_id: str) -> dict[str, Any]:
    """Rename a workspace"""
    rename_workspace(workspace_id, given["name"])
    return read_workspace(person().id, workspace_id)


@blueprint.route("/<id:workspace_id>", methods=["DELETE"])
@signed_in
@blueprint.response(204)
def delete(workspace_id: str) -> None:
    """Delete a workspace and everything in it, for good; its channels must be deleted first"""
    tawkee = current()
    for space in vector_spaces(workspace_id):
        vectors = tawkee.plugins.vectors(tawkee.settings)
        vectors.vectors_delete(
            settings=tawkee.settings, space=space, workspace_id=workspace_id, agent_id=None, training_id=None
        )
    delete_workspace(workspace_id)
    forget_files(tawkee.settings, workspace_id)
