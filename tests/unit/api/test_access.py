"""Roles, scopes and shows decide by table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_api.access.roles import (
    ACTIONS,
    RESOURCES,
    SCOPE,
    Actor,
    ActorKind,
    Grant,
    Membership,
    Role,
    covers,
)

PERMISSIONS = [f"{resource}:{action}" for resource in RESOURCES for action in ACTIONS]


@pytest.mark.parametrize(
    ("permission", "roles"),
    [
        ("podcasts:read", "admin creator collaborator viewer"),
        ("podcasts:write", "admin creator"),
        ("episodes:write", "admin creator collaborator"),
        ("posts:write", "admin creator collaborator"),
        ("posts:publish", "admin creator"),
        ("campaigns:write", "admin creator"),
        ("channels:write", "admin"),
        ("endpoints:write", "admin"),
        ("members:read", "admin creator"),
        ("members:write", "admin"),
        ("keys:write", "admin"),
        ("audit:read", "admin"),
        ("webhooks:write", "admin"),
    ],
)
def test_roles(permission: str, roles: str) -> None:
    assert {role for role in Role if permission in Membership(role).permissions()} == set(roles.split())


def test_a_grant_lets_a_collaborator_publish_and_a_viewer_not() -> None:
    granted = frozenset({Grant.PUBLISH})
    assert "posts:publish" in Membership(Role.COLLABORATOR, grants=granted).permissions()
    assert "posts:publish" not in Membership(Role.VIEWER, grants=granted).permissions()


@pytest.mark.parametrize(
    ("role", "shows", "show", "reached"),
    [
        (Role.ADMIN, (), "any", True),
        (Role.ADMIN, (), None, True),
        (Role.CREATOR, ("mine",), "mine", True),
        (Role.CREATOR, ("mine",), "other", False),
        (Role.CREATOR, ("*",), "other", True),
        (Role.VIEWER, ("*",), None, True),
        (Role.VIEWER, ("mine",), None, False),
        (Role.VIEWER, (), "any", False),
    ],
)
def test_shows(role: Role, shows: tuple[str, ...], show: str | None, reached: bool) -> None:
    assert Membership(role, frozenset(shows)).reaches(show) is reached


@given(
    role=st.sampled_from(Role),
    scopes=st.frozensets(st.from_regex(SCOPE, fullmatch=True), max_size=4),
    permission=st.sampled_from(PERMISSIONS),
)
def test_scopes_only_narrow(role: Role, scopes: frozenset[str], permission: str) -> None:
    of = {"a": Membership(role, frozenset({"*"}))}
    person = Actor(ActorKind.PERSON, "p", "P", of)
    key = Actor(ActorKind.PERSON, "p", "P", of, scopes=scopes, key="k")
    assert key.may("a", permission) == (person.may("a", permission) and covers(scopes, permission))
    assert not key.may("b", permission)


def test_the_bootstrap_token_is_admin_everywhere() -> None:
    actor = Actor(ActorKind.BOOTSTRAP, "token", "token")
    assert all(actor.may("any", permission) for permission in PERMISSIONS)
