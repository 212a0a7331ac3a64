"""Stop asking a model that keeps failing: closed → open after failures in a row → one probe → closed again. One
process's view."""

import threading
import time
from dataclasses import dataclass

FAILURES = 5
OPEN_SECONDS = 30.0
MAX_OPEN_SECONDS = 300.0


@dataclass
class Circuit:
    failures: int = 0
    open_until: float = 0.0
    wait: float = OPEN_SECONDS
    probing: bool = False


class Breaker:
    """Circuits by name, e.g. (model, whose key). A tenant's own bad key must have a name of its own."""

    def __init__(self, open_seconds: float = OPEN_SECONDS) -> None:
        self._wait = open_seconds
        self._lock = threading.Lock()
        self._circuits: dict[str, Circuit] = {}

    def allows(self, name: str) -> bool:
        """Whether to ask now; after the pause, one asker at a time is let through to probe."""
        with self._lock:
            circuit = self._circuits.get(name)
            if circuit is None or circuit.failures < FAILURES:
                return True
            if time.monotonic() < circuit.open_until or circuit.probing:
                return False
            circuit.probing = True
            return True

    def succeeded(self, name: str) -> None:
        with self._lock:
            self._circuits.pop(name, None)

    def failed(self, name: str) -> None:
        with self._lock:
            circuit = self._circuits.setdefault(name, Circuit(wait=self._wait))
            circuit.failures += 1
            if circuit.probing:
                circuit.wait = min(circuit.wait * 2, MAX_OPEN_SECONDS)
            circuit.probing = False
            if circuit.failures >= FAILURES:
                circuit.open_until = time.monotonic() + circuit.wait

    def skipped(self, name: str) -> None:
        """The asker let through did not get to learn anything; another may probe."""
        with self._lock:
            if name in self._circuits:
                self._circuits[name].probing = False

    def open_names(self) -> list[str]:
        """The circuits that are open now."""
        with self._lock:
            return [name for name, c in self._circuits.items() if c.failures >= FAILURES]
