"""How a provider's answer does not arrive though the message did: the connection breaks, or a proxy speaks instead."""

import socket
from http.server import BaseHTTPRequestHandler

PAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>"


def lose_answer(connection: BaseHTTPRequestHandler, status: int) -> None:
    """Break the connection; with status 502, let a proxy answer first, whose patience ended."""
    connection.close_connection = True
    if status != 502:
        connection.connection.shutdown(socket.SHUT_RDWR)
        return
    connection.send_response(status)
    connection.send_header("content-type", "text/html")
    connection.send_header("content-length", str(len(PAGE)))
    connection.end_headers()
    connection.wfile.write(PAGE)
