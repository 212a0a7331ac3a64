"""Redis carries hints only: without it a web chat is slower, and nothing else."""

from typing import Any

from tests.channels.tawkee_webchat.site import Visitor, serve_site


def test_a_stream_goes_on_without_redis(config: dict[str, Any]) -> None:
    with serve_site({**config, "redis_url": "redis://127.0.0.1:1/0"}, workers=1) as site:
        visitor = Visitor(site.chat_url(site.add_chat()))
        events = visitor.watch()
        visitor.say("oi")
        assert events.take("message")[1]["text"] == "oi"
        assert events.take("message")[1]["text"] == "echo: oi"
        events.close()
