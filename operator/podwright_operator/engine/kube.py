"""Kubernetes types, object keys, and what the engine reads off raw objects."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, cast

from podwright_core.stages import canonical_json
from podwright_crds import names
from podwright_crds.resource import Resource, Status

#: An object in the API server's JSON form.
Raw = dict[str, Any]

MANAGED_SELECTOR = f"{names.LABEL_MANAGED_BY}={names.MANAGED_BY}"


@dataclass(frozen=True, eq=False)
class KubeType:
    """A type of Kubernetes object: where it is served, how it is watched, what of it is kept in memory.

    There is one instance for each type; it is compared and hashed by identity.
    """

    kind: str
    plural: str
    version: str
    group: str = ""
    #: Label selector of the watch; empty watches all.
    selector: str = ""
    #: Whether objects are looked up by who controls them; pods are their Jobs', and found by label.
    by_controller: bool = True
    #: Whether its CRD may be missing from the cluster.
    optional: bool = False
    #: Keeps what decisions read; the rest of a stored object would only cost memory. The store knows by itself an
    #: object's name, namespace, UID, version and controller.
    trim: Callable[[Raw], Raw] = lambda raw: raw
    #: Own kinds are read as models.
    model: type[Resource] | None = None

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def __str__(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural


class ObjectKey(NamedTuple):
    """One object in the cluster."""

    type: KubeType
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.type.kind}/{self.namespace}/{self.name}"


def root(type_: KubeType) -> str:
    """The API's path under which a type is served."""
    return f"/apis/{type_.group}/{type_.version}" if type_.group else f"/api/{type_.version}"


def collection(type_: KubeType, namespace: str) -> str:
    """The path of a type's objects in a namespace; an empty one stands for all."""
    return f"{root(type_)}/namespaces/{namespace}/{type_.plural}" if namespace else f"{root(type_)}/{type_.plural}"


#: Objects in a page of a listing: one of Jobs is 1.6 MB of text then, and 5 MB once it is parsed.
PAGE: Final = "250"


def identity(type_: KubeType, raw: Raw) -> tuple[ObjectKey, str, int]:
    """Key, UID and version."""
    metadata = raw["metadata"]
    return ObjectKey(type_, metadata.get("namespace", ""), metadata["name"]), uid_of(raw), version_of(raw)


def own(model: type[Resource]) -> KubeType:
    """The Kubernetes type of one of Podwright's kinds."""
    return _own_types.setdefault(
        model,
        KubeType(
            kind=model.KIND,
            plural=model.PLURAL,
            group=names.GROUP,
            version=names.VERSION,
            trim=_trimmed_metadata,
            model=model,
        ),
    )


_own_types: dict[type[Resource], KubeType] = {}


_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def _trimmed_metadata(raw: Raw) -> Raw:
    metadata = {key: value for key, value in raw.get("metadata", {}).items() if key != "managedFields"}
    if _LAST_APPLIED in (metadata.get("annotations") or {}):
        kept = {key: value for key, value in metadata["annotations"].items() if key != _LAST_APPLIED}
        metadata["annotations"] = kept
    return {**raw, "metadata": metadata}


def _chosen(raw: Raw, *names: str) -> Raw:
    return {name: raw[name] for name in names if name in raw}


#: What the store reads off a child itself, and a key that an annotation has in full.
_OTHER_LABELS = frozenset({names.LABEL_MANAGED_BY, names.LABEL_KIND, names.LABEL_NAME, names.LABEL_STAGE_KEY})
_OTHER_ANNOTATIONS = frozenset({names.ANNOTATION_OWNER_NAME, names.ANNOTATION_SPEC_DIGEST, names.ANNOTATION_TRACE})


def _trimmed_job(raw: Raw) -> Raw:
    """Of the conditions those that hold; only one says something."""
    status = raw.get("status", {})
    held = [
        _chosen(item, "type", "status", "message", "lastTransitionTime")
        for item in status.get("conditions") or ()
        if item.get("status") == "True"
    ]
    labels = {key: value for key, value in labels_of(raw).items() if key not in _OTHER_LABELS}
    annotations = {key: value for key, value in annotations_of(raw).items() if key not in _OTHER_ANNOTATIONS}
    return {
        "metadata": {**_child_metadata(raw), "labels": labels, "annotations": annotations},
        "spec": _chosen(raw.get("spec", {}), "suspend"),
        "status": {**_chosen(status, "active"), "conditions": held},
    }


