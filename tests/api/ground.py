"""The ground that a walk through the API stands on: somebody who owns a workspace with one of everything, and what only
they can know: ids, passwords, codes, tokens."""

import re
from collections import defaultdict
from typing import Any

import pyotp

from tawkee_core.accounts.invitations import make_token
from tawkee_core.db import run, transaction
from tawkee_core.models import new_id
from tawkee_core.notifications.notify import notify_team
from tawkee_core.testing.running import Company, Running
from tests.api.test_permissions import add_person, add_workspace
from tests.callers import PASSWORD, Caller, register_caller
from tests.canary import learn
from tests.letters import find_token
from tests.lines import end_work

WORKSPACES = "/api/workspaces"
INVITATIONS = "/api/invitations"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64
LISTS = ("…/contacts", "…/notifications", "…/invitations", "…/api-keys", "/api/auth/sessions")
# where the thing that an answer is about stands, when it is not under the path that was called
ELSEWHERE = {"/export": "contacts/tasks"}
LETTERS = {"/api/auth/email/confirm": "confirm_email", "/api/auth/password/reset": "reset_password"}


class Ground:
    """`ids` are those that exist, by the path under which they stand; `visitor` opens the web chat."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.ids: defaultdict[str, list[str]] = defaultdict(list)
        self.caller: Caller = register_caller(running.client)
        self.secret = ""
        self.workspace = f"{WORKSPACES}/{self.caller.workspace_id}"
        self.other_workspace_id = add_workspace(self.caller.user_id)
        self.ids[WORKSPACES] = [self.caller.workspace_id]
        self.fill_agent()
        self.fill_team()
        for name in LISTS:
            path = name.replace("…", self.workspace)
            self.learn(path, self.caller.get(path).json)

    def fill_agent(self) -> None:
        """An agent, a training, two channels, a chat with a customer and one with a visitor."""
        self.agent_id = self.caller.make_agent()
        company = Company(self.caller.workspace_id, self.agent_id, self.caller.user_id)
        self.ids[f"{self.workspace}/agents"] = [self.agent_id]
        channel, site = (self.running.add_channel(company, kind) for kind in ("echo", "webchat"))
        event = {"type": "message", "id": new_id(), "from": "carla", "text": "oi", "name": "Carla"}
        assert self.running.post_echo(channel, event) == 200
        started: Any = self.running.client.post(f"/chat/{site.id}/sessions", json={})
        self.visitor = started.json["visitor_token"]
        learn(self.visitor)
        self.ids[f"{self.workspace}/channels"] = [channel.id, site.id]
        self.ids["/chat"] = [site.id]
        chat_id = self.caller.get("…/chats").json[0]["id"]
        self.ids[f"{self.workspace}/chats"] = [chat_id]
        self.failed_message(chat_id)

    def failed_message(self, chat_id: str) -> None:
        """One that can be sent again."""
        sent = self.caller.post(f"…/chats/{chat_id}/messages", {"text": "oi"})
        run("update outbound set state = 'dead' where message_id = %s", (sent.json["id"],))
        run("update message set status = 'failed' where id = %s", (sent.json["id"],))
        self.ids[f"{self.workspace}/chats/{chat_id}/messages"] = [sent.json["id"]]

    def fill_team(self) -> None:
        """A member, somebody invited, a key, something to be told."""
        member_id = add_person()
        added = "insert into membership (workspace_id, user_id, role) values (%s, %s, 'TRAINER')"
        run(added, (self.caller.workspace_id, member_id))
        self.ids[f"{self.workspace}/members"] = [member_id]
        invited = self.caller.post("…/invitations", {"email": f"{new_id()}@example.com", "role": "TRAINER"})
        self.learn(f"{self.workspace}/invitations", invited.json)
        assert self.caller.post("…/api-keys", {"name": "CRM", "scopes": ["agents"]}).status_code == 201
        with transaction() as cursor:
            notify_team(cursor, self.caller.workspace_id, "turn_dead")

    def firm(self) -> bool:
        """Whether we still are where we began: signed in, with a role in the workspace, and its agent there."""
        return all(self.caller.get(path).status_code == 200 for path in ("…", f"…/agents/{self.agent_id}"))

    def known(self, name: str, path: str) -> Any:
        """What only we can know of a field of this name; None where anything will do."""
        match name:
            case "password" | "current_password" | "new_password":
                return PASSWORD
            case "email":
                return f"{new_id()}@example.com" if path.endswith("/invitations") else self.caller.email
            case "refresh_token":
                return self.caller.refresh_token
            case "workspace_id":
                return self.other_workspace_id
            case "agent_id":
                return self.agent_id
            case "kind":
                return "webchat"
            case "phone":
                return "+5511912345678"
            case "photo":
                return PNG
            case "token":
                return self.mailed_token(path)
            case "code" if self.secret:
                return pyotp.TOTP(self.secret).now()
        return None

    def mailed_token(self, path: str) -> str:
        if path.endswith("/reset"):
            self.running.client.post("/api/auth/password/forgot", json={"email": self.caller.email})
        return find_token(self.running.app, self.caller.email, LETTERS[path])

    def learn(self, path: str, told: Any) -> None:
        """Remember what was made, listed or told."""
        for each in told if isinstance(told, list) else [told]:
            if isinstance(each, dict):
                self.learn_thing(path, each)

    def learn_thing(self, path: str, thing: dict[str, Any]) -> None:
        place = next((f"{self.workspace}/{there}" for end, there in ELSEWHERE.items() if path.endswith(end)), path)
        invited = place.endswith("/members") and thing.get("status") == "PENDING"
        if "id" in thing and thing["id"] not in self.ids[place] and place != WORKSPACES and not invited:
            self.ids[place].append(thing["id"])
        if "link" in thing:
            self.ids[INVITATIONS].append(make_token(self.running.tawkee.settings, thing["id"], "mail"))
        self.secret = thing.get("secret", self.secret)

    def forget(self, path: str) -> None:
        """What was deleted is not there any more."""
        place, _, last = path.rpartition("/")
        self.ids[place] = [known for known in self.ids[place] if known != last]

    def fill_path(self, template: str, values: dict[str, Any], newest: bool) -> dict[str, Any]:
        """The path's values with ids that exist, as far as any are known: those we began with, or the newest."""
        filled, place = dict(values), ""
        for step in template.split("/")[1:]:
            if step.startswith("{"):
                name = re.sub(r"[{}]", "", step)
                if self.ids[place]:
                    filled[name] = self.ids[place][-1 if newest else 0]
                step = str(filled.get(name, ""))
            place += f"/{step}"
        return filled

    def leave(self) -> None:
        """Leave nothing undone, or a later test's threads would find it."""
        end_work()
        run("update contact_task set state = 'failed' where state in ('pending', 'running')")
