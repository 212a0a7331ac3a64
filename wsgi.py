"""For gunicorn and other WSGI servers: `gunicorn wsgi:app`."""

from tawkee_core import create_app

app = create_app()