def _trimmed_pod(raw: Raw) -> Raw:
    status = raw.get("status", {})
    kept = _chosen(status, "phase")
    for group in ("containerStatuses", "initContainerStatuses"):
        if group in status:
            kept[group] = [_trimmed_container(item) for item in status[group]]
    kept["conditions"] = [
        _chosen(item, "type", "status", "reason", "message")
        for item in status.get("conditions") or ()
        if item["type"] == "PodScheduled" and item.get("status") == "False"
    ]
    stage = _chosen(dict(labels_of(raw)), names.LABEL_STAGE)
    return {"metadata": {**_child_metadata(raw), "labels": stage}, "status": kept}


def _trimmed_container(status: Raw) -> Raw:
    kept = _chosen(status, "name")
    for group in ("state", "lastState"):
        if states := status.get(group):
            kept[group] = {
                name: {key: value for key, value in (state or {}).items() if key != "containerID"}
                for name, state in states.items()
            }
    return kept


def _child_metadata(raw: Raw) -> Raw:
    return _chosen(raw.get("metadata", {}), "creationTimestamp", "deletionTimestamp")


JOB = KubeType("Job", "jobs", "v1", "batch", selector=MANAGED_SELECTOR, trim=_trimmed_job)
CRON_JOB = KubeType("CronJob", "cronjobs", "v1", "batch", selector=MANAGED_SELECTOR, trim=_trimmed_metadata)
POD = KubeType("Pod", "pods", "v1", selector=MANAGED_SELECTOR, by_controller=False, trim=_trimmed_pod)
SERVICE_ACCOUNT = KubeType("ServiceAccount", "serviceaccounts", "v1", selector=MANAGED_SELECTOR, trim=_trimmed_metadata)
ROLE_BINDING = KubeType(
    "RoleBinding",
    "rolebindings",
    "v1",
    "rbac.authorization.k8s.io",
    selector=MANAGED_SELECTOR,
    trim=_trimmed_metadata,
)
RAY_SERVICE = KubeType(
    "RayService", "rayservices", "v1", "ray.io", selector=MANAGED_SELECTOR, optional=True, trim=_trimmed_metadata
)


def is_watched(type_: KubeType, raw: Raw) -> bool:
    """Whether the watch of its type brings this object."""
    name, _, value = type_.selector.partition("=")
    return not name or labels_of(raw).get(name) == value


def uid_of(raw: Raw) -> str:
    return str(raw.get("metadata", {}).get("uid", ""))


def version_of(raw: Raw) -> int:
    """The resource version as a number; Kubernetes 1.35 promises that versions of one type can be compared."""
    text = raw.get("metadata", {}).get("resourceVersion", "")
    return int(text) if text.isdecimal() else 0


def is_deleting(raw: Raw) -> bool:
    return bool(raw.get("metadata", {}).get("deletionTimestamp"))


def controller_uid(raw: Raw) -> str | None:
    """UID of the object that controls this one."""
    for reference in raw.get("metadata", {}).get("ownerReferences", ()):
        if reference.get("controller"):
            return str(reference["uid"])
    return None


def owner_labels(resource: Resource) -> dict[str, str]:
    """The labels by which everything made for ``resource`` is found: its children, and their pods."""
    return {
        names.LABEL_MANAGED_BY: names.MANAGED_BY,
        names.LABEL_KIND: resource.KIND.lower(),
        names.LABEL_NAME: names.label_value(resource.metadata.name),
    }


def owner_annotations(resource: Resource) -> dict[str, str]:
    """The owner's full name; a label value holds only 63 characters of it."""
    return {names.ANNOTATION_OWNER_NAME: resource.metadata.name}


def owner_reference(resource: Resource) -> Raw:
    return {
        "apiVersion": names.API_VERSION,
        "kind": resource.KIND,
        "name": resource.metadata.name,
        "uid": resource.metadata.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def digest(value: Any) -> str:
    """Digest of a JSON value, short enough for a label or a name."""
    return hashlib.sha256(canonical_json(value)).hexdigest()[:16]


def labels_of(raw: Raw) -> Mapping[str, str]:
    return raw.get("metadata", {}).get("labels") or {}


def annotations_of(raw: Raw) -> Mapping[str, str]:
    return raw.get("metadata", {}).get("annotations") or {}


def status_of(resource: Resource) -> Status:
    """The status, which every kind has in its own type."""
    return cast("Status", vars(resource)["status"])
