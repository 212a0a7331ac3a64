"""The people who write, and what is kept of them: handed out or erased."""

from typing import Any

from flask import Blueprint as PlainBlueprint, Response, send_file
from marshmallow import fields, validate

from ..channels.load import is_id
from ..context import current
from ..conversation.contacts import list_contacts, read_contact
from ..errors import NotFound
from ..privacy.erase import request_erasure
from ..privacy.export import request_export
from ..privacy.tasks import find_export, read_task
from .access import signed_in
from .outputs import Output
from .pages import SearchQuery
from .routes import Blueprint

blueprint = Blueprint(
    "contacts", __name__, url_prefix="/api/workspaces/<id:workspace_id>/contacts", description="People who write"
)
files = PlainBlueprint("exports", __name__)


class ContactQuery(SearchQuery):
    before = fields.UUID(load_default=None, metadata={"description": "The last contact of the page before"})
    page_size = fields.Integer(load_default=30, validate=validate.Range(1, 100))


class AddressOutput(Output):
    channel_id = fields.String()
    channel_kind = fields.String()
    kind = fields.String(metadata={"description": "phone, lid, visitor …"})
    value = fields.String()


class FullContactOutput(Output):
    id = fields.String()
    name = fields.String()
    phone = fields.String(allow_none=True)
    is_group = fields.Boolean()
    addresses = fields.List(fields.Nested(AddressOutput))
    created_at = fields.DateTime()


class ContactTaskOutput(Output):
    id = fields.String()
    contact_id = fields.String()
    kind = fields.String(validate=validate.OneOf(("export", "erase")))
    state = fields.String(validate=validate.OneOf(("pending", "running", "done", "failed")))
    done = fields.Integer(metadata={"description": "Messages and files so far"})
    total = fields.Integer(metadata={"description": "Of how many; 0 while nobody knows"})
    error = fields.String()
    url = fields.String(allow_none=True, metadata={"description": "The finished export, for a quarter of an hour"})
    created_at = fields.DateTime()
    finished_at = fields.DateTime(allow_none=True)
    expires_at = fields.DateTime(allow_none=True, metadata={"description": "Until when an export is kept"})


@blueprint.route("")
@signed_in
@blueprint.arguments(ContactQuery, location="query")
@blueprint.response(200, FullContactOutput(many=True))
def list_all(given: dict[str, Any], workspace_id: str) -> list[dict[str, Any]]:
    """List the contacts, newest first; `q` looks at names and phones"""
    before = str(given["before"]) if given["before"] else None
    return list_contacts(workspace_id, given["page_size"], given["q"], before)


@blueprint.route("/<id:contact_id>")
@signed_in
@blueprint.response(200, FullContactOutput)
def read(workspace_id: str, contact_id: str) -> dict[str, Any]:
    """Read a contact"""
    return read_contact(workspace_id, contact_id)


@blueprint.route("/<id:contact_id>/export", methods=["POST"])
@signed_in
@blueprint.response(202, ContactTaskOutput)
def export(workspace_id: str, contact_id: str) -> dict[str, Any]:
    """Put all that is kept of a contact into one file; asking again while that goes on starts no other"""
    return show_task(workspace_id, request_export(current(), workspace_id, contact_id))


@blueprint.route("/<id:contact_id>", methods=["DELETE"])
@signed_in
@blueprint.response(202, ContactTaskOutput)
def erase(workspace_id: str, contact_id: str) -> dict[str, Any]:
    """Erase a contact and all that is kept of them, for good; whatever they write later is a new contact's"""
    return show_task(workspace_id, request_erasure(current(), workspace_id, contact_id))


@blueprint.route("/tasks/<id:contact_task_id>")
@signed_in
@blueprint.response(200, ContactTaskOutput)
def task(workspace_id: str, contact_task_id: str) -> dict[str, Any]:
    """How far an export or erasure is, and where a finished export can be had"""
    return show_task(workspace_id, contact_task_id)


def show_task(workspace_id: str, task_id: str) -> dict[str, Any]:
    return read_task(current().settings, workspace_id, task_id)


@files.route("/exports/<task_id>/<until>/<signature>")
def download(task_id: str, until: str, signature: str) -> Response:
    """A finished export, to whoever has its signed address while that is good."""
    if not is_id(task_id):
        raise NotFound()
    path = find_export(current().settings, task_id, until, signature)
    response = send_file(path, mimetype="application/zip", as_attachment=True, download_name=f"contact-{task_id}.zip")
    response.headers["Cache-Control"] = "no-store"
    return response
