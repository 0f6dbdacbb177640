"""What publishes: the pod of publishing Jobs and CronJobs, and the identity that it runs as in a tenant's namespace."""

from typing import Final

from podwright_crds import names
from podwright_crds.channel import Channel
from podwright_crds.resource import Resource
from podwright_operator.engine import kube
from podwright_operator.engine.kube import Raw
from podwright_operator.engine.plan import Child, ChildMode
from podwright_operator.kinds.pod_spec import pod_spec
from podwright_operator.settings import StageJobSettings
from podwright_publish.capabilities import CLAIM_MARGIN, LONGEST_SEND, capabilities_of

CONTAINER: Final = "publish"

_USER: Final = 10001
_LONGEST_RUN_S: Final = 3600
#: A publisher has its own, whatever stage Jobs have: the account with its rights, and the time to end what it sends.
_OWN: Final = frozenset({"serviceAccountName", "automountServiceAccountToken", "terminationGracePeriodSeconds"})


def publisher_identity(namespace: str, settings: StageJobSettings) -> tuple[Child, ...]:
    """The service account of publishing pods and its rights; shared by all that publishes in the namespace."""
    name, role = names.PUBLISHER_SERVICE_ACCOUNT, settings.publisher_role
    # A binding's role can never be changed, so another role has another binding.
    binding: Raw = {
        "metadata": {"name": role},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
    }
    account: Raw = {"metadata": {"name": name}, "automountServiceAccountToken": False}
    return (
        Child(kube.SERVICE_ACCOUNT, account, ChildMode.CREATE, owned=False),
        Child(kube.ROLE_BINDING, binding, ChildMode.CREATE, owned=False),
    )


def _stop_seconds(owner: Resource) -> int:
    """A pod that is told to stop finishes the request that it has begun, and records what came of it."""
    limit = capabilities_of(owner.spec).send_limit if isinstance(owner, Channel) else LONGEST_SEND
    return int((limit + CLAIM_MARGIN).total_seconds())


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
        "terminationGracePeriodSeconds": _stop_seconds(owner),
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }
    wanted = {name: value for name, value in settings.pod.items() if name not in _OWN}
    return {
        "backoffLimit": 3,
        "activeDeadlineSeconds": _LONGEST_RUN_S,
        "ttlSecondsAfterFinished": int(settings.keep_finished.total_seconds()),
        "template": {
            "metadata": {"labels": kube.owner_labels(owner), "annotations": kube.owner_annotations(owner)},
            "spec": pod_spec(pod, container, wanted),
        },
    }
