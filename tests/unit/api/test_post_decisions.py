"""What may still be done with a post, by table."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from podwright_api.ownership import managed_by, show_of_campaign
from podwright_api.post_decisions import PostAction, Refused, Wanted, approval_set, decide
from podwright_crds.post import Post

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ALL = set(PostAction)
UNKNOWN = {"id": "x", "startedAt": "2026-11-20T00:00:00Z", "outcome": "Unknown"}


def post(phase: str | None, state: str, **status: Any) -> Post:
    return Post.read(
        {
            "metadata": {"name": "p", "resourceVersion": "7"},
            "spec": {"channelRef": {"name": "c"}, "text": "t", "approval": {"state": state}},
            "status": ({"phase": phase} if phase else {}) | status,
        }
    )


@pytest.mark.parametrize(
    ("found", "allowed"),
    [
        (post(None, "Draft"), ALL),
        (post("Draft", "Draft"), ALL),
        (post("Scheduled", "Approved"), ALL),
        (post("Failed", "Approved"), ALL),
        (post("Missed", "Approved"), ALL),
        (post("Rejected", "Rejected"), {PostAction.REJECT, PostAction.REOPEN, PostAction.RETRY}),
        (post("Held", "Approved"), ALL - {PostAction.RETRY}),
        (post("Scheduled", "Approved", attempts=[UNKNOWN]), ALL - {PostAction.RETRY}),
        (post("Publishing", "Approved"), set()),
        (post("Published", "Approved"), set()),
        (post(None, "Approved", publishedAt="2026-11-20T00:00:00Z"), set()),
    ],
)
def test_what_may_still_be_done(found: Post, allowed: set[PostAction]) -> None:
    done = {
        action
        for action in PostAction
        if not isinstance(decide(found, Wanted(action, "Ada", NOW, publish_at="2026-12-01T00:00:00Z")), Refused)
    }
    assert done == allowed


def test_a_held_post_is_sent_again_once_a_person_has_looked() -> None:
    looked = Wanted(PostAction.RETRY, "Ada", NOW, missing_on_platform=True)
    assert decide(post("Held", "Approved"), looked) == {
        "metadata": {"resourceVersion": "7", "annotations": {"podwright.dev/retry": NOW.isoformat()}}
    }


def test_patches_are_for_the_version_that_was_read() -> None:
    approve = Wanted(PostAction.APPROVE, "Ada", NOW, note="read")
    assert decide(post("Draft", "Draft"), approve) == {
        "metadata": {"resourceVersion": "7"},
        "spec": {"approval": {"state": "Approved", "by": "Ada", "at": NOW.isoformat(), "note": "read"}},
    }


def test_a_state_that_is_set_is_the_actors_and_ends_what_others_approved() -> None:
    nobody = {"by": None, "at": None, "note": None, "given": None}
    at = NOW.isoformat()
    assert approval_set("Approved", "Ada", NOW) == nobody | {"state": "Approved", "by": "Ada", "at": at}
    for draft in ("Draft", None):
        assert approval_set(draft, "Ada", NOW) == nobody | {"state": "Draft"}


@pytest.mark.parametrize(
    ("metadata", "manager"),
    [
        ({}, None),
        ({"labels": {"app.kubernetes.io/managed-by": "podwright"}}, None),
        ({"labels": {"app.kubernetes.io/managed-by": "Helm"}}, "helm"),
        ({"labels": {"helm.toolkit.fluxcd.io/name": "x", "app.kubernetes.io/managed-by": "Helm"}}, "flux"),
        ({"labels": {"kustomize.toolkit.fluxcd.io/namespace": "x"}}, "flux"),
        ({"annotations": {"argocd.argoproj.io/tracking-id": "x"}}, "argocd"),
    ],
)
def test_who_manages_an_object(metadata: dict[str, Any], manager: str | None) -> None:
    assert managed_by({"metadata": metadata}) == manager


def test_a_campaign_over_labels_is_of_no_one_show() -> None:
    assert show_of_campaign({"spec": {"episodes": {"podcastRef": {"name": "a"}}}}) == "a"
    assert show_of_campaign({"spec": {"episodes": {"matchLabels": {"a": "b"}}}}) is None


def test_an_approval_under_another_name_is_no_second_one() -> None:
    once = Wanted(PostAction.APPROVE, "Ada", NOW, may_speak_for=None, needed={"creator": 2})
    patch = decide(post("Draft", "Draft"), once)
    assert not isinstance(patch, Refused)
    body = post("Draft", "Draft").to_wire()
    approved = Post.read(body | {"spec": body["spec"] | {"approval": patch["spec"]["approval"]}})
    for other_names, state in ((frozenset({"Ada"}), "InReview"), (frozenset({"Joan"}), "Approved")):
        again = replace(once, by="Grace", other_names=other_names)
        patch = decide(approved, again)
        assert not isinstance(patch, Refused)
        assert patch["spec"]["approval"]["state"] == state


@pytest.mark.parametrize(
    ("may_speak_for", "role", "told"),
    [
        (frozenset({"creator"}), None, "InReview"),
        (None, "legal", "InReview"),
        (None, None, "say which yours is"),
        (frozenset({"creator"}), "legal", "which is not yours to give"),
        (frozenset({"viewer"}), None, "needs the approval of creator, legal"),
    ],
)
def test_approvals_count_for_roles_that_are_ones_own(
    may_speak_for: frozenset[str] | None, role: str | None, told: str
) -> None:
    needed = {"creator": 1, "legal": 1}
    wanted = Wanted(PostAction.APPROVE, "Ada", NOW, role=role, may_speak_for=may_speak_for, needed=needed)
    found = decide(post("Draft", "Draft"), wanted)
    if isinstance(found, Refused):
        assert told in found.message
    else:
        assert found["spec"]["approval"]["state"] == told
        assert found["spec"]["approval"]["given"] == [{"by": "Ada", "role": role or "creator", "at": NOW.isoformat()}]
