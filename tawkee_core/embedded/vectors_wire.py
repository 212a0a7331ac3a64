"""Qdrant's REST bodies to and from `qdrant_edge` objects: the subset that the embedded vector service answers.

One unnamed dense vector a point; the wire format is that of Qdrant 1.20 (qdrant_client.http.models).
Whatever lies outside the subset raises `Rejected` with a message that names it, never a silent half answer.
"""

from typing import Any

import qdrant_edge as edge

MAX_LIMIT = 10_000
MAX_FILTER_DEPTH = 8
MAX_NUMBER = 1e18
DISTANCES = {name: getattr(edge.Distance, name) for name in ("Cosine", "Euclid", "Dot", "Manhattan")}
INDEXES = {
    "keyword": edge.KeywordIndexParams,
    "integer": edge.IntegerIndexParams,
    "float": edge.FloatIndexParams,
    "bool": edge.BoolIndexParams,
    "datetime": edge.DatetimeIndexParams,
    "uuid": edge.UuidIndexParams,
}


class Rejected(Exception):
    """A request that is answered with `status` (HTTP) and a message in Qdrant's error shape."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def allow_only(data: Any, *names: str) -> dict[str, Any]:
    """The object's set members; raises Rejected for one that this service does not know."""
    if not isinstance(data, dict):
        raise Rejected("Format error in JSON body: expected an object")
    given = {name: value for name, value in data.items() if value is not None}
    if unknown := sorted(set(given) - set(names)):
        raise Rejected(f"Not supported by Tawkee's embedded vector service: {', '.join(unknown)}")
    return given


def require(given: dict[str, Any], *names: str) -> dict[str, Any]:
    if missing := [name for name in names if name not in given]:
        raise Rejected(f"Format error in JSON body: missing {', '.join(missing)}")
    return given


def read_vector(value: Any, size: int) -> list[float]:
    if not isinstance(value, list) or not set(map(type, value)) <= {int, float}:
        raise Rejected("Format error in JSON body: a vector is a list of numbers (named vectors are not supported)")
    if len(value) != size:
        raise Rejected(f"Wrong input: Vector dimension error: expected dim: {size}, got {len(value)}")
    if not -MAX_NUMBER < min(value) <= max(value) < MAX_NUMBER:
        raise Rejected(f"Wrong input: a vector's numbers must lie within ±{MAX_NUMBER:g}")
    return value


def read_points(body: Any, size: int) -> list[edge.Point]:
    """The points of an upsert, given as `points` (a list) or as `batch` (columns)."""
    given = allow_only(body, "points", "batch")
    if "batch" in given:
        batch = allow_only(given["batch"], "ids", "vectors", "payloads")
        ids, vectors = batch.get("ids", []), batch.get("vectors", [])
        payloads = batch.get("payloads") or [None] * len(ids)
        columns = zip(ids, vectors, payloads, strict=True)
        rows = [{"id": point_id, "vector": vector, "payload": payload} for point_id, vector, payload in columns]
    else:
        rows = [require(allow_only(row, "id", "vector", "payload"), "id", "vector") for row in given.get("points", [])]
    return [edge.Point(row["id"], read_vector(row["vector"], size), row.get("payload") or {}) for row in rows]


def read_filter(data: Any, depth: int = 0) -> edge.Filter:
    if depth > MAX_FILTER_DEPTH:
        raise Rejected("Wrong input: the filter is nested too deeply")
    given = allow_only(data, "must", "should", "must_not", "min_should")
    parts: dict[str, Any] = {name: read_conditions(given[name], depth) for name in given if name != "min_should"}
    if "min_should" in given:
        least = require(allow_only(given["min_should"], "conditions", "min_count"), "conditions", "min_count")
        parts["min_should"] = edge.MinShould(read_conditions(least["conditions"], depth), least["min_count"])
    return edge.Filter(**parts)


def read_conditions(data: Any, depth: int) -> list[Any]:
    return [read_condition(one, depth + 1) for one in (data if isinstance(data, list) else [data])]


