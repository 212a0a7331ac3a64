"""The application: made quickly, connecting to nothing, importing nothing heavy."""

import subprocess
import sys
from typing import Any

import pytest

from tawkee_core import create_app
from tawkee_core.context import current
from tawkee_core.errors import Unavailable
from tests.core.test_plugins import Greeter

HEAVY = ("litellm", "qdrant_client", "stripe", "openai", "numpy", "grpc")
START = f"""
import sys
from tawkee_core import create_app
app = create_app({{"database_url": "postgresql://nobody@127.0.0.1:1/none", "redis_url": "redis://127.0.0.1:1/0"}})
assert app.test_client().get("/healthz").status_code == 200
broken = {{r.name: r.broken for r in app.extensions["tawkee"].plugins.report() if r.broken}}
assert not broken, broken
print([name for name in {HEAVY!r} if name in sys.modules])
"""


def test_starting_imports_nothing_heavy_and_connects_to_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_wsgi_serves_the_application_of_the_environment() -> None:
    code = "import wsgi; print(wsgi.app.test_client().get('/healthz').json)"
    environ = {"TAWKEE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environ)
    assert done.stdout.strip() == "{'status': 'ok'}", done.stderr


def test_plugins_and_settings_belong_to_one_application(config: dict[str, Any]) -> None:
    one = create_app({**config, "model": "x"}, [("greeter", Greeter("greeter"))])
    other = create_app(config)
    with one.app_context():
        assert current().settings.model == "x"
        assert "greeter" in current().plugins.names("channel_info")
    with other.app_context():
        assert current().settings.model == ""
        assert "greeter" not in current().plugins.names("channel_info")


def test_a_database_must_be_named() -> None:
    with pytest.raises(Unavailable, match="TAWKEE_DATABASE_URL"):
        create_app({"database_url": ""})
