"""A person who calls the API in tests."""

from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient

from tawkee_core.models import new_id
from tests.canary import canary, learn

Answer = Any  # a werkzeug TestResponse, whose `json` is said to be None at times
Client = Any  # a FlaskClient, whose methods give such answers
PASSWORD = canary("password")


@dataclass(frozen=True)
class Caller:
    """Someone who is signed in, and the workspace of theirs. Paths that begin with `…` are within the workspace."""

    client: FlaskClient
    email: str
    user_id: str
    workspace_id: str
    access_token: str
    refresh_token: str

    def call(self, method: str, path: str, **options: Any) -> Answer:
        path = path.replace("…", f"/api/workspaces/{self.workspace_id}")
        headers = {"Authorization": f"Bearer {self.access_token}", **options.pop("headers", {})}
        return self.client.open(path, method=method, headers=headers, **options)

    def get(self, path: str, **options: Any) -> Answer:
        return self.call("GET", path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> Answer:
        return self.call("POST", path, json=json, **options)

    def patch(self, path: str, json: Any) -> Answer:
        return self.call("PATCH", path, json=json)

    def delete(self, path: str) -> Answer:
        return self.call("DELETE", path)

    def make_agent(self, **values: Any) -> str:
        """A new agent; its id."""
        made = self.post("…/agents", {"name": "Ana", **values})
        assert made.status_code == 201, made.text
        return str(made.json["id"])


def register_caller(client: FlaskClient) -> Caller:
    """Somebody new, with a workspace of their own."""
    email = f"{new_id()}@example.com"
    given = {"name": "Ana Lima", "email": email, "password": PASSWORD, "workspace_name": "Loja"}
    made: Answer = client.post("/api/auth/register", json=given)
    assert made.status_code == 201, made.text
    body = made.json
    learn(body["access_token"], body["refresh_token"])
    return Caller(
        client, email, body["user"]["id"], body["workspace"]["id"], body["access_token"], body["refresh_token"]
    )
