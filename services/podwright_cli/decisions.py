"""What approving and rejecting a post means. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from podwright_crds.approvals import approvals_missing, approved, is_outdated, role_to_give, told_missing
from podwright_crds.post import ApprovalState, GivenApproval, Post, PostApproval, PostPhase
from podwright_desk.cures import patch_command
from podwright_desk.refs import Ref

_NOBODY: Mapping[str, int] = {}
_WORDS = {
    ApprovalState.APPROVED: "approved",
    ApprovalState.REJECTED: "rejected",
    ApprovalState.IN_REVIEW: "handed in for review",
}


class Result(StrEnum):
    CHANGED = "changed"
    #: It is so already.
    UNCHANGED = "unchanged"
    #: It cannot be, and the message says what can.
    REFUSED = "refused"


@dataclass(frozen=True)
class Decision:
    result: Result
    message: str
    #: The merge patch to write, over the version that was read.
    patch: dict[str, Any] | None = None


@dataclass(frozen=True)
class Voice:
    """Who decides, and for which role where several have to agree."""

    by: str
    at: str
    note: str | None = None
    role: str | None = None


def decide(post: Post, wanted: ApprovalState, voice: Voice, needed: Mapping[str, int] = _NOBODY) -> Decision:
    """Approve, reject or hand in a post for a person; ``needed`` is how many of each role have to approve."""
    ref, approval = Ref.of(post), post.spec.approval
    word, by = _WORDS[wanted], voice.by
    missing = approvals_missing(post, needed)
    if approval.state is wanted and not is_outdated(post) and not missing:
        by_whom = f", by {approval.by}" if approval.by else ""
        return Decision(Result.UNCHANGED, f"{ref} is {word} already{by_whom}.")
    if problem := _problem(post, wanted) or (wanted is ApprovalState.APPROVED and _role_problem(ref, missing, voice)):
        return Decision(Result.REFUSED, problem)
    decided: dict[str, Any] = {"state": wanted.value, "by": by, "at": voice.at, "note": voice.note}
    if wanted is ApprovalState.APPROVED and needed:
        role = role_to_give(missing, voice.role) or next(iter(needed))
        decided = approved(post, needed, GivenApproval(by=by, role=role, at=voice.at, note=voice.note))
        approval = PostApproval.model_validate({name: value for name, value in decided.items() if value is not None})
        after = post.model_copy(update={"spec": post.spec.model_copy(update={"approval": approval})})
        left = approvals_missing(after, needed)
        follows = f" It still needs the approval of {told_missing(left)}." if left else _what_follows(post, wanted)
        word = f"{word} as {role}"
    else:
        follows = _what_follows(post, wanted)
    patch = {"metadata": {"resourceVersion": post.metadata.resource_version}, "spec": {"approval": decided}}
    return Decision(Result.CHANGED, f"{ref} {word} by {by}.{follows}", patch)


def retry_problem(post: Post) -> str | None:
    """Why a post cannot be sent again now."""
    ref = Ref.of(post)
    if post.status.published_at is not None or post.status.phase is PostPhase.PUBLISHED:
        return f"{ref} is published: it goes out once."
    if post.status.phase is PostPhase.PUBLISHING:
        return f"{ref} is being sent right now: wait for what comes of it."
    return None


def _role_problem(ref: Ref, missing: Mapping[str, int], voice: Voice) -> str | None:
    if not missing:
        return None
    role = role_to_give(missing, voice.role)
    if role is None:
        return f"{ref} needs the approval of {told_missing(missing)}: say which yours is with --role."
    if role not in missing:
        return f"{ref} does not need the approval of {role}, but of {told_missing(missing)}."
    return None


def _problem(post: Post, wanted: ApprovalState) -> str | None:
    ref, approval = Ref.of(post), post.spec.approval
    if wanted is ApprovalState.APPROVED:
        by = f" by {approval.by}" if approval.by else ""
        note = f" ({approval.note})" if approval.note else ""
        draft = {"approval": {"state": ApprovalState.DRAFT.value, **dict.fromkeys(("by", "at", "note", "given"))}}
        back = patch_command(ref, draft, post.metadata.namespace)
        return (
            None
            if approval.state is not ApprovalState.REJECTED
            else (f"{ref} was rejected{by}{note}; only drafts are approved. Make it a draft again first: {back}")
        )
    if post.status.published_at is not None or post.status.phase is PostPhase.PUBLISHED:
        where = f" ({post.status.url})" if post.status.url else ""
        return f"{ref} is published{where}: what is out cannot be rejected."
    if post.status.phase is PostPhase.PUBLISHING:
        return f"{ref} is being sent right now: too late to reject it."
    return None


def _what_follows(post: Post, wanted: ApprovalState) -> str:
    if wanted is ApprovalState.IN_REVIEW:
        return f" It waits for somebody to read it: podwright approve {Ref.of(post)}"
    if wanted is ApprovalState.REJECTED:
        return " It will not go out."
    if post.status.phase is PostPhase.MISSED:
        return " Its time is over: give it a new spec.publishAt."
    channel = post.spec.channel_ref.name
    when = f"at {post.spec.publish_at}" if post.spec.publish_at else "now"
    return f" It goes out on {channel} {when}."
