"""What approving and rejecting a post means. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from podwright_cli.cures import patch_command
from podwright_cli.refs import Ref
from podwright_crds.post import ApprovalState, Post, PostPhase


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


def decide(post: Post, wanted: ApprovalState, by: str, note: str | None) -> Decision:
    """Approve or reject a post for a person."""
    ref, approval = Ref.of(post), post.spec.approval
    word = wanted.value.lower()
    if approval.state is wanted:
        by_whom = f", by {approval.by}" if approval.by else ""
        return Decision(Result.UNCHANGED, f"{ref} is {word} already{by_whom}.")
    if problem := _problem(post, wanted):
        return Decision(Result.REFUSED, problem)
    patch = {
        "metadata": {"resourceVersion": post.metadata.resource_version},
        "spec": {"approval": {"state": wanted.value, "by": by, "note": note}},
    }
    return Decision(Result.CHANGED, f"{ref} {word} by {by}.{_what_follows(post, wanted)}", patch)


def _problem(post: Post, wanted: ApprovalState) -> str | None:
    ref, approval = Ref.of(post), post.spec.approval
    if wanted is ApprovalState.APPROVED:
        by = f" by {approval.by}" if approval.by else ""
        note = f" ({approval.note})" if approval.note else ""
        draft = {"approval": {"state": ApprovalState.DRAFT.value, "by": None, "note": None}}
        back = patch_command(ref, draft, post.metadata.namespace)
        return (
            None
            if approval.state is ApprovalState.DRAFT
            else (f"{ref} was rejected{by}{note}; only drafts are approved. Make it a draft again first: {back}")
        )
    if post.status.published_at is not None or post.status.phase is PostPhase.PUBLISHED:
        where = f" ({post.status.url})" if post.status.url else ""
        return f"{ref} is published{where}: what is out cannot be rejected."
    if post.status.phase is PostPhase.PUBLISHING:
        return f"{ref} is being sent right now: too late to reject it."
    return None


def _what_follows(post: Post, wanted: ApprovalState) -> str:
    if wanted is ApprovalState.REJECTED:
        return " It will not go out."
    if post.status.phase is PostPhase.MISSED:
        return " Its time is over: give it a new spec.publishAt."
    channel = post.spec.channel_ref.name
    when = f"at {post.spec.publish_at}" if post.spec.publish_at else "now"
    return f" It goes out on {channel} {when}."
