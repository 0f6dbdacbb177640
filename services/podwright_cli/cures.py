"""What a person can do about each reason, with the command that does it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from podwright_cli.graph import Graph, endpoint_of
from podwright_cli.refs import Ref
from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel
from podwright_crds.episode import Episode
from podwright_crds.model_endpoint import ModelEndpoint, Task
from podwright_crds.names import STORAGE_SECRET
from podwright_crds.podcast import Podcast
from podwright_crds.post import ApprovalState, Post
from podwright_crds.resource import Condition, ConditionStatus, Reason, Resource

KUBERAY = "helm install kuberay-operator kuberay/kuberay-operator -n podwright-system"


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
    return Cure(
        f"Read what the stage said, remove the cause, then have it tried again: {case.own('logs')}", case.own("retry")
    )


def _secret(case: _Case) -> Cure:
    return Cure(
        f"Give the namespace its Secret {STORAGE_SECRET}: add it to the chart's value tenants, or create it by hand "
        "(charts/podwright/README.md).",
        f"kubectl -n {case.namespace} get secret {STORAGE_SECRET}",
    )


def _look_at_endpoint(case: _Case) -> Cure:
    selector = f"podwright.dev/name={case.ref.name}".replace("podwright.dev", _group())
    return Cure("Read what the engine says.", f"kubectl -n {case.namespace} logs -l {selector} --tail=50")
