"""A tiny house that keeps every rule, and for each rule a way to break it."""

from pathlib import Path
from typing import NamedTuple

from .borders import (
    core_imports_downward,
    core_imports_no_plugin,
    core_names_no_plugin,
    hooks_know_no_request,
    http_goes_through_safe_http,
    imports_go_in_no_circle,
    only_api_knows_the_request,
    only_plugins_module_knows_pluggy,
    plugins_import_public_names,
    plugins_reach_in_by_no_name,
)
from .hooks import (
    argument_means_one_type,
    hookimpls_keep_the_spec,
    hooks_are_used,
    hooks_say_what_they_do,
    specs_take_plain_arguments,
)
from .shape import (
    broad_catches_say_why,
    disabled_lints_say_why,
    errors_are_not_swallowed,
    functions_are_short,
    modules_are_short,
    modules_say_why,
    names_are_short,
    names_say_what_happens,
    settings_are_read,
    sizes_are_even,
)
from .shelves import packages_are_shipped, packages_are_typed, plugins_are_announced, shelves_are_mapped
from .source import House, read_house
from .watched import alerts_are_explained, alerts_name_metrics, metrics_are_counted, metrics_are_explained

SPECS = '''"""Hooks."""
class ChannelHooks:
    @hookspec(firstresult=True)
    def channel_send(self, channel: Channel, text: "str") -> str | None:
        """Send a text."""
'''
PLUGIN = '''"""A channel."""
from tawkee_core import Channel, hookimpl
from .wire import post_text

@hookimpl
def channel_send(channel: Channel, text: str) -> str:
    return post_text(channel, text)
'''
SETUP = """[options]
packages =
    tawkee_core
    tawkee_core.api
    tawkee_core.conversation
    tawkee_post
package_dir =
    tawkee_post = channels/tawkee_post
[options.entry_points]
tawkee =
    post = tawkee_post
"""
REPLIES = '''"""Replies."""
def reply(settings):
    TURNS.inc()
    return settings.model
'''
ALERTS = """groups:
  - rules:
      - alert: TurnsDie
        expr: increase(tawkee_turns_total[5m]) > 0 and tawkee_age_seconds > 1
"""
GOOD = {
    "setup.cfg": SETUP,
    "tawkee_core/__init__.py": '"""The names."""\nfrom .hookspecs import hookimpl\n__all__ = ["Channel", "hookimpl"]\n',
    "tawkee_core/py.typed": "",
    "tawkee_core/hookspecs.py": SPECS,
    "tawkee_core/plugins.py": '"""Plugins."""\nimport pluggy\nfrom .hookspecs import hookimpl\n',
    "tawkee_core/api/__init__.py": '"""Routes."""\nfrom flask import request\nfrom ..conversation import reply\n',
    "tawkee_core/conversation/__init__.py": '"""The heart."""\nfrom .. import plugins\n',
    "tawkee_core/settings.py": '"""Settings."""\nclass Settings:\n    model: str = setting("", "The model.")\n',
    "tawkee_core/conversation/reply.py": REPLIES,
    "channels/tawkee_post/__init__.py": PLUGIN,
    "channels/tawkee_post/wire.py": '"""The wire."""\nimport flask\nfrom tawkee_core import Channel\n',
    "channels/tawkee_post/py.typed": "",
    "tawkee_core/metrics.py": '"""Counts."""\nTURNS = Counter("tawkee_turns_total", "Turns.")\n',
    "tawkee_core/scrape.py": '"""Gauges."""\nAGE = "tawkee_age_seconds"\n',
    "docs/operating.md": "`tawkee_turns_total`, `tawkee_age_seconds`\n| TurnsDie | they die | look | do |\n",
    "docs/alerts.yml": ALERTS,
    "tests/test_post.py": "def test_channel_send() -> None:\n    assert True\n",
}
REPLY, WIRE = "tawkee_core/conversation/reply.py", "channels/tawkee_post/wire.py"
HOOKS, POST = "tawkee_core/hookspecs.py", "channels/tawkee_post/__init__.py"


class Bad(NamedTuple):
    """A way to break one rule: a file's content, or an addition when it begins with "+"; None removes it."""

    rule: object
    path: str
    content: str | None


