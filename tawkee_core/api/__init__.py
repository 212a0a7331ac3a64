"""The REST API: one file a resource, its schemas beside its views."""

from flask import Flask
from flask_smorest import Api

from . import (
    agents,
    auth,
    catalogue,
    channels,
    chats,
    documents,
    media,
    messages,
    oauth,
    operation,
    start,
    trainings,
    webhooks,
    workspaces,
)
from .errors import ErrorOutput
from .routes import OPENAPI, IdConverter

RESOURCES = (
    auth.blueprint,
    workspaces.blueprint,
    agents.blueprint,
    trainings.blueprint,
    channels.blueprint,
    oauth.blueprint,
    chats.blueprint,
    messages.blueprint,
    catalogue.blueprint,
)
PAGES = (start.blueprint, documents.blueprint, operation.blueprint, media.blueprint, webhooks.blueprint, oauth.pages)


class DocumentedApi(Api):  # type: ignore[misc]  # flask-smorest ships no types
    """The API, whose description knows our shape of errors."""

    ERROR_SCHEMA = ErrorOutput


def register_api(app: Flask) -> Api:
    """Add all routes of the core to the application, and the document that describes those of the API."""
    app.config.update(OPENAPI)
    app.url_map.converters["id"] = IdConverter
    api = DocumentedApi(app)
    api.register_converter(IdConverter, lambda _: {"type": "string", "format": "uuid"})
    for resource in RESOURCES:
        api.register_blueprint(resource)
    for page in PAGES:
        app.register_blueprint(page)
    return api
