"""The files in which processes keep their counts. Those of processes that ended are folded into one of each kind, so
that neither what they counted is lost nor their files pile up."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest, multiprocess
from prometheus_client.mmap_dict import MmapedDict

ENDED = 0  # the process number under which those that ended are kept; no process has it


def read_files(folder: Path) -> bytes:
    """What all processes of this machine counted, in Prometheus' text format."""
    with holding(folder):  # nobody reads while files are folded: a count would be there twice, or not at all
        fold_ended(folder)
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]  # the library's gap
        return generate_latest(registry)


@contextmanager
def holding(folder: Path) -> Iterator[None]:
    """Be the only one that reads or folds this folder; the lock goes with the process, however it ends."""
    with (folder / "lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def fold_ended(folder: Path) -> None:
    """Add up what ended processes counted; their gauges end with them."""
    for path in sorted(folder.glob("*.db")):
        kind, _, number = path.stem.rpartition("_")
        if not number.isdigit() or int(number) == ENDED or is_alive(int(number)):
            continue
        if not kind.startswith("gauge"):
            add_values(path, folder / f"{kind}_{ENDED}.db")
        path.unlink()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def add_values(source: Path, target: Path) -> None:
    """Written beside the old one and put in its place, so that one killed meanwhile leaves it whole."""
    values = read_values(target) if target.exists() else {}
    for key, value in read_values(source).items():
        values[key] = values.get(key, 0.0) + value
    fresh = target.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    written = MmapedDict(str(fresh))  # type: ignore[no-untyped-call]  # the library's gap
    for key, value in values.items():
        written.write_value(key, value, 0.0)  # type: ignore[no-untyped-call]  # the library's gap
    written.close()  # type: ignore[no-untyped-call]  # the library's gap
    fresh.replace(target)


def read_values(path: Path) -> dict[str, float]:
    entries = MmapedDict.read_all_values_from_file(str(path))  # type: ignore[no-untyped-call]  # the library's gap
    return {key: value for key, value, _, _ in entries}
