"""What a person can do about each reason, with the command that does it."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from podwright_crds import names
from podwright_crds.approvals import is_outdated
from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel
from podwright_crds.episode import Episode
from podwright_crds.model_endpoint import ModelEndpoint, Task
from podwright_crds.podcast import Podcast
from podwright_crds.post import ApprovalState, Post
from podwright_crds.resource import Condition, ConditionStatus, Metadata, Reason, Resource
from podwright_desk.graph import Graph, endpoint_of
from podwright_desk.refs import Ref

KUBERAY = (
    "helm install kuberay-operator kuberay-operator --repo https://ray-project.github.io/kuberay-helm/ "
    "-n podwright-system"
)
_OPERATOR = "app.kubernetes.io/name=podwright,app.kubernetes.io/component=operator"


@dataclass(frozen=True)
class Cure:
    text: str
    command: str | None = None


@dataclass(frozen=True)
class _Case:
    resource: Resource
    message: str
    namespace: str

    @property
    def ref(self) -> Ref:
        return Ref.of(self.resource)

    @property
    def edit(self) -> str:
        return f"kubectl -n {self.namespace} edit {self.ref}"

    def patch(self, spec: dict[str, Any]) -> str:
        return patch_command(self.ref, spec, self.namespace)

    def own(self, verb: str) -> str:
        return f"podwright {verb} {self.ref} -n {self.namespace}"


def patch_command(ref: Ref, spec: dict[str, Any], namespace: str) -> str:
    kind, body = ref.kind.KIND.lower(), json.dumps({"spec": spec})
    return f"kubectl -n {namespace} patch {kind} {ref.name} --type merge -p '{body}'"


def _from_message(case: _Case) -> Cure:
    """Channels write the command for their Secret into the message."""
    at = case.message.find("kubectl ")
    return Cure("Put the credentials in place.", case.message[at:] if at >= 0 else case.edit)


def _failed_stage(case: _Case) -> Cure:
    text = f"Read what the stage said ({case.own('logs')}), remove the cause, then have it tried again."
    return Cure(text, case.own("retry"))


def _secret(case: _Case) -> Cure:
    return Cure(
        f"Give the namespace its Secret {names.STORAGE_SECRET}: add it to the chart's value tenants, or create it by "
        "hand as charts/podwright/README.md says.",
        f"kubectl -n {case.namespace} get secret {names.STORAGE_SECRET}",
    )


def _engine_log(case: _Case) -> Cure:
    selector = f"{names.LABEL_KIND}=modelendpoint,{names.LABEL_NAME}={names.label_value(case.ref.name)}"
    text = "Read what the engine says, and correct spec.weights, spec.engineArgs or spec.resources."
    return Cure(text, f"kubectl -n {case.namespace} logs -l {selector} --all-containers --tail=50")


def _resume(case: _Case) -> Cure:
    return Cure("Let it go on.", case.patch({"suspend": False}))


def _new_time(case: _Case) -> Cure:
    return Cure("Give it a new time, such as 2031-05-01T09:00:00+02:00.", case.patch({"publishAt": "TIME"}))


def _back_to_draft(case: _Case) -> Cure:
    return Cure(
        "To take the rejection back, make it a draft again.",
        case.patch({"approval": {"state": ApprovalState.DRAFT.value, **dict.fromkeys(("by", "at", "note", "given"))}}),
    )


def _own(verb: str, text: str) -> Callable[[_Case], Cure]:
    return lambda case: Cure(text, case.own(verb))


def _edit(text: str) -> Callable[[_Case], Cure]:
    return lambda case: Cure(text, case.edit)


#: Reasons that are missing here heal by themselves.
_CURES: Mapping[str, Callable[[_Case], Cure]] = {
    Reason.SUSPENDED: _resume,
    Reason.APPROVAL_NEEDED: _own("approve", "Read its text, then approve it."),
    Reason.ENDPOINT_NOT_FOUND: _edit("Name a ModelEndpoint, here or in the Podcast's spec.episodeDefaults."),
    Reason.QUEUED: lambda case: Cure(
        "Look where its Job stands in the queue; where the message names none, take startSuspended away.",
        f"kubectl -n {case.namespace} get localqueues,workloads",
    ),
    Reason.EPISODES_NOT_READY: _edit("If no episode is selected, correct spec.episodes."),
    Reason.STORAGE_SECRET_NOT_FOUND: _secret,
    Reason.CREDENTIALS_NOT_FOUND: _from_message,
    Reason.INVALID_CREDENTIALS: _from_message,
    Reason.KUBERAY_NOT_INSTALLED: lambda _: Cure("Install the KubeRay operator.", KUBERAY),
    Reason.MEDIA_REJECTED: _own("retry", "Replace the recording or correct spec.media, then have it tried again."),
    Reason.STAGE_FAILED: _failed_stage,
    Reason.WRONG_TASK: _edit("Refer to an endpoint of the right task."),
    Reason.INVALID_WEIGHTS: _own("retry", "Put the model's files where spec.weights.uri says, or correct it."),
    Reason.SERVING_FAILED: _engine_log,
    Reason.INVALID_SCHEDULE: _edit("Correct what the message quotes."),
    Reason.CHANNEL_REJECTED: _edit("Correct what the message quotes."),
    Reason.TEXT_REJECTED: _edit("Shorten or correct spec.text."),
    Reason.PUBLISH_FAILED: _own("retry", "Correct what the platform refused, then have it sent again."),
    Reason.OUTCOME_UNKNOWN: _own("retry", "Look on the platform. Only if the post is missing there, send it again."),
    Reason.MISSED: _new_time,
    Reason.REJECTED: _back_to_draft,
    Reason.NAME_CONFLICT: lambda case: Cure(
        "Rename one of the two: delete the object that the message names, or this one.",
        f"kubectl -n {case.namespace} describe {case.ref}",
    ),
    Reason.INVALID_SPEC: _edit("Correct what the message names, or install the version that it was made for."),
}


def cure(resource: Resource, condition: Condition, graph: Graph, *, explained: bool) -> Iterator[Cure]:
    """What to do about an object; nothing where what it waits for has a cure of its own (``explained``)."""
    case = _Case(resource, condition.message, graph.namespace)
    if isinstance(resource, Campaign) and any(_is_draft(post) for post in graph.posts_of(resource)):
        yield Cure("Read the drafts, then approve them all, or one by one.", case.own("approve"))
    if condition.status is ConditionStatus.TRUE or (explained and condition.reason in _TOLD_BY_OTHERS):
        return
    if condition.reason == Reason.SUSPENDED and not vars(resource)["spec"].suspend:
        return  # its channel or campaign is
    if make := _CURES.get(condition.reason):
        yield make(case)


def general_cure(reason: Reason, kind: type[Resource]) -> Cure | None:
    """The cure for any object of a kind, with NAME and NAMESPACE for what they are; None where it heals by itself."""
    make = _CURES.get(reason)
    if make is None:
        return None
    resource = kind.model_construct(metadata=Metadata(name="NAME", namespace="NAMESPACE"))
    told = "kubectl -n NAMESPACE create secret generic SECRET --from-literal=KEY=VALUE"
    return make(_Case(resource, told, "NAMESPACE"))


#: Reasons about another object.
_TOLD_BY_OTHERS = {
    Reason.PODCAST_NOT_FOUND,
    Reason.ENDPOINT_NOT_FOUND,
    Reason.ENDPOINT_NOT_READY,
    Reason.EPISODES_NOT_READY,
    Reason.CHANNEL_NOT_FOUND,
    Reason.CHANNEL_NOT_READY,
    Reason.CAMPAIGN_NOT_FOUND,
}


def cure_missing(ref: Ref, asked_by: Resource | None, graph: Graph) -> Cure:
    """For an object that is referred to and does not exist."""
    create = f"kubectl -n {graph.namespace} apply -f FILE"
    if asked_by is None:
        return Cure(f"Create it, or look which there are: kubectl -n {graph.namespace} get {ref.kind.PLURAL}", create)
    owner = Ref.of(asked_by)
    if isinstance(asked_by, Episode) and ref.kind is ModelEndpoint:
        return _other_endpoint(ref, asked_by, graph, create)
    if ref.kind is Channel or ref.kind is Podcast:
        others = [found.metadata.name for found in graph.all(ref.kind)]
        known = f" There is {', '.join(others)}." if others else ""
        return Cure(f"Create {ref.spoken}, or correct the reference of {owner}.{known}", create)
    return Cure(f"Create {ref.spoken} again, or delete {owner}.", create)


def _other_endpoint(ref: Ref, episode: Episode, graph: Graph, create: str) -> Cure:
    task, _ = endpoint_of(episode, graph.find(Podcast, episode.spec.podcast_ref.name))
    others = [found.metadata.name for found in graph.all(ModelEndpoint) if found.spec.task is task]
    if not others:
        return Cure(f"Create {ref.spoken} with task {task}.", create)
    part = "transcription" if task is Task.TRANSCRIPTION else "writing"
    return Cure(
        f"Create {ref.spoken} with task {task}, or let the episode use {others[0]}.",
        patch_command(Ref.of(episode), {part: {"endpointRef": {"name": others[0]}}}, graph.namespace),
    )


def cure_unseen() -> Cure:
    """For an object without a status."""
    return Cure(
        "If that stays so, see whether the operator runs and serves this namespace.",
        f"kubectl get pods --all-namespaces -l {_OPERATOR}",
    )


def _is_draft(post: Post) -> bool:
    undecided = post.spec.approval.state in {ApprovalState.DRAFT, ApprovalState.IN_REVIEW} or is_outdated(post)
    return undecided and post.status.published_at is None
