"""What is kept of objects in memory is enough for those who decide, and reads as it was told."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from podwright_crds.episode import Episode
from podwright_operator.engine.cluster import Cluster
from podwright_operator.engine.compact import packed, unpacked
from podwright_operator.engine.kube import JOB, POD, ObjectKey, Raw, own
from podwright_operator.engine.reconciler import ClusterView
from podwright_operator.engine.store import Store
from podwright_operator.kinds.job_state import JobPhase, jobs_seen
from podwright_operator.kinds.model_endpoint.observe import pod_seen
from tests.unit.operator.builders import NAMESPACE, episode

AT = "2026-11-21T10:00:00Z"
OWNER = {"apiVersion": "v1", "kind": "K", "name": "one", "uid": "uid-owner", "controller": True}
ENDED = {"exitCode": 1, "message": "why", "startedAt": AT, "finishedAt": AT, "containerID": "containerd://1"}
UNSCHEDULABLE = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no node"}


def told(name: str, **parts: Any) -> Raw:
    metadata: Raw = {
        "name": name,
        "namespace": NAMESPACE,
        "uid": f"uid-{name}",
        "resourceVersion": "7",
        "creationTimestamp": AT,
        "managedFields": [{"manager": "anybody"}],
        **parts.pop("metadata", {}),
    }
    return {"metadata": metadata, **parts}


@pytest.mark.parametrize(("text", "run"), [("2", 2), ("none", 0), ("-3", 0), ("9" * 5000, 0), ("", 0)])
def test_an_annotation_that_people_edited_holds_nothing_up(text: str, run: int) -> None:
    (seen,) = jobs_seen([told("job", metadata={"annotations": {"podwright.dev/run": text}})], [])
    assert seen.run == run


def test_a_job_and_its_pod_say_what_they_said() -> None:
    store = Store()
    annotations = {"podwright.dev/stage-key": "k" * 64, "podwright.dev/run": "2", "podwright.dev/retry": ""}
    held = {"type": "Complete", "status": "True", "lastTransitionTime": AT, "lastProbeTime": AT, "reason": "r"}
    job = told(
        "job",
        metadata={"labels": {"podwright.dev/stage": "ingest"}, "annotations": annotations, "ownerReferences": [OWNER]},
        spec={"suspend": False, "template": {"spec": {}}},
        status={"conditions": [held, {"type": "Suspended", "status": "False"}]},
    )
    ended = {"exitCode": 64, "message": "why", "startedAt": AT, "finishedAt": AT}
    pod = told(
        "pod",
        metadata={"ownerReferences": [{**OWNER, "uid": "uid-job"}]},
        spec={"containers": [{"name": "stage"}]},
        status={"phase": "Failed", "containerStatuses": [{"name": "stage", "state": {"terminated": ended}}]},
    )
    store.put(JOB, job)
    store.put(POD, pod)
    kept = [store.entry(ObjectKey(type_, NAMESPACE, name)) for type_, name in ((JOB, "job"), (POD, "pod"))]
    values = [entry.value for entry in kept if entry is not None]
    assert jobs_seen(values[:1], values[1:]) == jobs_seen([job], [pod])
    assert jobs_seen(values[:1], values[1:])[0].phase is JobPhase.COMPLETE
    for value, raw in zip(values, (job, pod), strict=True):
        identity = ("name", "namespace", "uid", "resourceVersion")
        assert [value["metadata"][name] for name in identity] == [raw["metadata"][name] for name in identity]
        assert "managedFields" not in value["metadata"]


@pytest.mark.parametrize(
    "status",
    [
        {"phase": "Pending", "conditions": [UNSCHEDULABLE]},
        {
            "phase": "Pending",
            "containerStatuses": [{"name": "stage", "state": {"waiting": {"reason": "ErrImagePull"}}}],
        },
        {"phase": "Running", "containerStatuses": [{"name": "stage", "state": {"running": {"startedAt": AT}}}]},
        {
            "phase": "Pending",
            "initContainerStatuses": [
                {"name": "weights", "state": {"running": {"startedAt": AT}}, "lastState": {"terminated": ENDED}}
            ],
        },
    ],
)
def test_a_pod_says_what_it_said(status: Raw) -> None:
    raw = told("pod", metadata={"ownerReferences": [{**OWNER, "uid": "uid-job"}]}, status=status)
    store = Store()
    store.put(POD, raw)
    entry = store.entry(ObjectKey(POD, NAMESPACE, "pod"))
    assert entry is not None
    job = told("job", metadata={"annotations": {}})
    assert jobs_seen([job], [entry.value]) == jobs_seen([job], [raw])
    assert pod_seen(entry.value) == pod_seen(raw)


def test_a_resource_reads_as_it_was_told() -> None:
    store = Store()
    wanted = episode()
    raw = wanted.to_wire()
    applied = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "podwright.dev/retry": "1"}
    raw["metadata"] |= {"resourceVersion": "7", "annotations": applied}
    store.put(own(Episode), raw)
    found = store.find(Episode, wanted.metadata.namespace, wanted.metadata.name)
    assert found is not None
    assert found.spec == wanted.spec
    assert found.metadata.annotations == {"podwright.dev/retry": "1"}


@dataclass
class Vault:
    """Counts how often Secrets are read."""

    reads: int = 0

    async def secret(self, namespace: str, name: str) -> Mapping[str, str]:  # noqa: ARG002
        self.reads += 1
        await asyncio.sleep(0)
        return {"a": "b"}


async def test_a_secret_is_read_once_for_all_that_ask() -> None:
    vault = Vault()
    view = ClusterView(Store(), cast("Cluster", vault))
    found = await asyncio.gather(*(view.secret(NAMESPACE, "storage") for _ in range(20)))
    assert found == [{"a": "b"}] * 20
    assert vault.reads == 1


@given(st.binary(max_size=3000))
def test_what_is_kept_compressed_reads_as_it_was(text: bytes) -> None:
    assert unpacked(packed(text)) == text


def test_a_job_is_kept_in_a_third_of_its_text() -> None:
    annotations = {
        "podwright.dev/stage-key": "0123456789abcdef" * 4,
        "podwright.dev/run": "0",
        "podwright.dev/retry": "",
    }
    held = {"type": "Complete", "status": "True", "lastTransitionTime": AT}
    job = told("job", metadata={"annotations": annotations}, spec={"suspend": False}, status={"conditions": [held]})
    text = to_json(JOB.trim(job))
    assert len(packed(text)) < len(text) / 3
