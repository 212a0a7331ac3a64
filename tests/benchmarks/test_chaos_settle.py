"""How a run of chaos comes to its end, on a real database."""

from functools import partial
from types import SimpleNamespace
from typing import Any

from benchmarks.chaos.run import settle
from benchmarks.chaos.site import Site
from tawkee_core.db import run
from tests.lines import Line, line

__all__ = ["line"]


class People:
    """Hand back as the harness' people do; of what is given up only after their first time nobody tells them."""

    def __init__(self, chat_id: str) -> None:
        self.chat_id, self.times = chat_id, 0

    def hand_all_back(self) -> None:
        self.times += 1
        owner = "human" if self.times == 1 else "ai"
        run("update chat set owner = %s where id = %s", (owner, self.chat_id))


def test_a_chat_given_up_after_the_handback_is_handed_back_again(line: Line) -> None:
    line.say()
    line.settle()
    run("update chat set owner = 'ai' where owner = 'human'")
    run("update channel set paused_until = now() + interval '10 minutes' where id = %s", (line.channel.id,))
    site: Any = SimpleNamespace(database=line.tawkee.settings.database_url)
    site.sql = partial(Site.sql, site)
    people: Any = People(line.chat.id)
    settle(site, people)
    assert people.times == 2
    assert run("select paused_until from channel where id = %s", (line.channel.id,))[0].paused_until is None
