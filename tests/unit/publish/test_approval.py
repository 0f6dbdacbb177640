"""Which decision stands, for which content, and whose approval is still needed."""

from datetime import datetime
from typing import Any

import pytest

from podwright_crds.approvals import approval_record, approvals_missing, approved, is_outdated
from podwright_crds.campaign import Campaign
from podwright_crds.post import ApprovalState, GivenApproval, Post, PostPhase
from podwright_crds.resource import Reason
from podwright_publish.due import Go, NotNow, Surroundings, verdict
from tests.unit.publish.memory import START, channel, post

NEEDED = {"editor": 1, "legal": 2}
AT = "2026-11-21T08:00:00Z"


def with_approval(approval: dict[str, Any], before: Post | None = None, **spec: Any) -> Post:
    """The post with a decision, and what the status says of it once the operator has looked."""
    made = post(approval={name: value for name, value in approval.items() if value is not None}, **spec)
    status = before.status if before else made.status
    made = made.model_copy(update={"status": status})
    record = approval_record(made, AT)
    return made.model_copy(update={"status": made.status.model_copy(update={"approval": record})})


def asked(found: Post, around: Surroundings, now: datetime = START) -> str:
    answer = verdict(found, around, now)
    if isinstance(answer, Go):
        return "go"
    assert isinstance(answer, NotNow)
    assert (answer.phase, answer.reason) == (PostPhase.DRAFT, Reason.APPROVAL_NEEDED)
    return answer.message


AROUND = Surroundings(channel())


@pytest.mark.parametrize(
    "change",
    [
        {"text": "Other words."},
        {"thread": ["And more."]},
        {"title": "Named"},
        {"link": "https://example.org/other"},
        {"shortLink": "https://go.example.org/abc"},
        {"media": [{"url": "https://example.org/a.png"}]},
        {"media": [{"url": "https://example.org/a.png", "altText": "A loaf"}]},
        {"variants": [{"name": "a", "text": "Others"}, {"name": "b", "text": "Others still"}]},
    ],
)
def test_what_was_changed_after_the_decision_is_asked_for_again(change: dict[str, Any]) -> None:
    decision = {"state": "Approved", "by": "ada"}
    first = with_approval(decision)
    assert asked(first, AROUND) == "go"
    changed = with_approval(decision, first, **change)
    assert is_outdated(changed)
    assert "changed after the decision by ada at 2026-11-21T08:00:00Z" in asked(changed, AROUND)
    assert changed.status.approval == first.status.approval
    again = with_approval({**decision, "at": "2026-11-21T08:30:00Z"}, changed, **change)
    assert asked(again, AROUND) == "go"
    assert again.status.approval is not None
    assert again.status.approval.at == "2026-11-21T08:30:00Z"
    # What it was before is what was approved first, not what is approved now.
    assert is_outdated(with_approval({**decision, "at": "2026-11-21T08:30:00Z"}, again))


def test_when_and_whether_it_goes_out_is_no_content() -> None:
    first = with_approval({"state": "Approved"})
    moved = with_approval({"state": "Approved"}, first, publishAt="2026-11-21T08:59:00Z", maxLateness="2h")
    assert asked(moved, AROUND) == "go"


def test_a_draft_leaves_no_record_until_somebody_decides() -> None:
    draft = with_approval({"state": "Draft"})
    assert draft.status.approval is None
    assert "set spec.approval.state" in asked(draft, AROUND)
    assert "set spec.approval.state" in asked(with_approval({"state": "InReview", "by": "bob"}), AROUND)
    approved_once = with_approval({"state": "Approved"}, draft)
    reopened = with_approval({"state": "Draft"}, approved_once)
    assert reopened.status.approval is not None
    assert reopened.status.approval.state is ApprovalState.DRAFT


def test_every_role_has_to_agree_and_each_person_counts_once() -> None:
    campaign = Campaign.read(
        {
            "metadata": {"name": "launch"},
            "spec": {
                "episodes": {"names": ["one"]},
                "channelRefs": [{"name": "news"}],
                "cadence": {"cron": "0 9 * * *"},
                "requiredApprovals": [{"role": "editor"}, {"role": "legal"}],
            },
        }
    )
    around = Surroundings(channel(requiredApprovals=[{"role": "legal", "count": 2}]), campaign)
    found, needed = with_approval({"state": "Approved", "by": "someone"}), NEEDED
    assert "approval of editor, 2 x legal" in asked(found, around)
    voices = (("ada", "legal", "editor, legal"), ("ada", "legal", "editor, legal"), ("bob", "editor", "legal"))
    for by, role, left in voices:
        decided = approved(found, needed, GivenApproval(by=by, role=role, at=AT))
        assert decided["state"] == "InReview"
        found = with_approval(decided, found)
        assert f"approval of {left} (" in asked(found, around)
    decided = approved(found, needed, GivenApproval(by="cy", role="legal", at=AT))
    assert decided["state"] == "Approved"
    found = with_approval(decided, found)
    assert asked(found, around) == "go"
    # Another text needs all of them again.
    changed = with_approval(decided, found, text="Other words.")
    assert approvals_missing(changed, needed) == needed
    renewed = approved(changed, needed, GivenApproval(by="bob", role="editor", at=AT))
    assert [given["by"] for given in renewed["given"]] == ["bob"]


ADA, BOB = {"by": "ada", "role": "editor", "at": AT}, {"by": "bob", "role": "legal", "at": AT}
TWO = {"editor": 1, "legal": 1}


def test_an_approval_stays_one_of_the_text_that_was_read() -> None:
    """As with kubectl, which adds to the list and knows nothing of what stands."""
    first = with_approval({"state": "InReview", "given": [ADA]})
    changed = with_approval({"state": "InReview", "given": [ADA]}, first, text="Other words.")
    assert approvals_missing(changed, TWO) == TWO
    second = with_approval({"state": "Approved", "given": [ADA, BOB]}, changed, text="Other words.")
    assert approvals_missing(second, TWO) == {"editor": 1}
    again = {**ADA, "at": "2026-11-21T08:30:00Z"}
    both = with_approval({"state": "Approved", "given": [again, BOB]}, second, text="Other words.")
    assert approvals_missing(both, TWO) == {}
    # Whoever approves with the command line or the facade leaves nothing behind that counts for another text.
    decided = approved(second, TWO, GivenApproval(by="cy", role="editor", at=AT))
    assert [given["by"] for given in decided["given"]] == ["bob", "cy"]


def test_an_approval_of_a_draft_is_remembered_too() -> None:
    draft = with_approval({"state": "Draft", "given": [ADA]})
    handed_in = with_approval({"state": "InReview", "given": [ADA]}, draft, text="Other words.")
    assert approvals_missing(handed_in, TWO) == TWO


def test_a_record_without_approvals_by_role_is_completed_with_what_it_was_about() -> None:
    """As earlier versions wrote it."""
    found = with_approval({"state": "InReview", "given": [ADA]})
    record = found.status.approval
    assert record is not None
    earlier = record.model_copy(update={"given": {}})
    before = found.model_copy(update={"status": found.status.model_copy(update={"approval": earlier})})
    assert with_approval({"state": "InReview", "given": [ADA]}, before).status.approval == record
    changed = with_approval({"state": "InReview", "given": [ADA]}, before, text="Other words.")
    second = with_approval({"state": "Approved", "given": [ADA, BOB]}, changed, text="Other words.")
    assert approvals_missing(second, TWO) == {"editor": 1}
