"""Who works in a workspace: members, and the invitations that are open."""

from typing import Any

from flask_smorest.pagination import PaginationParameters
from marshmallow import Schema, fields, validate

from ..accounts import invitations, team
from ..accounts.invitations import Inviter
from ..accounts.roles import GIVEN
from ..context import current
from .access import person, signed_in
from .outputs import Output
from .pages import SearchQuery, cut_page
from .permissions import ROLES
from .routes import Blueprint, Text

blueprint = Blueprint("team", __name__, url_prefix="/api/workspaces/<id:workspace_id>", description="The team")
ROLE = validate.OneOf(ROLES)


class RoleInput(Schema):
    role = Text(required=True, validate=ROLE, metadata={"description": "MANAGER, TRAINER or ATTENDANT"})


class InvitationInput(RoleInput):
    email = Text(required=True, validate=validate.Length(3, 254))


class TeamQuery(SearchQuery):
    role = Text(validate=validate.OneOf(GIVEN), load_default=None)
    status = Text(validate=validate.OneOf(("PENDING", "ACTIVE")), load_default=None)


class MemberOutput(Output):
    id = fields.String(metadata={"description": "The person's when ACTIVE, the invitation's when PENDING"})
    name = fields.String(metadata={"description": "Empty while PENDING"})
    email = fields.String()
    role = fields.String(validate=validate.OneOf(GIVEN))
    status = fields.String(validate=validate.OneOf(("PENDING", "ACTIVE")))
    created_at = fields.DateTime()
    expires_at = fields.DateTime(allow_none=True, metadata={"description": "Until when it can be accepted"})
    expired = fields.Boolean(metadata={"description": "Send it again to give it a new term"})


class InvitationOutput(MemberOutput):
    sent_at = fields.DateTime(allow_none=True, metadata={"description": "When a mail was last queued"})


class LinkOutput(Output):
    link = fields.String(metadata={"description": "Give it to nobody but the person invited"})


class LinkedOutput(InvitationOutput, LinkOutput):
    """An invitation with its link."""


@blueprint.route("/members")
@signed_in
@blueprint.arguments(TeamQuery, location="query")
@blueprint.paginate()
@blueprint.response(200, MemberOutput(many=True))
def list_members(
    given: dict[str, Any], workspace_id: str, pagination_parameters: PaginationParameters
) -> list[dict[str, Any]]:
    """List members (ACTIVE) and open invitations (PENDING), newest first; never the owner"""
    found = team.list_team(workspace_id, given["role"], given["status"], given["q"])
    return cut_page(found, pagination_parameters)


@blueprint.route("/members/<id:user_id>", methods=["PATCH"])
@signed_in
@blueprint.arguments(RoleInput)
@blueprint.response(200, MemberOutput)
def change_role(given: dict[str, str], workspace_id: str, user_id: str) -> dict[str, Any]:
    """Give a member another role; it counts from their next request"""
    team.change_role(workspace_id, user_id, given["role"], person().id, person().role)
    return team.read_member(workspace_id, user_id)


@blueprint.route("/members/<id:user_id>", methods=["DELETE"])
@signed_in
@blueprint.response(204)
def remove(workspace_id: str, user_id: str) -> None:
    """Remove a member; their other workspaces are not touched, and what they looked after asks for somebody else"""
    team.remove_member(workspace_id, user_id)


@blueprint.route("/leave", methods=["POST"])
@signed_in
@blueprint.refuses(409)
@blueprint.response(204)
def leave(workspace_id: str) -> None:
    """Leave the workspace; its last owner cannot"""
    team.leave_workspace(workspace_id, person().id)


@blueprint.route("/invitations")
@signed_in
@blueprint.paginate()
@blueprint.response(200, MemberOutput(many=True))
def list_invitations(workspace_id: str, pagination_parameters: PaginationParameters) -> list[dict[str, Any]]:
    """List the open invitations, newest first"""
    return cut_page(team.list_team(workspace_id, status="PENDING"), pagination_parameters)


@blueprint.route("/invitations", methods=["POST"])
@signed_in
@blueprint.arguments(InvitationInput)
@blueprint.refuses(409)
@blueprint.response(201, LinkedOutput)
def invite(given: dict[str, str], workspace_id: str) -> dict[str, Any]:
    """Invite somebody by e-mail; the answer's link may be handed over as well"""
    invitation_id = invitations.invite(current(), workspace_id, inviter(), given["email"], given["role"])
    return invitations.read_invitation(workspace_id, invitation_id) | show_link(invitation_id)


@blueprint.route("/invitations/<id:invitation_id>")
@signed_in
@blueprint.response(200, LinkedOutput)
def read_invitation(workspace_id: str, invitation_id: str) -> dict[str, Any]:
    """Read an open invitation, with the link to copy"""
    return invitations.read_invitation(workspace_id, invitation_id) | show_link(invitation_id)


@blueprint.route("/invitations/<id:invitation_id>/resend", methods=["POST"])
@signed_in
@blueprint.response(200, LinkedOutput)
def resend(workspace_id: str, invitation_id: str) -> dict[str, Any]:
    """Send the mail again, with a new term"""
    invitations.resend_invitation(current(), workspace_id, inviter(), invitation_id)
    return invitations.read_invitation(workspace_id, invitation_id) | show_link(invitation_id)


@blueprint.route("/invitations/<id:invitation_id>", methods=["DELETE"])
@signed_in
@blueprint.response(204)
def revoke(workspace_id: str, invitation_id: str) -> None:
    """Withdraw an invitation"""
    invitations.revoke_invitation(workspace_id, invitation_id)


def inviter() -> Inviter:
    return Inviter(person().id, person().role)


def show_link(invitation_id: str) -> dict[str, str]:
    return {"link": invitations.link_of(current().settings, invitation_id, "link")}
