"""What goes wrong, when: drawn from a seed before the run, done by the main thread, whose death its children share."""

import os
import random
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import psycopg2
from redis import Redis, RedisError

from tawkee_core.embedded.children import Child, wait_ready

from .history import Blow, History
from .people import People
from .profiles import Profile
from .site import Site

TICK = 0.02
WARM_SECONDS = 2.0
HEAL_SECONDS = 120.0


@dataclass(frozen=True)
class Planned:
    """A blow to come: seconds from the beginning, what, and a number that chooses among targets."""

    at: float
    what: str
    draw: float


def plan_blows(blows: Mapping[str, float], seconds: float, seed: int) -> list[Planned]:
    """The same seed gives the same plan; of each kind the blows come at random, so many a second in the mean."""
    plan = []
    for what, mean in sorted(blows.items()):
        dice = random.Random(f"{seed} {what}")
        at = WARM_SECONDS + dice.expovariate(1 / mean)
        while at < seconds:
            plan.append(Planned(at, what, dice.random()))
            at += dice.expovariate(1 / mean)
    return sorted(plan, key=lambda planned: planned.at)


@dataclass
class Nemesis:
    """Strikes by the plan, and puts up again what fell. `thaw` are frozen processes and when they may go on."""

    site: Site
    people: People
    history: History
    profile: Profile
    dice: random.Random
    thaw: dict[int, float] = field(default_factory=dict)
    rolled: int = 0
    leaving: str = ""
    left: int = 0

    def run(self, plan: list[Planned], seconds: float) -> None:
        began = time.monotonic()
        waiting = list(plan)
        while (passed := time.monotonic() - began) < seconds or waiting:
            while waiting and waiting[0].at <= passed:
                self.strike(waiting.pop(0))
            self.tend()
            self.people.hand_back()
            time.sleep(TICK)

    def heal(self) -> None:
        """Everything runs again, and chats are the AI's."""
        for pid in list(self.thaw):
            self.wake(pid)
        deadline = time.monotonic() + HEAL_SECONDS
        while not self.all_ready(""):
            if time.monotonic() > deadline:
                wait_ready(list(self.site.children.values()), 1)  # tells which one, and what it said
            self.tend()
            time.sleep(TICK)
        self.people.hand_all_back()

    def all_ready(self, prefix: str) -> bool:
        children = [self.site.children[name] for name in self.site.named(prefix)]
        return all(child.process and not child.is_dead() and child.program.is_ready() for child in children)

    def tend(self) -> None:
        """Wake what was frozen long enough; start again what is dead."""
        for pid in [pid for pid, until in self.thaw.items() if until <= time.monotonic()]:
            self.wake(pid)
        for child in self.site.children.values():
            if child.is_dead():
                child.sweep()
                child.start()

    def wake(self, pid: int) -> None:
        self.thaw.pop(pid, None)
        send_signal(pid, signal.SIGCONT)

    def strike(self, planned: Planned) -> None:
        blow = Blow(planned.what, time.time())
        self.history.blows.append(blow)
        first, _, second = planned.what.partition(" ")
        deeds: dict[str, Callable[[Blow, str, float], None]] = {
            "reset": self.reset,
            "hole": self.hole,
            "roll": self.roll,
            "takeover": lambda *_: self.people.take_over(),
            "person": lambda *_: self.people.write(),
        }
        deeds.get(first, self.strike_process)(blow, second, planned.draw)

    def reset(self, blow: Blow, wire: str, draw: float) -> None:
        self.site.tell_wires(f"reset {wire}")

    def hole(self, blow: Blow, wire: str, draw: float) -> None:
        blow.seconds = 0.5 + 2 * draw
        self.site.tell_wires(f"hole {wire} {blow.seconds:.2f}")

    def roll(self, blow: Blow, prefix: str, draw: float) -> None:
        """Ask the next one to stop, when all are there; it is started again when it has."""
        names = self.site.named(prefix)
        if self.leaving and not self.is_back():
            blow.what += " (not yet)"
            return
        blow.target = names[self.rolled % len(names)]
        self.rolled += 1
        self.leaving = blow.target
        self.left = self.site.pid(blow.target)
        self.site.children[blow.target].ask_stop()

    def is_back(self) -> bool:
        """Whether the one that was told to stop last has stopped, and another is in its place and ready."""
        return self.site.pid(self.leaving) != self.left and self.all_ready(self.leaving)

    def strike_process(self, blow: Blow, deed: str, draw: float) -> None:
        match blow.what.split(" ")[0], deed:
            case "redis", "flush" | "pause":
                self.confuse_redis(blow, deed)
            case "postgres" | "redis" as server, _:
                self.kill(self.site.children[server])
            case "web", _:
                pids = self.site.web_workers()
                send_signal(pids[int(draw * len(pids))] if pids else 0, signal.SIGKILL)
            case "leader", _:
                self.kill_leader(blow)
            case "worker", _:
                names = [name for name in self.site.named("worker") if self.all_ready(name)]
                if not names:
                    blow.what += " (none was up)"  # it would be no feat to kill what has not begun
                    return
                blow.target = names[int(draw * len(names))]
                self.strike_worker(blow, deed)

    def strike_worker(self, blow: Blow, deed: str) -> None:
        pid = self.site.pid(blow.target)
        if deed == "freeze":
            blow.seconds = self.dice.uniform(*self.profile.frozen)
            self.thaw[pid] = time.monotonic() + blow.seconds
            send_signal(pid, signal.SIGSTOP)
        else:
            self.thaw.pop(pid, None)
            self.kill(self.site.children[blow.target])

    def kill(self, child: Child) -> None:
        """SIGKILL; `tend` starts it again."""
        if child.process is not None:
            child.process.kill()
            child.process.wait(30)

    def kill_leader(self, blow: Blow) -> None:
        try:
            rows = self.site.sql("select holder from leader where expires_at > now()")
        except psycopg2.OperationalError:
            rows = []  # PostgreSQL was killed a moment ago
        pid = int(rows[0].holder.rsplit("-", 2)[-2]) if rows else 0
        for name in self.site.named("worker"):
            if self.site.pid(name) == pid:
                blow.what, blow.target = "worker kill", name
                self.kill(self.site.children[name])

    def confuse_redis(self, blow: Blow, deed: str) -> None:
        try:
            with Redis.from_url(self.site.redis, socket_timeout=1) as client:
                if deed == "flush":
                    client.flushall()
                else:
                    blow.seconds = 1.5
                    client.client_pause(1500)
        except (RedisError, OSError):
            blow.what += " (was away)"


def send_signal(pid: int, number: signal.Signals) -> None:
    try:
        if pid:
            os.kill(pid, number)
    except ProcessLookupError:
        return
