"""The collections of the embedded vector service: one `qdrant_edge.EdgeShard` in one folder each.

A folder counts as a collection once its `collection.json` is there: it is written last and removed first, so that
a process killed half-way through create or delete leaves nothing but litter, which the next start sweeps up.
Every update is in the shard's write-ahead log before it is answered, hence survives kill -9; `tend` writes the
segments to disk and vacuums within about a second, which bounds what a power cut can take.
"""

import fcntl
import json
import logging
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import qdrant_edge as edge

from tawkee_core.embedded.vectors_wire import DISTANCES, Rejected

NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
MARK = "collection.json"
MAX_SIZE = 16_384
TEND_SECONDS = 1.0

log = logging.getLogger("tawkee.vectors")


class Collection:
    def __init__(self, folder: Path) -> None:
        known = json.loads((folder / MARK).read_text())
        self.folder, self.size, self.distance = folder, int(known["size"]), str(known["distance"])
        self.shard = edge.EdgeShard.load(str(folder / "shard"))
        self.writing, self.tending, self.dirty, self.closed = threading.Lock(), threading.Lock(), False, False

    def update(self, operation: edge.UpdateOperation) -> None:
        with self.writing:
            if self.closed:
                raise Rejected("the vector service is stopping or the collection was deleted", 503)
            self.dirty = True
            self.shard.update(operation)

    def tend(self) -> None:
        """Flush and vacuum. Searches and updates go on meanwhile; without HNSW it takes 50 ms a 1,000 points."""
        with self.tending:
            if self.dirty and not self.closed:
                self.dirty = False
                self.shard.flush()
                self.shard.optimize()

    def close(self) -> None:
        with self.tending, self.writing:
            if not self.closed:
                self.closed = True
                self.shard.flush()
                self.shard.close()


class Store:
    """All collections under one folder. Raises BlockingIOError when another process holds the folder."""

    def __init__(self, data: Path) -> None:
        self.root = data / "collections"
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.lock_file = (data / "lock").open("w")
        fcntl.flock(self.lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.changing, self.stopping = threading.Lock(), threading.Event()
        self.collections: dict[str, Collection] = {}
        self.broken: dict[str, str] = {}
        for folder in self.sweep_litter():
            self.load_collection(folder)
        self.tender = threading.Thread(target=self.tend_collections, name="tend", daemon=True)
        self.tender.start()

    def load_collection(self, folder: Path) -> None:
        """One that cannot be read is kept as it lies and answered for with 503; the others are served."""
        try:
            self.collections[folder.name] = Collection(folder)
        except Exception as error:  # qdrant_edge raises plain Exception for whatever its Rust core finds
            log.exception("cannot load collection %s", folder.name)
            self.broken[folder.name] = str(error)[:300]

    def sweep_litter(self) -> Iterator[Path]:
        for folder in sorted(self.root.iterdir()):
            if (folder / MARK).exists():
                yield folder
            else:
                log.warning("removing unfinished collection %s", folder.name)
                shutil.rmtree(folder)

    def find(self, name: str) -> Collection:
        collection = self.collections.get(name)
        if name in self.broken:
            raise Rejected(f"Service unavailable: collection `{name}` cannot be read: {self.broken[name]}", 503)
        if collection is None:
            raise Rejected(f"Not found: Collection `{name}` doesn't exist!", 404)
        return collection

    def create(self, name: str, size: Any, distance: Any) -> None:
        if not NAME.fullmatch(name):
            raise Rejected("Wrong input: a collection's name is 1 to 255 of A-Z a-z 0-9 _ -", 422)
        if type(size) is not int or not 1 <= size <= MAX_SIZE or distance not in DISTANCES:
            raise Rejected(f"Validation error: vectors need a size from 1 to {MAX_SIZE} and a known distance", 422)
        with self.changing:
            if name in self.collections or name in self.broken:
                raise Rejected(f"Wrong input: Collection `{name}` already exists!", 409)
            self.collections[name] = create_collection(self.root / name, size, distance)

    def delete(self, name: str) -> bool:
        with self.changing:
            collection = self.collections.pop(name, None)
            if collection is None and self.broken.pop(name, None) is None:
                return False
            folder = self.root / name
            (folder / MARK).unlink()
            if collection:
                collection.close()
            shutil.rmtree(folder)
        return True

    def tend_collections(self) -> None:
        while not self.stopping.wait(TEND_SECONDS):
            for collection in list(self.collections.values()):
                try:
                    collection.tend()
                except Exception:  # qdrant_edge raises plain Exception; the others must still be tended
                    log.exception("cannot flush collection %s", collection.folder.name)

    def close(self) -> None:
        """Refuse further updates, flush and close every collection. Waits for updates that are under way."""
        self.stopping.set()
        self.tender.join()
        with self.changing:
            for collection in self.collections.values():
                collection.close()
        self.lock_file.close()


def create_collection(folder: Path, size: int, distance: str) -> Collection:
    """An empty collection. HNSW stays off (threshold 0): every search is filtered by tenant, hence exact and fast."""
    (folder / "shard").mkdir(parents=True)
    vectors = edge.EdgeVectorParams(size=size, distance=DISTANCES[distance])
    config = edge.EdgeConfig(
        vectors=vectors, max_search_threads=2, optimizers=edge.EdgeOptimizersConfig(indexing_threshold=0)
    )
    edge.EdgeShard.create(str(folder / "shard"), config).close()
    unfinished = folder / "unfinished"
    unfinished.write_text(json.dumps({"size": size, "distance": distance}))
    unfinished.replace(folder / MARK)
    return Collection(folder)
