"""What assistants are taught."""

from typing import Any

from flask_smorest.pagination import PaginationParameters
from marshmallow import Schema, fields, validate

from ..agents.trainings import add_training, delete_training, find_training, list_trainings
from ..context import current
from ..models import Training
from .access import signed_in
from .outputs import Output
from .pages import SearchQuery, read_page
from .routes import ModelBlueprint, Text

blueprint = ModelBlueprint(
    "trainings",
    __name__,
    url_prefix="/api/workspaces/<id:workspace_id>/agents/<id:agent_id>/trainings",
    description="What assistants are taught",
)


class TrainingInput(Schema):
    type = Text(required=True, validate=validate.OneOf(("TEXT",)))
    text = Text(required=True, validate=validate.Length(1, 1028))
    title = Text(load_default="", validate=validate.Length(0, 200))


class TrainingOutput(Output):
    id = fields.String()
    agent_id = fields.String()
    type = fields.String()
    title = fields.String()
    text = fields.String()
    status = fields.String(validate=validate.OneOf(("PENDING", "TRAINING", "TRAINED", "FAILED")))
    error = fields.String(metadata={"description": "Why it FAILED"})
    created_at = fields.DateTime()


@blueprint.route("")
@signed_in
@blueprint.arguments(SearchQuery, location="query")
@blueprint.paginate()
@blueprint.response(200, TrainingOutput(many=True))
def list_all(
    given: dict[str, Any], workspace_id: str, agent_id: str, pagination_parameters: PaginationParameters
) -> list[Training]:
    """List what an agent is taught, newest first"""
    return read_page(list_trainings(workspace_id, agent_id, given["q"]), pagination_parameters)


@blueprint.route("", methods=["POST"])
@signed_in
@blueprint.arguments(TrainingInput)
@blueprint.response(201, TrainingOutput)
def create(given: dict[str, Any], workspace_id: str, agent_id: str) -> Training:
    """Teach an agent something; it is PENDING until a worker has learned it"""
    return add_training(current(), workspace_id, agent_id, given)


@blueprint.route("/<id:training_id>")
@signed_in
@blueprint.response(200, TrainingOutput)
def read(workspace_id: str, agent_id: str, training_id: str) -> Training:
    """Read a training and how far it is"""
    return find_training(workspace_id, agent_id, training_id)


@blueprint.route("/<id:training_id>", methods=["DELETE"])
@signed_in
@blueprint.response(204)
def delete(workspace_id: str, agent_id: str, training_id: str) -> None:
    """Have an agent forget something"""
    delete_training(current(), workspace_id, agent_id, training_id)
