"""What routes answer, in the OpenAPI document: every field is there, so that generated clients need not ask."""

from typing import Any

from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import get_fields, resolve_schema_instance
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import Schema


class Output(Schema):
    """An object of an answer, all of whose fields are always there, save those that `sometimes` names."""

    sometimes: tuple[str, ...] = ()


class OutputConverter(OpenAPIConverter):
    """Describes the fields of an `Output` as required."""

    def schema2jsonschema(self, schema: Any) -> dict[str, Any]:
        described: dict[str, Any] = super().schema2jsonschema(schema)  # type: ignore[no-untyped-call]  # apispec's own gap
        instance = resolve_schema_instance(schema)
        if isinstance(instance, Output):
            names = {field.data_key or name for name, field in get_fields(schema).items()}
            described["required"] = sorted(names - {*instance.sometimes})
        return described


class OutputPlugin(MarshmallowPlugin):
    """Schemas as flask-smorest describes them, and outputs with what is always there."""

    Converter = OutputConverter
