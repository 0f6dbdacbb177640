"""What Jobs and their pods say: read off the raw objects once, then plain data for decisions."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from podwright_core.stages import StageResult, StageUsage
from podwright_crds import names
from podwright_operator.engine import kube
from podwright_operator.engine.kube import Raw
from podwright_operator.kinds.stage_job import (
    ANNOTATION_KEY,
    ANNOTATION_RETRY,
    ANNOTATION_RUN,
    CONTAINER,
    LABEL_QUEUE,
)


class JobPhase(StrEnum):
    #: No pod of it runs yet.
    PENDING = "Pending"
    RUNNING = "Running"
    COMPLETE = "Complete"
    FAILED = "Failed"


@dataclass(frozen=True)
class PodSeen:
    """One pod of a Job."""

    name: str
    phase: str
    created: datetime
    #: When its container began to run.
    started: datetime | None
    exit_code: int | None
    #: The container's termination message.
    termination: str
    #: Why it does not run: the container's waiting reason or the scheduler's word, with its message.
    problem: str
    deleting: bool
    #: When its container ended.
    ended: datetime | None = None

    @property
    def result(self) -> StageResult | None:
        """What the stage left; None where it left nothing readable."""
        try:
            return StageResult.model_validate_json(self.termination) if self.termination else None
        except ValidationError:
            return None


@dataclass(frozen=True)
class JobSeen:
    """One stage Job with its pods, the oldest first."""

    name: str
    stage: str
    key: str
    run: int
    retry: str
    phase: JobPhase
    created: datetime
    finished: datetime | None
    #: Why it failed, in the Job controller's words.
    failure: str
    deleting: bool
    pods: tuple[PodSeen, ...] = ()
    #: ``spec.suspend``: a queueing system has not started it yet, or has stopped it.
    suspended: bool = False
    #: Kueue's queue that it waits in.
    queue: str = ""

    @property
    def is_over(self) -> bool:
        return self.phase in {JobPhase.COMPLETE, JobPhase.FAILED}

    @property
    def running_pod(self) -> PodSeen | None:
        return next((pod for pod in reversed(self.pods) if pod.phase == "Running" and not pod.deleting), None)

    @property
    def done(self) -> StageResult | None:
        """The result of a pod that finished this very key's work."""
        for pod in reversed(self.pods):
            result = pod.result
            if pod.exit_code == 0 and result is not None and result.outcome == "done" and result.key == self.key:
                return result
        return None

    @property
    def usage(self) -> StageUsage | None:
        """What its pods took together, as far as they could tell."""
        told = [result.usage for pod in self.pods if (result := pod.result) is not None and result.usage is not None]
        return sum(told[1:], told[0]) if told else None

    @property
    def last_words(self) -> tuple[bool, str]:
        """Whether the input was rejected, and why the work failed, for people."""
        for pod in reversed(self.pods):
            result = pod.result
            if result is not None and result.outcome != "done":
                return result.outcome == "rejected", result.message or "no reason given"
            if pod.exit_code and pod.termination:
                lines = pod.termination.strip().splitlines()
                return False, f"exit code {pod.exit_code}: {lines[-1][:500] if lines else ''}"
            if pod.exit_code:
                return False, f"exit code {pod.exit_code}"
        return False, self.failure or "its pod is gone"


def jobs_seen(jobs: Iterable[Raw], pods: Iterable[Raw]) -> tuple[JobSeen, ...]:
    """Jobs with their pods, told apart by owner."""
    by_job: dict[str | None, list[Raw]] = {}
    for pod in pods:
        by_job.setdefault(kube.controller_uid(pod), []).append(pod)
    return tuple(_job(job, by_job.get(kube.uid_of(job), ())) for job in jobs)


def moment(text: str | None) -> datetime | None:
    """A time as Kubernetes writes it."""
    return datetime.fromisoformat(text) if text else None


def _job(raw: Raw, pods: Sequence[Raw]) -> JobSeen:
    annotations, status = kube.annotations_of(raw), raw.get("status", {})
    held = {item["type"]: item for item in status.get("conditions", ()) if item.get("status") == "True"}
    seen = tuple(sorted((_pod(pod) for pod in pods), key=lambda pod: (pod.created, pod.name)))
    over = held.get("Complete") or held.get("SuccessCriteriaMet") or held.get("Failed") or held.get("FailureTarget")
    if held.get("Failed") or held.get("FailureTarget"):
        phase = JobPhase.FAILED
    elif over:
        phase = JobPhase.COMPLETE
    else:
        phase = JobPhase.RUNNING if any(pod.phase == "Running" for pod in seen) else JobPhase.PENDING
    return JobSeen(
        name=raw["metadata"]["name"],
        stage=kube.labels_of(raw).get(names.LABEL_STAGE, ""),
        key=annotations.get(ANNOTATION_KEY, ""),
        run=_run(annotations.get(ANNOTATION_RUN, "")),
        retry=annotations.get(ANNOTATION_RETRY, ""),
        phase=phase,
        created=_created(raw),
        finished=moment(over.get("lastTransitionTime")) if over else None,
        failure=str(over.get("message", "")) if over and phase is JobPhase.FAILED else "",
        deleting=kube.is_deleting(raw),
        pods=seen,
        suspended=bool(raw.get("spec", {}).get("suspend")),
        queue=kube.labels_of(raw).get(LABEL_QUEUE, ""),
    )


def _run(text: str) -> int:
    """What people made of the annotation counts as the first run: where it was another, the Job is made anew."""
    return int(text) if re.fullmatch("[0-9]{1,6}", text) else 0


def _created(raw: Raw) -> datetime:
    return datetime.fromisoformat(raw["metadata"]["creationTimestamp"])


def _pod(raw: Raw) -> PodSeen:
    status = raw.get("status", {})
    state: dict[str, Any] = next(
        (item.get("state", {}) for item in status.get("containerStatuses", ()) if item["name"] == CONTAINER), {}
    )
    terminated, running = state.get("terminated") or {}, state.get("running") or {}
    return PodSeen(
        name=raw["metadata"]["name"],
        phase=status.get("phase", "Pending"),
        created=_created(raw),
        started=moment(running.get("startedAt") or terminated.get("startedAt")),
        exit_code=terminated.get("exitCode"),
        termination=terminated.get("message", ""),
        problem=pod_problem(raw),
        deleting=kube.is_deleting(raw),
        ended=moment(terminated.get("finishedAt")),
    )


#: States of a container that starts by itself in a moment; no trouble.
_STARTING = frozenset({"ContainerCreating", "PodInitializing"})


def pod_problem(raw: Raw) -> str:
    """Why a pod does not run, in a sentence; empty where nothing is wrong."""
    status = raw.get("status", {})
    for item in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
        waiting = item.get("state", {}).get("waiting") or {}
        if waiting.get("reason") and waiting["reason"] not in _STARTING:
            return f"{waiting['reason']}: {waiting.get('message', '')}"[:500].rstrip(": ")
    for condition in status.get("conditions", ()):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return f"{condition.get('reason', 'Unschedulable')}: {condition.get('message', '')}"[:500].rstrip(": ")
    return ""
