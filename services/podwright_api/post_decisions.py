"""What may still be done with a post. Pure; in the words that a person reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from podwright_crds.approvals import approvals_missing, approved, role_to_give, told_missing
from podwright_crds.names import ANNOTATION_RETRY
from podwright_crds.post import ApprovalState, GivenApproval, Post, PostPhase, may_be_out

JsonObject = dict[str, Any]

#: What of an approval says who decided; it comes from decisions, which know.
DECIDED = ("by", "at", "note", "given")


class PostAction(StrEnum):
    #: Draft to review.
    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    #: Back to a draft.
    REOPEN = "reopen"
    #: To another time.
    MOVE = "move"
    RETRY = "retry"


@dataclass(frozen=True)
class Refused:
    message: str


@dataclass(frozen=True)
class Wanted:
    action: PostAction
    by: str
    at: datetime
    note: str | None = None
    #: RFC 3339; for MOVE.
    publish_at: str | None = None
    #: That a person looked and the post is not on the platform; for RETRY of one that may be out.
    missing_on_platform: bool = False
    #: The role that an approval counts for, and those that the actor may speak for (``None``: any).
    role: str | None = None
    may_speak_for: frozenset[str] | None = frozenset()
    #: Other names of the actor, whom approvals count for once.
    other_names: frozenset[str] = frozenset()
    #: How many of each role have to approve.
    needed: Mapping[str, int] = field(default_factory=dict)


def decide(post: Post, wanted: Wanted) -> JsonObject | Refused:
    """The merge patch that does it, over the version that was read; or why it cannot be done."""
    post = _without_given(post, wanted.other_names)
    problem = _problem(post, wanted)
    if problem:
        return Refused(f"Post '{post.metadata.name}' {problem}")
    patch: JsonObject = {"metadata": {"resourceVersion": post.metadata.resource_version}}
    match wanted.action:
        case PostAction.APPROVE:
            patch["spec"] = _approved(post, wanted) if wanted.needed else _approval(ApprovalState.APPROVED, wanted)
        case PostAction.SUBMIT:
            patch["spec"] = _approval(ApprovalState.IN_REVIEW, wanted)
        case PostAction.REJECT:
            patch["spec"] = _approval(ApprovalState.REJECTED, wanted)
        case PostAction.REOPEN:
            patch["spec"] = {"approval": approval_set(ApprovalState.DRAFT, wanted.by, wanted.at)}
        case PostAction.MOVE:
            patch["spec"] = {"publishAt": wanted.publish_at}
        case PostAction.RETRY:
            patch["metadata"]["annotations"] = {ANNOTATION_RETRY: wanted.at.isoformat()}
    return patch


def _without_given(post: Post, names: frozenset[str]) -> Post:
    """The post without the approvals by role that somebody of these names gave."""
    approval = post.spec.approval
    others = [each for each in approval.given if each.by not in names]
    spec = post.spec.model_copy(update={"approval": approval.model_copy(update={"given": others})})
    return post.model_copy(update={"spec": spec})


def approval_set(state: str | None, by: str, at: datetime) -> JsonObject:
    """``spec.approval``, as a merge patch, of a state that is set without a decision: approvals that were given end."""
    nobody: JsonObject = dict.fromkeys(DECIDED)
    if state in (None, ApprovalState.DRAFT):
        return {"state": ApprovalState.DRAFT.value} | nobody
    return {"state": state} | nobody | {"by": by, "at": at.isoformat(timespec="seconds")}


def _approval(state: ApprovalState, wanted: Wanted) -> JsonObject:
    at = wanted.at.isoformat(timespec="seconds")
    return {"approval": {"state": state.value, "by": wanted.by, "at": at, "note": wanted.note}}


def _approved(post: Post, wanted: Wanted) -> JsonObject:
    # Where all roles have approved already, the approval is one more of the actor's first.
    role = _role(post, wanted) or next(iter(wanted.needed))
    at = wanted.at.isoformat(timespec="seconds")
    given = GivenApproval(by=wanted.by, role=role, at=at, note=wanted.note)
    return {"approval": approved(post, wanted.needed, given)}


def _role(post: Post, wanted: Wanted) -> str | None:
    """The role that is named, else the only one that is missing and that the actor may speak for."""
    missing = approvals_missing(post, wanted.needed)
    if wanted.may_speak_for is not None:
        missing = {role: count for role, count in missing.items() if role in wanted.may_speak_for}
    return role_to_give(missing, wanted.role)


def _role_problem(post: Post, wanted: Wanted) -> str | None:
    missing = approvals_missing(post, wanted.needed)
    if wanted.action is not PostAction.APPROVE or not missing:
        return None
    role = _role(post, wanted)
    if role is None or role not in missing:
        return f"needs the approval of {told_missing(missing)}: say which yours is (role)."
    if wanted.may_speak_for is not None and role not in wanted.may_speak_for:
        return f"needs the approval of {role}, which is not yours to give."
    return None


def _problem(post: Post, wanted: Wanted) -> str | None:
    phase, state = post.status.phase, post.spec.approval.state
    problem: str | None = None
    if post.status.published_at is not None or phase is PostPhase.PUBLISHED:
        where = f" ({post.status.url})" if post.status.url else ""
        problem = f"is published{where}: what is out stays as it is."
    elif phase is PostPhase.PUBLISHING:
        problem = "is being sent right now: too late to change it."
    elif state is ApprovalState.REJECTED and wanted.action in (PostAction.SUBMIT, PostAction.APPROVE, PostAction.MOVE):
        problem = "was rejected; make it a draft again first (action reopen)."
    elif wanted.action is PostAction.RETRY and may_be_out(post.status) and not wanted.missing_on_platform:
        problem = "may be out already. Look on the platform; if it is missing there, set missingOnPlatform to true."
    return problem or _role_problem(post, wanted)
