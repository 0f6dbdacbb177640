"""What publishes: the pod of publishing Jobs and CronJobs, and the identity that it runs as in a tenant's namespace."""

from typing import Final

from podwright_crds import names
from podwright_crds.resource import Resource
from podwright_operator.engine import kube
from podwright_operator.engine.kube import Raw
from podwright_operator.engine.plan import Child, ChildMode
from podwright_operator.settings import StageJobSettings

#: Of the chart: what a publisher may do.
CLUSTER_ROLE: Final = "podwright-publisher"
CONTAINER: Final = "publish"

_USER: Final = 10001
#: A started request is finished: longer than a channel's longest timeout.
_STOP_S: Final = 150
_LONGEST_RUN_S: Final = 3600


def publisher_identity(namespace: str) -> tuple[Child, ...]:
    """The service account of publishing pods and its rights; shared by all that publishes in the namespace."""
    name = names.PUBLISHER_SERVICE_ACCOUNT
    binding: Raw = {
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": CLUSTER_ROLE},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
    }
    account: Raw = {"metadata": {"name": name}, "automountServiceAccountToken": False}
    return (
        Child(kube.SERVICE_ACCOUNT, account, ChildMode.CREATE, owned=False),
        Child(kube.ROLE_BINDING, binding, ChildMode.CREATE, owned=False),
    )


def publish_job_spec(owner: Resource, what: str, settings: StageJobSettings) -> Raw:
    """The spec of a Job that runs ``podwright-publish WHAT NAME`` for its owner."""
    container: Raw = {
        "name": CONTAINER,
        "image": settings.image,
        "imagePullPolicy": settings.pull_policy,
        "command": ["python", "-m", "podwright_publish.main", what, owner.metadata.name],
        "env": [
            {"name": "PODWRIGHT_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
            {"name": "HOME", "value": "/tmp"},  # noqa: S108  (an emptyDir of the pod's own)
            *({"name": name, "value": value} for name, value in settings.egress.to_environment().items()),
            *({"name": name, "value": value} for name, value in settings.tracing.items()),
        ],
        # The limit is what converting a post's video takes.
        "resources": {"requests": {"cpu": "50m", "memory": "96Mi"}, "limits": {"memory": "2Gi"}},
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108
    }
    pod: Raw = {
        "restartPolicy": "Never",
        "serviceAccountName": names.PUBLISHER_SERVICE_ACCOUNT,
        "automountServiceAccountToken": True,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": _STOP_S,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
        **settings.pod,
    }
    return {
        "backoffLimit": 3,
        "activeDeadlineSeconds": _LONGEST_RUN_S,
        "ttlSecondsAfterFinished": int(settings.keep_finished.total_seconds()),
        "template": {
            "metadata": {"labels": kube.owner_labels(owner), "annotations": kube.owner_annotations(owner)},
            "spec": pod,
        },
    }
