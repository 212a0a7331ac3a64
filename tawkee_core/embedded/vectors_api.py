"""What the embedded vector service answers, one function a Qdrant endpoint, and the table of routes."""

import itertools
import re
from collections.abc import Callable
from typing import Any

import qdrant_edge as edge

from tawkee_core.embedded.vectors_store import Collection, Store
from tawkee_core.embedded.vectors_wire import (
    Rejected,
    allow_only,
    read_filter,
    read_index,
    read_points,
    read_query,
    read_scroll,
    require,
    write_id,
    write_record,
    write_schema,
    write_scored,
)

# What only tunes a real Qdrant is taken and not heeded; what would change answers (other kinds of vector) is refused.
TUNING = (
    "hnsw_config", "memory", "metadata", "on_disk", "on_disk_payload", "optimizers_config",
    "replication_factor", "shard_number", "wal_config", "write_consistency_factor",
)  # fmt: skip
operation_ids = itertools.count()


def list_collections(store: Store, body: Any) -> Any:
    return {"collections": [{"name": name} for name in sorted([*store.collections, *store.broken])]}


def show_collection(store: Store, body: Any, name: str) -> Any:
    collection = store.find(name)
    info = collection.shard.info()
    params = {"vectors": {"size": collection.size, "distance": collection.distance}}
    return {
        "status": "green",
        "optimizer_status": "ok",
        "points_count": info.points_count,
        "indexed_vectors_count": info.indexed_vectors_count,
        "segments_count": info.segments_count,
        "payload_schema": write_schema(info.payload_schema),
        "config": {
            "params": params,
            "hnsw_config": {"m": 0, "ef_construct": 0, "full_scan_threshold": 0},
            "optimizer_config": {"default_segment_number": 0, "flush_interval_sec": 1},
        },
    }


def check_exists(store: Store, body: Any, name: str) -> Any:
    return {"exists": name in store.collections or name in store.broken}


def create_collection(store: Store, body: Any, name: str) -> Any:
    given = require(allow_only(body, "vectors", *TUNING), "vectors")
    vectors = require(allow_only(given["vectors"], "size", "distance", *TUNING), "size", "distance")
    store.create(name, vectors["size"], vectors["distance"])
    return True


def delete_collection(store: Store, body: Any, name: str) -> Any:
    return store.delete(name)


def create_index(store: Store, body: Any, name: str) -> Any:
    given = require(allow_only(body, "field_name", "field_schema"), "field_name")
    schema = read_index(given.get("field_schema", "keyword"))
    return complete_update(store.find(name), edge.UpdateOperation.create_field_index(given["field_name"], schema))


def delete_index(store: Store, body: Any, name: str, field: str) -> Any:
    return complete_update(store.find(name), edge.UpdateOperation.delete_field_index(field))


def upsert_points(store: Store, body: Any, name: str) -> Any:
    collection = store.find(name)
    return complete_update(collection, edge.UpdateOperation.upsert_points(read_points(body, collection.size)))


def delete_points(store: Store, body: Any, name: str) -> Any:
    collection = store.find(name)
    match allow_only(body, "points", "filter"):
        case {"points": ids}:
            return complete_update(collection, edge.UpdateOperation.delete_points(ids))
        case {"filter": condition}:
            by_filter = edge.UpdateOperation.delete_points_by_filter(read_filter(condition))
            return complete_update(collection, by_filter)
    raise Rejected("Format error in JSON body: delete needs points or filter")


def complete_update(collection: Collection, operation: edge.UpdateOperation) -> Any:
    collection.update(operation)
    return {"operation_id": next(operation_ids), "status": "completed"}


def retrieve_points(store: Store, body: Any, name: str) -> Any:
    given = allow_only(body, "ids", "with_payload", "with_vector")
    shard = store.find(name).shard
    found = shard.retrieve(given.get("ids", []), given.get("with_payload", True), given.get("with_vector", False))
    return [write_record(record) for record in found]


def query_points(store: Store, body: Any, name: str) -> Any:
    collection = store.find(name)
    found = collection.shard.query(read_query(body, collection.size))
    return {"points": [write_scored(point) for point in found]}


def query_batch(store: Store, body: Any, name: str) -> Any:
    searches = allow_only(body, "searches").get("searches", [])
    return [query_points(store, search, name) for search in searches]


def scroll_points(store: Store, body: Any, name: str) -> Any:
    found, offset = store.find(name).shard.scroll(read_scroll(body))
    return {"points": [write_record(record) for record in found], "next_page_offset": write_id(offset)}


def count_points(store: Store, body: Any, name: str) -> Any:
    given = allow_only(body, "filter", "exact")
    condition = read_filter(given["filter"]) if "filter" in given else None
    request = edge.CountRequest(exact=given.get("exact", True), filter=condition)
    return {"count": store.find(name).shard.count(request)}


Answer = Callable[..., Any]
ROUTES: list[tuple[str, re.Pattern[str], Answer]] = [
    (method, re.compile("/collections" + path.replace("{}", "([^/]+)")), answer)
    for method, path, answer in (
        ("GET", "", list_collections),
        ("GET", "/{}", show_collection),
        ("PUT", "/{}", create_collection),
        ("DELETE", "/{}", delete_collection),
        ("GET", "/{}/exists", check_exists),
        ("PUT", "/{}/index", create_index),
        ("DELETE", "/{}/index/{}", delete_index),
        ("PUT", "/{}/points", upsert_points),
        ("POST", "/{}/points", retrieve_points),
        ("POST", "/{}/points/delete", delete_points),
        ("POST", "/{}/points/query", query_points),
        ("POST", "/{}/points/query/batch", query_batch),
        ("POST", "/{}/points/scroll", scroll_points),
        ("POST", "/{}/points/count", count_points),
    )
]


def find_route(method: str, path: str) -> tuple[Answer, tuple[str, ...]]:
    """The function for a request and the raw path parameters; raises Rejected (404) for an unknown one."""
    for wanted, pattern, answer in ROUTES:
        if wanted == method and (found := pattern.fullmatch(path)):
            return answer, found.groups()
    raise Rejected(f"Not supported by Tawkee's embedded vector service: {method} {path}", 404)
