"""The REST API: one file a resource, its schemas beside its views."""

from flask import Flask
from flask_smorest import Api

from . import agents, auth, catalogue, trainings, workspaces
from .routes import OPENAPI, IdConverter

BLUEPRINTS = (
    auth.blueprint,
    workspaces.blueprint,
    agents.blueprint,
    trainings.blueprint,
    catalogue.blueprint,
)


def register_api(app: Flask) -> Api:
    """Add all routes of the core to the application, and the document that describes them."""
    app.config.update(OPENAPI)
    app.url_map.converters["id"] = IdConverter
    api = Api(app)
    api.register_converter(IdConverter, lambda _: {"type": "string", "format": "uuid"})
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    return api
