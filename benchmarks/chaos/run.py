"""One run: everything is started, the customers write while the nemesis strikes, all is healed and drained, and the
verdict is given."""

import asyncio
import random
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tawkee_core.settings import Settings

from .checker import Case
from .driver import Driver
from .final import drain, read_final
from .history import History
from .nemesis import Nemesis, plan_blows
from .outside import Outside
from .people import People
from .profiles import Profile
from .site import ROOT, Site, running_site

DRAIN_SECONDS = 60.0
ROUNDS = 3
RESUME = "update channel set paused_until = null where paused_until > now()"  # as if its ten minutes had passed


@contextmanager
def running_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="outside", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def settle(site: Site, people: People) -> None:
    """Hand every chat back and let it be answered; again for those that were given up meanwhile, since the workers of
    their turn had died three times, and wait for a person now. Nobody waits here for a channel whose breaker opened."""
    for _ in range(ROUNDS):
        site.sql(RESUME)
        people.hand_all_back()
        drain(site, DRAIN_SECONDS)
        if not site.sql("select 1 from chat where owner = 'human'"):
            return


def run_chaos(profile: Profile, seconds: float, seed: int, tree: Path = ROOT, keep: Path | None = None) -> Case:
    """Let it rage for so long; what was seen. The servers' folder is kept in `keep` where one is given."""
    history = History()
    folder = Path(tempfile.mkdtemp(prefix="tawkee-chaos-"))
    folder.chmod(0o755)
    outside = Outside(history, profile.temper, random.Random(f"{seed} outside"))
    try:
        with running_loop() as loop:
            asyncio.run_coroutine_threadsafe(outside.listen(), loop).result(10)
            with running_site(folder / "data", profile, outside.ports, tree) as site:
                driver = Driver(history, profile, site.doors, site.ports, random.Random(f"{seed} driver"))
                people = People(site, history, random.Random(f"{seed} people"))
                nemesis = Nemesis(site, people, history, profile, random.Random(f"{seed} nemesis"))
                driving = asyncio.run_coroutine_threadsafe(driver.run(seconds), loop)
                nemesis.run(plan_blows(profile.blows, seconds, seed), seconds)
                nemesis.heal()
                driving.result(DRAIN_SECONDS)
                settle(site, people)
                final = read_final(site, DRAIN_SECONDS)
            asyncio.run_coroutine_threadsafe(outside.close(), loop).result(10)
    finally:
        if keep is not None:
            shutil.copytree(folder / "data" / "logs", keep, dirs_exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
    return Case(history, final, profile, float(profile.settings.get("lease_seconds", Settings().lease_seconds)))
