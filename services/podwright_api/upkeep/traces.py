"""What resources tell of people, and how it is taken out. Pure."""

from collections.abc import Set
from typing import Any

from podwright_crds.approvals import approvals_standing, is_outdated
from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel
from podwright_crds.episode import Episode
from podwright_crds.names import ANNOTATION_CREATED_BY
from podwright_crds.podcast import Podcast
from podwright_crds.post import ApprovalState, Post

JsonObject = dict[str, Any]

#: Kinds that people create through the facade.
KINDS = (Podcast, Episode, Post, Campaign, Channel)


def creator_of(body: JsonObject) -> str | None:
    """Id of the person who created an object through the facade."""
    found = (body["metadata"].get("annotations") or {}).get(ANNOTATION_CREATED_BY)
    return found if isinstance(found, str) else None


def without(body: JsonObject, person: str, names: Set[str], pseudonym: str) -> JsonObject | None:
    """The merge patch, over the version that was read, that takes a person out of an object; None: they are not in it.

    ``names`` are those that only they bore; under any other, decisions stay as they are.
    """
    metadata: JsonObject = {}
    if creator_of(body) == person:
        metadata["annotations"] = {ANNOTATION_CREATED_BY: None}
    approval = _approval_without(body, names, pseudonym) if body["kind"] == Post.KIND else None
    if not metadata and approval is None:
        return None
    metadata["resourceVersion"] = body["metadata"]["resourceVersion"]
    return {"metadata": metadata} | ({"spec": {"approval": approval}} if approval is not None else {})


def _approval_without(body: JsonObject, names: Set[str], pseudonym: str) -> JsonObject | None:
    approval = body["spec"].get("approval") or {}
    given = approval.get("given") or []
    if approval.get("by") not in names and not any(each.get("by") in names for each in given):
        return None
    post = Post.read(body)
    if is_outdated(post) and post.spec.approval.state in (ApprovalState.APPROVED, ApprovalState.IN_REVIEW):
        # Whatever changes a decision makes it one about the content as it is now, which nobody decided about: so it
        # goes, as it counted for nothing any more.
        return {"state": ApprovalState.DRAFT.value} | dict.fromkeys(("by", "at", "note", "given"))
    changed: JsonObject = {}
    if approval.get("by") in names:
        changed["by"] = pseudonym
    if given:
        # For the same reason an approval of earlier content goes.
        standing = [each.to_wire() for each in approvals_standing(post)]
        renamed = [each | {"by": pseudonym} if each["by"] in names else each for each in standing]
        # Each person once: whoever approved under two names counts with the last.
        changed["given"] = list({each["by"]: each for each in renamed}.values())
    return changed
