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
from podwright_api.access.secrets import may_be_api_key, new_api_key

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


@pytest.mark.parametrize(
    ("giver", "scopes", "given", "allowed"),
    [
        (Membership(Role.ADMIN), None, Membership(Role.ADMIN), True),
        (Membership(Role.ADMIN), {"*:*"}, Membership(Role.ADMIN), True),
        (Membership(Role.ADMIN), {"members:write"}, Membership(Role.ADMIN), False),
        (Membership(Role.ADMIN), {"members:write"}, Membership(Role.VIEWER), False),
        (Membership(Role.ADMIN), {"members:write", "*:read"}, Membership(Role.VIEWER, frozenset({"*"})), True),
        (Membership(Role.ADMIN), {"members:write", "*:read"}, Membership(Role.COLLABORATOR), False),
        (Membership(Role.CREATOR), None, Membership(Role.ADMIN), False),
        (Membership(Role.CREATOR, frozenset({"a"})), None, Membership(Role.VIEWER, frozenset({"a"})), True),
        (Membership(Role.CREATOR, frozenset({"a"})), None, Membership(Role.VIEWER, frozenset({"a", "b"})), False),
        (Membership(Role.CREATOR, frozenset({"a"})), None, Membership(Role.VIEWER, frozenset({"*"})), False),
        (
            Membership(Role.COLLABORATOR),
            None,
            Membership(Role.COLLABORATOR, grants=frozenset({Grant.PUBLISH})),
            False,
        ),
    ],
)
def test_nobody_hands_on_more_than_they_have(
    giver: Membership, scopes: set[str] | None, given: Membership, *, allowed: bool
) -> None:
    of = None if scopes is None else frozenset(scopes)
    actor = Actor(ActorKind.PERSON, "p", "P", {"a": giver}, scopes=of, key="k" if scopes else None)
    assert actor.may_hand_on("a", given) is allowed
    assert not actor.may_hand_on("b", given)


def test_the_form_of_a_key() -> None:
    key = new_api_key()
    assert may_be_api_key(key)
    assert not any(may_be_api_key(wrong) for wrong in ("", "pwk_", key[:-1], f"{key}A", f"{key}\n", f"x{key[1:]}"))


def test_the_bootstrap_token_is_admin_everywhere() -> None:
    actor = Actor(ActorKind.BOOTSTRAP, "token", "token")
    assert all(actor.may("any", permission) for permission in PERMISSIONS)
