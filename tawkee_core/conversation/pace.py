"""How fast a channel may speak in all, as one process sees it: sends of one channel are spread over time. The pace to
one
contact is kept in the database (`chat.paced_until`); the provider's 429 remains the truth."""

import threading
import time

MAX_WAIT = 5.0
MOST_KEPT = 1000

_lock = threading.Lock()
_next: dict[str, float] = {}


def wait_turn(channel_id: str, per_second: float) -> bool:
    """Wait until this channel may speak again; False, without waiting, when that would take too long."""
    if per_second <= 0:
        return True
    with _lock:
        now = time.monotonic()
        at = max(_next.get(channel_id, 0.0), now)
        if at - now > MAX_WAIT:
            return False
        if len(_next) >= MOST_KEPT:
            forget_past(now)
        _next[channel_id] = at + 1 / per_second
    if at > now:
        time.sleep(at - now)
    return True


def forget_past(moment: float) -> None:
    """Channels that may speak by now need no entry. Under the lock."""
    for channel_id in [each for each, at in _next.items() if at <= moment]:
        del _next[channel_id]
