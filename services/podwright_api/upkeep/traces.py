"""What resources tell of people, and how it is taken out. Pure."""

from typing import Any

from podwright_crds.approvals import is_outdated
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


def without(body: JsonObject, person: str, name: str | None, pseudonym: str) -> JsonObject | None:
    """The merge patch, over the version that was read, that takes a person out of an object; None: they are not in it.

    Without a ``name`` decisions stay as they are: somebody else bears it.
    """
    metadata: JsonObject = {}
    if creator_of(body) == person:
        metadata["annotations"] = {ANNOTATION_CREATED_BY: None}
    approval = _approval_without(body, name, pseudonym) if name and body["kind"] == Post.KIND else None
    if not metadata and approval is None:
        return None
    metadata["resourceVersion"] = body["metadata"]["resourceVersion"]
    return {"metadata": metadata} | ({"spec": {"approval": approval}} if approval is not None else {})


def _approval_without(body: JsonObject, name: str, pseudonym: str) -> JsonObject | None:
    approval = body["spec"].get("approval") or {}
    given = approval.get("given") or []
    if approval.get("by") != name and not any(each.get("by") == name for each in given):
        return None
    post = Post.read(body)
    if is_outdated(post) and post.spec.approval.state in (ApprovalState.APPROVED, ApprovalState.IN_REVIEW):
        # Whatever changes a decision makes it one about the content as it is now, which nobody decided about: so it
        # goes, as it counted for nothing any more.
        return {"state": ApprovalState.DRAFT.value} | dict.fromkeys(("by", "at", "note", "given"))
    changed: JsonObject = {}
    if approval.get("by") == name:
        changed["by"] = pseudonym
    if given:
        changed["given"] = [each | {"by": pseudonym} if each.get("by") == name else each for each in given]
    return changed