def read_condition(data: Any, depth: int) -> Any:
    match data:
        case {"key": key, "match": wanted}:
            allow_only(data, "key", "match")
            return edge.FieldCondition(key, match=read_match(wanted))
        case {"key": key, "range": bounds}:
            allow_only(data, "key", "range")
            return edge.FieldCondition(key, range=edge.RangeFloat(**allow_only(bounds, "gt", "gte", "lt", "lte")))
        case {"has_id": ids}:
            return edge.HasIdCondition(set(ids))
        case {"is_empty": {"key": key}}:
            return edge.IsEmptyCondition(key)
        case {"is_null": {"key": key}}:
            return edge.IsNullCondition(key)
        case {"must": _} | {"should": _} | {"must_not": _} | {"min_should": _}:
            return read_filter(data, depth)
    raise Rejected("Not supported by Tawkee's embedded vector service: this filter condition")


def read_match(data: Any) -> Any:
    match allow_only(data, "value", "any", "except"):
        case {"value": value}:
            return edge.MatchValue(value)
        case {"any": values}:
            return edge.MatchAny(values)
        case {"except": values}:
            return edge.MatchExcept(values)
    raise Rejected("Format error in JSON body: match needs value, any or except")


def read_index(schema: Any) -> Any:
    """Index parameters from `"keyword"` or `{"type": "keyword", "is_tenant": true}`."""
    given = {"type": schema} if isinstance(schema, str) else dict(allow_only(schema, "type", "is_tenant", "on_disk"))
    kind = given.pop("type", "keyword")
    if kind not in INDEXES or ("is_tenant" in given and kind != "keyword"):
        raise Rejected(f"Not supported by Tawkee's embedded vector service: index {schema!r}")
    return INDEXES[kind](**given)


def read_limit(given: dict[str, Any]) -> int:
    limit = given.get("limit", 10)
    if type(limit) is not int or not 1 <= limit <= MAX_LIMIT:
        raise Rejected(f"Validation error in JSON body: [limit: must be from 1 to {MAX_LIMIT}]", 422)
    return limit


def read_fields(value: Any) -> Any:
    """Which payload fields to answer: true, false, a list of names, or {include: …} / {exclude: …}."""
    match value:
        case {"include": names}:
            return edge.PayloadSelector.Include(names)
        case {"exclude": names}:
            return edge.PayloadSelector.Exclude(names)
    return value


def read_query(body: Any, size: int) -> edge.QueryRequest:
    given = allow_only(
        body, "query", "filter", "params", "limit", "offset", "with_payload", "with_vector", "score_threshold"
    )
    query = given.get("query")
    if isinstance(query, dict):
        query = allow_only(query, "nearest").get("nearest")
    return edge.QueryRequest(
        limit=read_limit(given),
        offset=given.get("offset", 0),
        query=None if query is None else edge.Query.Nearest(read_vector(query, size)),
        filter=read_filter(given["filter"]) if "filter" in given else None,
        score_threshold=given.get("score_threshold"),
        with_payload=read_fields(given.get("with_payload", False)),
        with_vector=given.get("with_vector", False),
    )


def read_scroll(body: Any) -> edge.ScrollRequest:
    given = allow_only(body, "offset", "limit", "filter", "with_payload", "with_vector")
    return edge.ScrollRequest(
        offset=given.get("offset"),
        limit=read_limit(given),
        filter=read_filter(given["filter"]) if "filter" in given else None,
        with_payload=read_fields(given.get("with_payload", True)),
        with_vector=given.get("with_vector", False),
    )


def write_id(point_id: Any) -> int | str | None:
    return point_id if point_id is None or isinstance(point_id, int) else str(point_id)


def write_record(record: Any) -> dict[str, Any]:
    return {"id": write_id(record.id), "payload": record.payload, "vector": record.vector}


def write_scored(point: Any) -> dict[str, Any]:
    return {**write_record(point), "version": point.version, "score": point.score}


def write_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """The payload indexes of a shard as `{field: {data_type, points}}`."""
    return {
        field: {"data_type": str(index.data_type).rpartition(".")[2].lower(), "points": index.points}
        for field, index in schema.items()
    }
