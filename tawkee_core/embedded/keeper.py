"""Keeping one child alive: started again when it dies, later each time, and given up when it dies too often."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from .children import Child, StartError

DEATHS = 5
WINDOW_SECONDS = 30.0
FIRST_DELAY_SECONDS = 0.2


@dataclass
class Keeper:
    """One child, the times of its last deaths, and when it is to be started again."""

    child: Child
    say: Callable[[str], None]
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=DEATHS))
    restart_at: float | None = None

    def tend(self) -> None:
        """To be called often. Raises StartError when the child died five times within half a minute."""
        now = time.monotonic()
        if self.child.is_dead():
            self.note_death(now)
        elif self.restart_at is not None and now >= self.restart_at:
            self.restart_at = None
            self.child.start()

    def note_death(self, now: float) -> None:
        name, code = self.child.program.name, self.child.exit_code
        self.child.sweep()
        self.deaths.append(now)
        recent = [death for death in self.deaths if now - death < WINDOW_SECONDS]
        if len(recent) >= DEATHS:
            raise StartError(
                f"{name} stopped {DEATHS} times within {WINDOW_SECONDS:.0f} s. The end of {self.child.log}:\n"
                f"{self.child.tail()}"
            )
        delay = FIRST_DELAY_SECONDS * 2 ** (len(recent) - 1)
        self.restart_at = now + delay
        self.say(f"{name} stopped (exit {code}), starting it again in {delay:.1f} s; see {self.child.log}")