BAD = [
    Bad(core_imports_downward, REPLY, "+from ..api import anything"),
    Bad(core_imports_downward, REPLY, "+def late() -> None:\n    from ..api import anything"),
    Bad(
        core_imports_downward,
        "tawkee_core/helpdesk.py",
        '"""On no floor."""\nfrom . import plugins',
    ),
    Bad(core_imports_downward, "tawkee_core/hookspecs.py", "+from . import plugins"),
    Bad(core_imports_no_plugin, REPLY, "+import tawkee_post"),
    Bad(core_imports_no_plugin, REPLY, "+from tawkee_post.wire import post_text"),
    Bad(core_names_no_plugin, REPLY, '+KIND = "post"'),
    Bad(core_names_no_plugin, REPLY, '+import_module("tawkee_post")'),
    Bad(core_names_no_plugin, REPLY, "+QUERY = \"select 1 where kind = 'post'\""),
    Bad(plugins_import_public_names, WIRE, "+from tawkee_core.db import run"),
    Bad(plugins_import_public_names, WIRE, "+import tawkee_core.db"),
    Bad(plugins_import_public_names, WIRE, "+from tawkee_core import run"),
    Bad(plugins_import_public_names, WIRE, "+from tawkee_other import wire"),
    Bad(plugins_import_public_names, WIRE, "+import psycopg2"),
    Bad(plugins_import_public_names, WIRE, "+import a_library_that_is_not_installed"),
    Bad(plugins_import_public_names, WIRE, "+from channels.tawkee_post import wire"),
    Bad(plugins_import_public_names, "examples/tawkee_new/tawkee_new/__init__.py", "from tawkee_core.db import run"),
    Bad(plugins_reach_in_by_no_name, WIRE, '+import_module("tawkee_core.db")'),
    Bad(only_plugins_module_knows_pluggy, REPLY, "+from pluggy import PluginManager"),
    Bad(only_plugins_module_knows_pluggy, REPLY, "+plugins.manager.hook.channel_send()"),
    Bad(only_api_knows_the_request, REPLY, "+from flask import request"),
    Bad(only_api_knows_the_request, REPLY, "+from flask import current_app as app"),
    Bad(hooks_know_no_request, POST, "+from flask import request"),
    Bad(http_goes_through_safe_http, REPLY, "+import requests"),
    Bad(http_goes_through_safe_http, WIRE, "+from urllib.request import urlopen"),
    Bad(http_goes_through_safe_http, WIRE, "+from urllib import request"),
    Bad(http_goes_through_safe_http, WIRE, "+def late() -> None:\n    import http.client"),
    Bad(imports_go_in_no_circle, "tawkee_core/plugins.py", "+from .conversation import reply"),
    Bad(hooks_say_what_they_do, HOOKS, "+    @hookspec\n    def channel_read(self) -> None: ..."),
    Bad(
        hooks_say_what_they_do,
        HOOKS,
        '+    @hookspec\n    def channel_read(self) -> None:\n        """Read.\n\n        More."""',
    ),
    Bad(argument_means_one_type, HOOKS, "+    @hookspec\n    def channel_read(self, channel: str) -> None: ..."),
    Bad(argument_means_one_type, HOOKS, "+    @hookspec\n    def channel_read(self, untyped) -> None: ..."),
    Bad(specs_take_plain_arguments, HOOKS, "+    @hookspec\n    def channel_read(self, text: str = '') -> None: ..."),
    Bad(specs_take_plain_arguments, HOOKS, "+    @hookspec\n    def channel_read(self, *, text: str) -> None: ..."),
    Bad(hooks_are_used, HOOKS, '+    @hookspec\n    def channel_read(self) -> None:\n        """Read."""'),
    Bad(hooks_are_used, "tests/test_post.py", ""),
    Bad(hookimpls_keep_the_spec, POST, PLUGIN.replace("text: str", "text: bytes")),
    Bad(hookimpls_keep_the_spec, POST, PLUGIN.replace("text: str", "words: str")),
    Bad(hookimpls_keep_the_spec, POST, PLUGIN.replace("text: str", "text")),
    Bad(hookimpls_keep_the_spec, POST, PLUGIN.replace("-> str", "-> int")),
    Bad(hookimpls_keep_the_spec, POST, PLUGIN.replace("def channel_send", "def chanel_send")),
    Bad(hookimpls_keep_the_spec, "examples/tawkee_new/tawkee_new/__init__.py", PLUGIN.replace("text: str", "text")),
    Bad(modules_are_short, REPLY, "+" + "x = 1\n" * 400),
    Bad(functions_are_short, REPLY, "+def reply() -> None:\n" + "    x = 1\n" * 50),
    Bad(sizes_are_even, REPLY, "+" + "".join(f"def reply_{n}() -> None:\n" + "    x = 1\n" * 8 for n in range(9))),
    Bad(names_say_what_happens, "tawkee_core/conversation/utils.py", '"""Anything."""'),
    Bad(names_say_what_happens, REPLY, "+class ReplyService: ..."),
    Bad(names_say_what_happens, REPLY, "+class HTTPHandler: ..."),
    Bad(names_say_what_happens, REPLY, "+def reply_helper() -> None: ..."),
    Bad(names_are_short, REPLY, "+" + "".join(f"def write_down_number_{n}() -> None: ...\n" for n in range(9))),
    Bad(modules_say_why, REPLY, "x = 1\n"),
    Bad(settings_are_read, "tawkee_core/settings.py", "+class More:\n    idle: int = setting(1, 'Nobody asks.')"),
    Bad(settings_are_read, REPLY, '"""Replies."""\n'),
    Bad(errors_are_not_swallowed, REPLY, "+try:\n    x = 1\nexcept KeyError:\n    pass"),
    Bad(errors_are_not_swallowed, REPLY, "+try:\n    x = 1\nexcept KeyError:\n    ..."),
    Bad(broad_catches_say_why, REPLY, "+try:\n    x = 1\nexcept Exception:\n    x = 2"),
    Bad(broad_catches_say_why, REPLY, "+try:\n    x = 1\nexcept (KeyError, BaseException):\n    x = 2"),
    Bad(broad_catches_say_why, REPLY, "+try:\n    x = 1\nexcept:\n    x = 2"),
    Bad(disabled_lints_say_why, REPLY, "+x = 1  # no" + "qa: E501"),
    Bad(disabled_lints_say_why, REPLY, "+x = 1  # type" + ": ignore[misc]"),
    Bad(disabled_lints_say_why, REPLY, "+x = 1  # type" + ": ignore"),
    Bad(packages_are_shipped, "tawkee_core/work/__init__.py", '"""Not in setup.cfg."""'),
    Bad(packages_are_shipped, POST, None),
    Bad(shelves_are_mapped, "setup.cfg", SETUP.replace("channels/tawkee_post", "plugins/tawkee_post")),
    Bad(shelves_are_mapped, "plugins/tawkee_new/wire.py", '"""A plugin that nobody wrote down."""'),
    Bad(plugins_are_announced, "setup.cfg", SETUP.replace("post = tawkee_post", "")),
    Bad(plugins_are_announced, "setup.cfg", SETUP + "    post = tawkee_post:again\n"),
    Bad(metrics_are_counted, "tawkee_core/metrics.py", '+IDLE = Counter("tawkee_idle_total", "Nobody counts.")'),
    Bad(metrics_are_counted, REPLY, '"""Replies."""\n'),
    Bad(metrics_are_explained, "docs/operating.md", "`tawkee_turns_total`"),
    Bad(metrics_are_explained, "docs/operating.md", "+`tawkee_gone_total`"),
    Bad(alerts_name_metrics, "docs/alerts.yml", ALERTS.replace("tawkee_age_seconds", "tawkee_age")),
    Bad(alerts_are_explained, "docs/operating.md", "TurnsDie, `tawkee_turns_total`"),
    Bad(alerts_are_explained, "docs/operating.md", "| TurnsDie | they die |  | do |"),
    Bad(packages_are_typed, "channels/tawkee_post/py.typed", None),
]


def write_sample(root: Path, bad: Bad | None = None) -> House:
    """The good house in a folder, broken in one place when told to."""
    for path, content in GOOD.items():
        write_file(root / path, content)
    if bad is not None:
        apply_bad(root / bad.path, bad.content)
    return read_house(root)


def apply_bad(path: Path, content: str | None) -> None:
    if content is None:
        path.unlink()
    elif content.startswith("+"):
        path.write_text(f"{path.read_text()}\n{content[1:]}\n")
    else:
        write_file(path, content)


def write_file(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
