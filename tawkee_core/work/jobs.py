"""What RQ calls: a hint that so many items of a kind are due. The work itself goes on in the process's threads."""

from .pool import Pool

_pool: Pool | None = None


def use_pool(pool: Pool) -> None:
    """Name the pool of this process."""
    global _pool
    _pool = pool


def drain(kind: str, count: int) -> int:
    """Start up to `count` due items of a kind; how many were started here."""
    return _pool.drain(kind, count) if _pool is not None else 0
