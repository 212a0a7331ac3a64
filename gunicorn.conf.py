"""Read by every `gunicorn wsgi:app` that starts here; the words are in the package, so that a wheel has them too."""

from tawkee_core.embedded.gunicorn_conf import *  # noqa: F403  # gunicorn reads the names of this module
