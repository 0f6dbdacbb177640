"""What may still be done with a post. Pure; in the words that a person reads."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from podwright_crds.names import ANNOTATION_RETRY
from podwright_crds.post import ApprovalState, Post, PostPhase

JsonObject = dict[str, Any]


class PostAction(StrEnum):
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
    #: That a person looked and the post is not on the platform; for RETRY of a held one.
    missing_on_platform: bool = False


def decide(post: Post, wanted: Wanted) -> JsonObject | Refused:
    """The merge patch that does it, over the version that was read; or why it cannot be done."""
    problem = _problem(post, wanted)
    if problem:
        return Refused(f"Post '{post.metadata.name}' {problem}")
    patch: JsonObject = {"metadata": {"resourceVersion": post.metadata.resource_version}}
    match wanted.action:
        case PostAction.APPROVE:
            patch["spec"] = _approval(ApprovalState.APPROVED, wanted)
        case PostAction.REJECT:
            patch["spec"] = _approval(ApprovalState.REJECTED, wanted)
        case PostAction.REOPEN:
            patch["spec"] = {"approval": {"state": ApprovalState.DRAFT.value, "by": None, "note": None}}
        case PostAction.MOVE:
            patch["spec"] = {"publishAt": wanted.publish_at}
        case PostAction.RETRY:
            patch["metadata"]["annotations"] = {ANNOTATION_RETRY: wanted.at.isoformat()}
    return patch


def _approval(state: ApprovalState, wanted: Wanted) -> JsonObject:
    return {"approval": {"state": state.value, "by": wanted.by, "note": wanted.note}}


def _problem(post: Post, wanted: Wanted) -> str | None:
    phase, state = post.status.phase, post.spec.approval.state
    problem: str | None = None
    if post.status.published_at is not None or phase is PostPhase.PUBLISHED:
        where = f" ({post.status.url})" if post.status.url else ""
        problem = f"is published{where}: what is out stays as it is."
    elif phase is PostPhase.PUBLISHING:
        problem = "is being sent right now: too late to change it."
    elif state is ApprovalState.REJECTED and wanted.action in (PostAction.APPROVE, PostAction.MOVE):
        problem = "was rejected; make it a draft again first (action reopen)."
    elif wanted.action is PostAction.RETRY and phase is PostPhase.HELD and not wanted.missing_on_platform:
        problem = "may be out already. Look on the platform; if it is missing there, set missingOnPlatform to true."
    return problem
