"""What this installation has to offer: models, plugins, kinds of channels."""

from typing import Any

from marshmallow import fields

from ..agents.models import list_models
from ..context import current
from ..types import ChannelInfo, Model
from .access import signed_in
from .outputs import Output
from .routes import Blueprint

blueprint = Blueprint("catalogue", __name__, url_prefix="/api", description="Models, plugins, kinds of channels")


class LabelOutput(Output):
    pt = fields.String()
    en = fields.String()


class ModelOutput(Output):
    id = fields.String()
    label = fields.String()
    vendor = fields.String()
    kind = fields.String()
    credits = fields.Integer()
    can = fields.Function(lambda model: sorted(model.can), metadata={"type": "array", "items": {"type": "string"}})
    available = fields.Boolean(metadata={"description": "Whether its key is set"})


class PluginOutput(Output):
    name = fields.String()
    version = fields.String()
    distribution = fields.String()
    hooks = fields.List(fields.String())
    broken = fields.String(allow_none=True, metadata={"description": "Why it was left out"})


class FieldOutput(Output):
    name = fields.String()
    label = fields.Nested(LabelOutput)
    kind = fields.String()
    required = fields.Boolean()
    default = fields.Raw(allow_none=True)
    choices = fields.List(fields.String())
    help = fields.Nested(LabelOutput, allow_none=True)
    max_length = fields.Integer()


class MediaRuleOutput(Output):
    mimetypes = fields.List(fields.String())
    max_bytes = fields.Integer()


class CapabilitiesOutput(Output):
    max_text = fields.Integer()
    media_in = fields.Dict(keys=fields.String(), values=fields.Nested(MediaRuleOutput))
    media_out = fields.Dict(keys=fields.String(), values=fields.Nested(MediaRuleOutput))
    typing = fields.Boolean()
    read_receipts = fields.Boolean()
    buttons = fields.Integer()
    templates = fields.Boolean()
    groups = fields.Boolean()
    reply_window_hours = fields.Integer(allow_none=True)


class KindOutput(Output):
    kind = fields.String()
    label = fields.Nested(LabelOutput)
    connects = fields.String()
    send_semantics = fields.String()
    fields_ = fields.List(fields.Nested(FieldOutput), data_key="fields", attribute="fields")
    capabilities = fields.Nested(CapabilitiesOutput)
    risk = fields.Nested(LabelOutput, allow_none=True)


@blueprint.route("/models")
@signed_in
@blueprint.response(200, ModelOutput(many=True))
def models() -> list[Model]:
    """List the models that can be chosen"""
    return list_models(current())


@blueprint.route("/plugins")
@signed_in
@blueprint.response(200, PluginOutput(many=True))
def plugins() -> list[Any]:
    """List the plugins that are installed, and what is broken and why"""
    return list(current().plugins.report())


@blueprint.route("/channels/kinds")
@signed_in
@blueprint.response(200, KindOutput(many=True))
def kinds() -> list[dict[str, Any]]:
    """List the kinds of channels that can be connected"""
    return [show_kind(kind, info) for kind, info in current().plugins.collect("channel_info")]


def show_kind(kind: str, info: ChannelInfo) -> dict[str, Any]:
    names = ("label", "connects", "send_semantics", "fields", "capabilities", "risk")
    return {"kind": kind, **{name: getattr(info, name) for name in names}}
