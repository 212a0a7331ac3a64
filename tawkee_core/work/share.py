"""Which part of the due work the leading process begins by itself, and how many others are to be told of the rest."""

import time

from ..db import run

COUNT_SECONDS = 5.0
COUNT = """
select count(*)::int as workers from heartbeat where kind = 'worker' and beaten_at > now() - make_interval(secs => %s)
"""


class Share:
    """Equal parts for every living worker process; what does not divide is ours in turn."""

    def __init__(self, lease_seconds: float) -> None:
        self._lease = lease_seconds
        self._count_at = self._left = 0.0
        self.workers = 1

    def take(self, due: int, free: int) -> int:
        """How many of so many items are ours, at most as many as there are threads free."""
        if time.monotonic() >= self._count_at:
            self._count_at = time.monotonic() + COUNT_SECONDS
            self.workers = max(run(COUNT, (self._lease,))[0].workers, 1)
        if self.workers == 1:
            return due  # with no thread free, the next one to be free takes it
        self._left += due / self.workers
        own = min(int(self._left), due, free)
        self._left = min(self._left - own, 1.0)
        return own
