"""One dispatcher at a time: a lease row in PostgreSQL, timed by its clock, trusted for less than it lasts."""

import time

from ..db import run

ELECT = """
insert into leader (name, holder, elected_at, expires_at)
values (%(name)s, %(holder)s, now(), now() + make_interval(secs => %(ttl)s))
on conflict (name) do update set holder = excluded.holder, expires_at = excluded.expires_at,
    elected_at = case when leader.holder = excluded.holder then leader.elected_at else now() end
where leader.holder = excluded.holder or leader.expires_at < now() returning holder
"""


class Leadership:
    """A process's claim to lead. Two leaders for a moment do no harm: what they do is claimed or compared before it
    counts."""

    def __init__(self, name: str, holder: str, ttl: float) -> None:
        self.name, self.holder, self.ttl = name, holder, ttl
        self._trusted_until = 0.0
        self._ask_again = 0.0

    def held(self) -> bool:
        """Whether this process leads; asks PostgreSQL a few times within a lease."""
        moment = time.monotonic()
        if moment >= self._ask_again:
            self._ask_again = moment + self.ttl / 3
            won = run(ELECT, {"name": self.name, "holder": self.holder, "ttl": self.ttl})
            self._trusted_until = moment + self.ttl * 2 / 3 if won else 0.0
        return moment < self._trusted_until

    def resign(self) -> None:
        """Let another lead at once."""
        self._trusted_until = 0.0
        run("delete from leader where name = %s and holder = %s", (self.name, self.holder))
