"""Roles, scopes, and the attributes that decide beside them.

A permission is ``resource:action``. A role gives permissions; a membership's shows, sponsors and grants narrow and
widen them; the scopes of an API key can only narrow.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    ADMIN = "admin"
    CREATOR = "creator"
    COLLABORATOR = "collaborator"
    VIEWER = "viewer"


class Grant(StrEnum):
    """What an admin may add to a membership."""

    PUBLISH = "publish"


RESOURCES = (
    "podcasts",
    "episodes",
    "transcripts",
    "uploads",
    "content",
    "posts",
    "campaigns",
    "channels",
    "endpoints",
    "events",
    "search",
    "webhooks",
    "workspace",
    "members",
    "keys",
    "audit",
)
ACTIONS = ("read", "write", "publish")

#: What a scope may look like: episodes:read, posts:*, *:read, *:*.
SCOPE = re.compile(rf"(\*|{'|'.join(RESOURCES)}):(\*|{'|'.join(ACTIONS)})")

#: All shows of the workspace.
ALL_SHOWS = "*"

_READ = frozenset(
    f"{resource}:read"
    for resource in (
        "podcasts",
        "episodes",
        "transcripts",
        "content",
        "posts",
        "campaigns",
        "channels",
        "endpoints",
        "events",
        "search",
        "workspace",
    )
)
_EDIT = _READ | {"episodes:write", "transcripts:write", "uploads:write", "content:write", "posts:write"}
_CREATE = _EDIT | {"podcasts:write", "campaigns:write", "posts:publish", "content:publish", "members:read"}
_OF_ROLE: Mapping[Role, frozenset[str]] = {
    Role.ADMIN: frozenset(f"{resource}:{action}" for resource in RESOURCES for action in ACTIONS),
    Role.CREATOR: _CREATE,
    Role.COLLABORATOR: _EDIT,
    Role.VIEWER: _READ,
}
_OF_GRANT: Mapping[Grant, frozenset[str]] = {Grant.PUBLISH: frozenset({"posts:publish", "content:publish"})}


@dataclass(frozen=True)
class Membership:
    """What someone is in one workspace."""

    role: Role
    #: Names of Podcasts; counts for every role but admin.
    shows: frozenset[str] = frozenset()
    grants: frozenset[Grant] = frozenset()
    #: Names of who pays for campaigns: the role counts for these campaigns and their posts, of whatever show.
    sponsors: frozenset[str] = frozenset()

    def permissions(self) -> frozenset[str]:
        granted = _OF_ROLE[self.role]
        # A viewer reads, whatever was granted before.
        if self.role is Role.COLLABORATOR:
            for grant in self.grants:
                granted |= _OF_GRANT[grant]
        return granted

    def reaches(self, show: str | None, sponsor: str | None = None) -> bool:
        """Whether an object of this show, or of a campaign of this sponsor, is this member's business.

        None is an object of no show, of no sponsor.
        """
        if self.role is Role.ADMIN or ALL_SHOWS in self.shows:
            return True
        return (show is not None and show in self.shows) or (sponsor is not None and sponsor in self.sponsors)

    def to_wire(self) -> dict[str, Any]:
        """As answers and the audit log have it."""
        return {
            "role": self.role,
            "shows": sorted(self.shows),
            "sponsors": sorted(self.sponsors),
            "grants": sorted(self.grants),
        }


class ActorKind(StrEnum):
    #: Whoever holds the token from the Secret.
    BOOTSTRAP = "bootstrap"
    PERSON = "person"
    SERVICE_ACCOUNT = "service-account"


@dataclass(frozen=True)
class Actor:
    """Whoever sent a request."""

    kind: ActorKind
    id: str
    name: str
    memberships: Mapping[str, Membership] = field(default_factory=dict)
    #: None: not an API key, so nothing narrows.
    scopes: frozenset[str] | None = None
    session: str | None = None
    key: str | None = None

    @property
    def subject(self) -> str:
        """Whose requests are counted, and whose idempotency keys are kept: the key where there is one."""
        return f"key:{self.key}" if self.key else f"{self.kind}:{self.id}"

    @property
    def person(self) -> str | None:
        return self.id if self.kind is ActorKind.PERSON else None

    def in_workspace(self, workspace: str) -> Membership | None:
        if self.kind is ActorKind.BOOTSTRAP:
            return Membership(Role.ADMIN)
        return self.memberships.get(workspace)

    def may(self, workspace: str, permission: str) -> bool:
        membership = self.in_workspace(workspace)
        if membership is None or permission not in membership.permissions():
            return False
        return self.scopes is None or covers(self.scopes, permission)

    def may_hand_on(self, workspace: str, membership: Membership) -> bool:
        """Whether the actor has all that the membership would give: no person and no key hands on more."""
        own = self.in_workspace(workspace)
        if own is None or not all(self.may(workspace, permission) for permission in membership.permissions()):
            return False
        return all(own.reaches(None if show == ALL_SHOWS else show) for show in membership.shows) and all(
            own.reaches(None, sponsor) for sponsor in membership.sponsors
        )


def covers(scopes: Iterable[str], permission: str) -> bool:
    """Whether one of the scopes includes the permission."""
    resource, _, action = permission.partition(":")
    for scope in scopes:
        of, _, to = scope.partition(":")
        if of in ("*", resource) and to in ("*", action):
            return True
    return False
