"""Taking a request's connection out of the web server's hands, so that an idle event stream costs no thread.

gunicorn gives WSGI applications the connection as `gunicorn.socket`. When a request ends, its thread worker (27.0.1)
half-closes the connection, not only its own descriptor, so a copy alone would die with it: the descriptor gunicorn
keeps is pointed at a dead socket first. gunicorn then writes its last chunk into EPIPE, which it takes for a client
that left, and counts one connection less.
"""

import os
import socket
from collections.abc import Mapping
from typing import Any


def take_socket(environ: Mapping[str, Any]) -> socket.socket | None:
    """The connection of this request, ours from now on; None where TLS or HTTP/2 ends here or the server is another."""
    held = environ.get("gunicorn.socket")
    if type(held) is not socket.socket or environ.get("HTTP_VERSION") == "2":
        return None
    taken = held.dup()
    dead, peer = socket.socketpair()
    peer.close()
    os.dup2(dead.fileno(), held.fileno(), inheritable=False)
    dead.close()
    return taken


def is_chunked(environ: Mapping[str, Any]) -> bool:
    """Whether gunicorn announced `Transfer-Encoding: chunked` for an answer without a length."""
    return environ.get("SERVER_PROTOCOL") != "HTTP/1.0"
