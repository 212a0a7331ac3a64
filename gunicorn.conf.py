"""Read by every `gunicorn wsgi:app` that starts here; what it says is kept in the package, so that a wheel has it too."""

from tawkee_core.embedded.gunicorn_conf import *  # noqa: F403  # gunicorn reads the names of this module
