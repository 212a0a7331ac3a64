"""The application that is measured: Tawkee's own, and two routes to compare its webhook with."""

from flask import Flask, Response, jsonify, request

from tawkee_core.api.webhooks import verified_channel
from tawkee_core.app import create_app


def make_app() -> Flask:
    app = create_app()
    app.add_url_rule("/bench/bare", view_func=answer_bare, methods=["POST"])
    app.add_url_rule("/bench/verify/<channel_id>/<token>", view_func=answer_verified, methods=["POST"])
    return app


def answer_bare() -> Response:
    """What this stack costs by itself: the body is read and nothing is asked."""
    request.get_data()
    return jsonify(status="bare")


def answer_verified(channel_id: str, token: str) -> Response:
    """The webhook's own verification, channel and secrets included, and nothing stored."""
    body = request.get_data()
    headers = {name.lower(): value for name, value in request.headers.items()}
    verified_channel(channel_id, token, headers, body)
    return jsonify(status="verified")
