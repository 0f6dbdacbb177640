"""Which decision about a post stands, for which content, and what is still needed. Pure; read alike by all parts."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel
from podwright_crds.post import ApprovalRecord, ApprovalState, GivenApproval, Post, PostApproval

JsonObject = dict[str, Any]

#: Fields of a post's spec that people read before they approve it.
_CONTENT = ("text", "thread", "firstComment", "variants", "title", "link", "shortLink", "media")


def approvals_needed(campaign: Campaign | None, channel: Channel | None) -> dict[str, int]:
    """How many people of each role have to agree: what the campaign and the channel ask for, the larger of both."""
    needed: dict[str, int] = {}
    for owner in (campaign, channel):
        for required in owner.spec.required_approvals if owner is not None else ():
            needed[required.role] = max(needed.get(required.role, 0), required.count or 1)
    return needed


def approvals_missing(post: Post, needed: Mapping[str, int]) -> dict[str, int]:
    """How many more of each role are needed for the content as it is now."""
    standing = approvals_standing(post)
    counts = {role: count - sum(approval.role == role for approval in standing) for role, count in needed.items()}
    return {role: count for role, count in counts.items() if count > 0}


def approvals_standing(post: Post) -> list[GivenApproval]:
    """The approvals by role that are of the content as it is now."""
    record, content = post.status.approval, content_digest(post)
    if is_outdated(post):
        return []
    known = record.given if record is not None else {}
    return [each for each in post.spec.approval.given if known.get(_digest(each.to_wire()), content) == content]


def is_outdated(post: Post) -> bool:
    """Whether the content was changed after it was decided about, and nobody has decided since."""
    record = post.status.approval
    return (
        record is not None
        and record.decision == decision_digest(post.spec.approval)
        and record.content != content_digest(post)
    )


def approval_record(post: Post, seen_at: str) -> ApprovalRecord | None:
    """What the status is to say of the decision; ``None`` for a draft that nobody has decided about."""
    approval, before = post.spec.approval, post.status.approval
    decision, content = decision_digest(approval), content_digest(post)
    if before is None and approval.state is ApprovalState.DRAFT and not approval.given:
        return None
    known = before.given if before is not None else {}
    if before is not None and before.decision == decision:
        return before.model_copy(update={"given": _approved_contents(approval, known, before.content)})
    return ApprovalRecord(
        state=approval.state,
        by=approval.by,
        at=approval.at or seen_at,
        decision=decision,
        content=content,
        given=_approved_contents(approval, known, content),
    )


def _approved_contents(approval: PostApproval, known: Mapping[str, str], content: str) -> dict[str, str]:
    """What each approval by role is of: those that are not ``known`` yet are of this content."""
    digests = [_digest(each.to_wire()) for each in approval.given]
    return {digest: known.get(digest, content) for digest in digests}


def renamed(record: ApprovalRecord | None, approval: PostApproval) -> ApprovalRecord | None:
    """The record of a decision with the name that it bears by now: whoever decided may have left."""
    if record is None or (record.state, record.at) != (approval.state, approval.at):
        return record
    return record.model_copy(update={"by": approval.by})


def approved(post: Post, needed: Mapping[str, int], given: GivenApproval) -> JsonObject:
    """``spec.approval`` once a person has approved the post as it is now: Approved when nothing is missing any more."""
    everybody = [*(each for each in approvals_standing(post) if each.by != given.by), given]
    counts = {role: sum(each.role == role for each in everybody) for role in needed}
    complete = all(counts[role] >= count for role, count in needed.items())
    return {
        "state": (ApprovalState.APPROVED if complete else ApprovalState.IN_REVIEW).value,
        "by": given.by,
        "at": given.at,
        "note": given.note,
        "given": [each.to_wire() for each in everybody],
    }


def role_to_give(missing: Mapping[str, int], role: str | None) -> str | None:
    """The role that an approval counts for: the one that is named, else the only one that is missing."""
    return role or (next(iter(missing)) if len(missing) == 1 else None)


def told_missing(missing: Mapping[str, int]) -> str:
    """For people: ``legal, 2 x editor``."""
    return ", ".join(f"{count} x {role}" if count > 1 else role for role, count in missing.items())


def content_digest(post: Post) -> str:
    """Of what is read before it is approved: 16 hex characters."""
    spec = post.spec.to_wire()
    return _digest({name: spec[name] for name in _CONTENT if spec.get(name)})


def decision_digest(approval: PostApproval) -> str:
    """Tells one decision from the next: 16 hex characters."""
    return _digest(approval.to_wire())


def _digest(value: JsonObject) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
