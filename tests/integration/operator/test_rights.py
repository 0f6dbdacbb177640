"""The operator's role is what it uses: a run with all kinds, compared with the API server's audit log."""

from datetime import UTC, datetime
from typing import Any

import pytest

from podwright_crds import names
from tests.control_plane import ControlPlane
from tests.integration.operator.cluster import Kubelet, Operator, Tenant, until
from tests.integration.operator.conftest import OPERATOR_USER, SYSTEM, roles
from tests.integration.operator.test_publishing import APPROVED, campaign, channel, credentials, posts, write_texts
from tests.rights import Right, exercised, granted, log_lines, refused, secrets_read, uses

OWN = ("modelendpoints", "podcasts", "episodes", "channels", "campaigns", "posts")
#: Granted although no request of a run like this one needs it, and why.
FOR_OTHER_TIMES = {
    # Not asked for by a request: the admission of owner references that block deletion looks at it.
    *(Right(names.GROUP, f"{kind}/finalizers", "update") for kind in OWN),
    # The binding to the publisher's role is judged by it.
    Right("rbac.authorization.k8s.io", "clusterroles", "bind"),
    # What a watch has lost is read by name, and so is who holds a name that is taken.
    *(Right(names.GROUP, kind, "get") for kind in OWN),
    *(Right("batch", kind, "get") for kind in ("jobs", "cronjobs")),
    Right("ray.io", "rayservices", "get"),
    Right("", "pods", "get"),
    Right("", "serviceaccounts", "get"),
    Right("rbac.authorization.k8s.io", "rolebindings", "get"),
    # A Job whose labels or owner somebody took away is taken back.
    Right("batch", "jobs", "patch"),
    # A CronJob goes with its campaign; one under another name than a campaign's has now is pruned.
    Right("batch", "cronjobs", "delete"),
    # Only Episodes have a finalizer, and only campaigns make posts; the rule names all kinds.
    *(Right(names.GROUP, kind, "patch") for kind in OWN),
}
#: What follows a while after the rest: what a run tells, and how far a stage that goes on says it is.
LATE = {Right("events.k8s.io", "events", "create"), Right("", "pods/log", "get")}


@pytest.fixture
def elected(operator: Operator, tenant: Tenant) -> Operator:
    """Started again with a Lease, as the chart has it; the namespaces of other tests are left alone."""
    operator.stop()
    operator.environment |= {"PODWRIGHT_LEASE_NAMESPACE": SYSTEM, "PODWRIGHT_LEASE_NAME": "podwright-operator"}
    operator.start()
    assert tenant.namespace
    return operator


def test_the_role_is_what_a_run_uses(
    elected: Operator, announcing: Tenant, kubelet: Kubelet, operated: ControlPlane, storage: str
) -> None:
    tenant = announcing
    everything(tenant, kubelet, storage)
    elected.settled_writes()
    rules = [rule for role in roles(operated) if "publisher" not in name_of(role) for rule in role.get("rules", ())]

    def done() -> Any:
        used = uses(log_lines(operated.audit_log), OPERATOR_USER)
        return used if exercised(used) >= LATE else None

    used = until(done, "the audit log")
    # The log has the other tests' faults too: quotas, API servers that have just begun.
    assert refused(use for use in used if use.namespace in {"", SYSTEM, tenant.namespace}) == set()
    assert exercised(used) <= granted(rules)
    unused = sorted(map(str, granted(rules) - exercised(used) - FOR_OTHER_TIMES))
    assert not unused, f"granted and not used: {', '.join(unused)}"
    assert sorted(map(str, FOR_OTHER_TIMES - granted(rules))) == []
    here = {name for namespace, name in secrets_read(used) if namespace == tenant.namespace}
    assert here == {names.STORAGE_SECRET, "news-secret"}, "Secrets are read where something refers to them"


def name_of(role: dict[str, Any]) -> str:
    return str(role["metadata"]["name"])


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def everything(tenant: Tenant, kubelet: Kubelet, storage: str) -> None:
    """All that the operator does in its life, once."""
    tenant.core.create_namespaced_secret(
        tenant.namespace, {"metadata": {"name": "of-somebody-else"}, "stringData": {"a": "b"}}
    )
    credentials(tenant)
    channel(tenant, "http://127.0.0.1:1/")
    campaign(tenant)
    # An episode, its progress, its end, its post; another with a finalizer that is taken off again.
    tenant.episode("one")
    job = until(lambda: tenant.jobs("one", "ingest"), "the ingest Job")[0]
    kubelet.start(job.metadata.name)
    write_texts(tenant, kubelet, storage, "one")
    until(lambda: posts(tenant), "the campaign's post")
    tenant.episode("two", deletionPolicy="Delete")
    until(lambda: tenant.get("Episode", "two")["metadata"].get("finalizers"), "the finalizer")
    tenant.patch("Episode", "two", {"spec": {"suspend": True}})
    until(lambda: not tenant.jobs("two"), "the end of its Job")
    tenant.delete("Episode", "two")
    cleanup = until(lambda: tenant.jobs("two", "cleanup"), "the cleanup Job")[0].metadata.name
    pod = until(lambda: tenant.pods(cleanup), "its pod")[0].metadata.name
    kubelet.set_status(pod, "Succeeded", {"terminated": {"exitCode": 0, "startedAt": _now(), "finishedAt": _now()}})
    until(lambda: not tenant.exists("Episode", "two"), "its end")
    # One that is at work still.
    tenant.episode("three")
    kubelet.start(until(lambda: tenant.jobs("three", "ingest"), "the ingest Job")[0].metadata.name)
    # A post of its own, with a publishing Job and its identity.
    tenant.create("Post", "hello", {"channelRef": {"name": "news"}, "text": "Listen in.", **APPROVED})
    until(lambda: [job for job in tenant.batch.list_namespaced_job(tenant.namespace).items if job.metadata.name], "Job")
    # A CronJob is changed, and goes with its campaign's schedule.
    tenant.patch("Campaign", "launch", {"spec": {"suspend": True}})
    tenant.wait_reason("Campaign", "launch", "Suspended")
    tenant.patch("Campaign", "launch", {"spec": {"suspend": False, "cadence": {"timeZone": "Mars/Olympus_Mons"}}})
    tenant.wait_reason("Campaign", "launch", "InvalidSchedule")
    # An endpoint is changed and put to sleep.
    tenant.patch("ModelEndpoint", "pen", {"spec": {"engineArgs": {"dtype": "bfloat16"}}})
    tenant.wait_reason("ModelEndpoint", "pen", "Starting")
    tenant.patch("ModelEndpoint", "pen", {"spec": {"suspend": True}})
    tenant.wait_reason("ModelEndpoint", "pen", "Suspended")
