"""What of a person is in a resource, and how it is taken out."""

from typing import Any

import pytest

from podwright_api.database.departures import pseudonym_of
from podwright_api.upkeep.traces import creator_of, without
from podwright_crds.approvals import approval_record, renamed
from podwright_crds.post import Post

ADA, BOB = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
SOMEBODY = pseudonym_of(ADA)
AT = "2026-11-29T10:00:00+00:00"


def body(approval: dict[str, Any] | None = None, creator: str | None = None, text: str = "Listen.") -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": "p", "uid": "u", "resourceVersion": "7"}
    if creator:
        metadata["annotations"] = {"podwright.dev/created-by": creator}
    spec: dict[str, Any] = {"channelRef": {"name": "c"}, "text": text}
    return {"kind": "Post", "metadata": metadata, "spec": spec | ({"approval": approval} if approval else {})}


def patched(before: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """As a JSON merge patch changes it, as deep as these go."""
    approval = {**before["spec"].get("approval", {}), **patch.get("spec", {}).get("approval", {})}
    told = {key: value for key, value in approval.items() if value is not None}
    return before | {"spec": before["spec"] | {"approval": told}}


def test_the_creator_is_taken_out() -> None:
    assert creator_of(body(creator=ADA)) == ADA
    assert creator_of(body()) is None
    patch = without(body(creator=ADA), ADA, {"Ada"}, SOMEBODY)
    assert patch == {"metadata": {"annotations": {"podwright.dev/created-by": None}, "resourceVersion": "7"}}
    assert without(body(creator=BOB), ADA, {"Ada"}, SOMEBODY) is None


@pytest.mark.parametrize("state", ["Draft", "InReview", "Approved", "Rejected"])
def test_a_decision_stays_without_the_name(state: str) -> None:
    before = body({"state": state, "by": "Ada", "at": AT, "note": "heard"})
    patch = without(before, ADA, {"Ada"}, SOMEBODY)
    assert patch is not None
    assert patch["spec"] == {"approval": {"by": SOMEBODY}}
    assert patch["metadata"] == {"resourceVersion": "7"}
    # Doing it again finds nothing to do.
    assert without(patched(before, patch), ADA, {"Ada"}, SOMEBODY) is None


def test_of_several_approvals_one_is_renamed_and_the_others_stay() -> None:
    given = [{"by": "Ada", "role": "legal", "at": AT}, {"by": "Bob", "role": "editor", "at": AT}]
    patch = without(body({"state": "Approved", "by": "Bob", "at": AT, "given": given}), ADA, {"Ada"}, SOMEBODY)
    assert patch is not None
    assert patch["spec"]["approval"] == {"given": [given[0] | {"by": SOMEBODY}, given[1]]}


def test_a_former_name_is_taken_out_too_and_whoever_used_both_counts_once() -> None:
    given = [{"by": "Ada", "role": "legal", "at": AT}, {"by": "Ada Augusta", "role": "editor", "at": AT}]
    names = {"Ada Augusta", "Ada"}
    patch = without(body({"state": "Approved", "by": "Ada", "at": AT}), ADA, names, SOMEBODY)
    assert patch is not None
    assert patch["spec"]["approval"] == {"by": SOMEBODY}
    patch = without(body({"state": "Approved", "by": "Bob", "at": AT, "given": given}), ADA, names, SOMEBODY)
    assert patch is not None
    assert patch["spec"]["approval"] == {"given": [given[1] | {"by": SOMEBODY}]}


def test_of_several_approvals_one_of_an_earlier_text_goes() -> None:
    """A renamed one would count for the text as it is now."""
    ada, bob = ({"by": name, "role": role, "at": AT} for name, role in (("Ada", "legal"), ("Bob", "editor")))
    before = body({"state": "InReview", "given": [ada]})
    first = approval_record(Post.read(before), AT)
    assert first
    second = body({"state": "InReview", "given": [ada, bob]}, text="Something else.")
    record = approval_record(Post.read(second | {"status": {"approval": first.to_wire()}}), AT)
    assert record
    patch = without(second | {"status": {"approval": record.to_wire()}}, ADA, {"Ada"}, SOMEBODY)
    assert patch is not None
    assert patch["spec"]["approval"] == {"given": [bob]}


def test_a_name_that_somebody_else_bears_stays() -> None:
    assert without(body({"state": "Approved", "by": "Ada", "at": AT}), ADA, set(), SOMEBODY) is None


@pytest.mark.parametrize(("state", "after"), [("Approved", "Draft"), ("InReview", "Draft"), ("Rejected", "Rejected")])
def test_taking_a_name_out_approves_nothing(state: str, after: str) -> None:
    """A changed decision counts for the content of its time: what was changed since it was approved must not go out."""
    approved = body({"state": state, "by": "Ada", "at": AT})
    record = approval_record(Post.read(approved), AT)
    assert record
    changed = body({"state": state, "by": "Ada", "at": AT}, text="Something else.") | {
        "status": {"approval": record.to_wire()}
    }
    patch = without(changed, ADA, {"Ada"}, SOMEBODY)
    assert patch is not None
    now = Post.read(patched(changed, patch))
    assert now.spec.approval.state == after
    assert now.spec.approval.by in (None, SOMEBODY)


def test_of_a_published_post_the_record_is_renamed_and_nothing_else() -> None:
    before = Post.read(body({"state": "Approved", "by": "Ada", "at": AT}))
    record = approval_record(before, AT)
    assert record
    after = Post.read(body({"state": "Approved", "by": SOMEBODY, "at": AT}))
    assert renamed(record, after.spec.approval) == record.model_copy(update={"by": SOMEBODY})
    later = Post.read(body({"state": "Approved", "by": "Bob", "at": "2026-11-30T10:00:00+00:00"}))
    assert renamed(record, later.spec.approval) == record


def test_pseudonyms_tell_people_apart_and_nothing_else() -> None:
    assert pseudonym_of(ADA) == pseudonym_of(ADA) != pseudonym_of(BOB)
    assert ADA[:8] not in pseudonym_of(ADA)
