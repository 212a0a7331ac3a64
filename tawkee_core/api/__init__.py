"""The REST API: one file a resource, its schemas beside its views."""

from flask import Flask
from flask_smorest import Api

from . import (
    account,
    account_pages,
    agents,
    api_keys,
    audit,
    auth,
    catalogue,
    channels,
    chats,
    contacts,
    documents,
    invited,
    mails,
    media,
    messages,
    moves,
    names,
    notifications,
    oauth,
    operation,
    start,
    team,
    trainings,
    two_factors,
    webhooks,
    workspaces,
)
from .errors import ErrorOutput
from .openapi import OPENAPI, SERVER_ERROR, Queries
from .outputs import OutputPlugin
from .routes import IdConverter, Received, check_path

JSON = "application/json"
RESOURCES = (
    auth.blueprint,
    account.blueprint,
    two_factors.blueprint,
    workspaces.blueprint,
    team.blueprint,
    invited.blueprint,
    agents.blueprint,
    moves.blueprint,
    trainings.blueprint,
    channels.blueprint,
    oauth.blueprint,
    chats.blueprint,
    names.blueprint,
    contacts.blueprint,
    messages.blueprint,
    notifications.blueprint,
    api_keys.blueprint,
    audit.blueprint,
    catalogue.blueprint,
)
PAGES = (
    start.blueprint,
    invited.pages,
    account.pages,
    account_pages.blueprint,
    documents.blueprint,
    operation.blueprint,
    media.blueprint,
    contacts.files,
    webhooks.blueprint,
    mails.blueprint,
    oauth.pages,
)


class DocumentedApi(Api):  # type: ignore[misc]  # flask-smorest ships no types
    """The API, whose description knows our shape of errors."""

    ERROR_SCHEMA = ErrorOutput
    DEFAULT_ERROR_RESPONSE_NAME = None  # which errors there are is said one by one


def register_api(app: Flask) -> Api:
    """Add all routes of the core to the application, and the document that describes those of the API."""
    app.config.update(OPENAPI)
    app.request_class = Received
    app.url_map.converters["id"] = IdConverter
    api = DocumentedApi(app, spec_kwargs={"marshmallow_plugin": OutputPlugin()})
    api.register_converter(IdConverter, lambda _: {"type": "string", "format": "uuid"})
    broken = {"description": "Our side failed, or one that we asked", "content": {JSON: {"schema": ErrorOutput}}}
    api.spec.components.response(SERVER_ERROR, broken)
    app.before_request(check_path)
    app.before_request(Queries(api.spec).check)
    for resource in RESOURCES:
        api.register_blueprint(resource)
    for page in PAGES:
        app.register_blueprint(page)
    return api
