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
from podwright_api.database.memberships import columns_of, membership_of

SPONSORED = Membership(Role.VIEWER, sponsors=frozenset({"acme"}))
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


@pytest.mark.parametrize(
    ("role", "shows", "show", "sponsor", "reached"),
    [
        (Role.VIEWER, (), "any", "acme", True),
        (Role.VIEWER, (), None, "acme", True),
        (Role.CREATOR, (), "any", "other", False),
        (Role.CREATOR, (), "any", None, False),
        (Role.CREATOR, ("mine",), "mine", "other", True),
        (Role.CREATOR, ("mine",), "any", "acme", True),
        # A show of the sponsor's name is not the sponsor.
        (Role.VIEWER, (), "acme", None, False),
        (Role.VIEWER, (), None, None, False),
        (Role.ADMIN, (), "any", "other", True),
    ],
)
def test_sponsors(role: Role, shows: tuple[str, ...], show: str | None, sponsor: str | None, reached: bool) -> None:
    assert Membership(role, frozenset(shows), sponsors=frozenset({"acme"})).reaches(show, sponsor) is reached


NAMES = st.frozensets(st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,9}[a-z0-9])?", fullmatch=True), max_size=4)


@given(
    membership=st.builds(
        Membership,
        st.sampled_from(Role),
        NAMES | st.just(frozenset({"*"})),
        st.frozensets(st.sampled_from(Grant)),
        NAMES,
    )
)
def test_a_row_keeps_a_membership_in_columns_that_versions_without_sponsors_read(membership: Membership) -> None:
    columns = columns_of(membership)
    shows = columns["shows"]
    assert membership_of(columns["role"], shows, columns["grants"]) == membership
    # To these each entry is a show, and none is one that the membership does not have.
    assert {show for show in shows if ":" not in show} == membership.shows


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
        (Membership(Role.ADMIN), None, SPONSORED, True),
        (Membership(Role.CREATOR, frozenset({"*"})), None, SPONSORED, True),
        (Membership(Role.CREATOR, sponsors=frozenset({"acme", "b"})), None, SPONSORED, True),
        (Membership(Role.CREATOR, sponsors=frozenset({"b"})), None, SPONSORED, False),
        (Membership(Role.CREATOR, frozenset({"acme"})), None, SPONSORED, False),
        (Membership(Role.CREATOR, sponsors=frozenset({"a"})), None, Membership(Role.VIEWER, frozenset({"a"})), False),
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
