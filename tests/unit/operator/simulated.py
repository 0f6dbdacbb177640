"""A node and an API server in a few lines, for decisions only: what a plan asks for happens."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from podwright_core.stages import StageRequest, StageResult
from podwright_crds.episode import Episode
from podwright_operator.engine.plan import Plan
from podwright_operator.kinds.episode.desired import desired
from podwright_operator.kinds.episode.observed import EpisodeObserved
from podwright_operator.kinds.job_state import JobPhase, JobSeen, PodSeen
from podwright_operator.settings import StageJobSettings
from tests.unit.operator.builders import NOW, endpoint, podcast, written

SETTINGS = StageJobSettings()
FACTS = {"ingest": {"durationSeconds": 5.0}, "write": {"checked": 1}, "analyze": {"summary": "s"}}


def observed(**changes: object) -> EpisodeObserved:
    """A world in which an Episode lacks nothing."""
    endpoints = {"ears": endpoint("ears", "transcription"), "pen": endpoint("pen", "generation")}
    return replace(EpisodeObserved(podcast=podcast(), endpoints=endpoints, bucket="b"), **changes)  # type: ignore[arg-type]


def ended(result: StageResult, exit_code: int = 0, at: datetime = NOW) -> PodSeen:
    return PodSeen(
        name="pod",
        phase="Succeeded" if exit_code == 0 else "Failed",
        created=at,
        started=None,
        exit_code=exit_code,
        termination=result.model_dump_json(by_alias=True),
        problem="",
        deleting=False,
    )


@dataclass
class World:
    """One Episode and its Jobs over time."""

    episode: Episode
    seen: EpisodeObserved = field(default_factory=observed)
    now: datetime = NOW
    jobs: dict[str, JobSeen] = field(default_factory=dict)
    requests: dict[str, StageRequest] = field(default_factory=dict)
    #: Keys that were computed; a key that comes again is found done.
    computed: list[tuple[str, str]] = field(default_factory=list)

    def look(self) -> Plan:
        """One reconcile: decide, make it so, write status."""
        plan = desired(self.episode, replace(self.seen, jobs=tuple(self.jobs.values())), self.now, SETTINGS)
        wanted = {child.name: child for child in plan.children}
        kept = {name for _, name in plan.keep}
        for name in list(self.jobs):
            run = wanted[name].identity if name in wanted else None
            if (name not in wanted and name not in kept) or (
                run is not None and run != f"{self.jobs[name].key}/{self.jobs[name].run}"
            ):
                del self.jobs[name]
        for name, child in wanted.items():
            if name not in self.jobs:
                container = child.object["spec"]["template"]["spec"]["containers"][0]
                variables = {item["name"]: item.get("value", "") for item in container["env"]}
                request = StageRequest.model_validate_json(variables["PODWRIGHT_STAGE_REQUEST"])
                annotations = child.object["metadata"]["annotations"]
                self.requests[name] = request
                self.jobs[name] = JobSeen(
                    name=name,
                    stage=request.stage.value,
                    key=request.key,
                    run=int(annotations["podwright.dev/run"]),
                    retry=annotations["podwright.dev/retry"],
                    phase=JobPhase.PENDING,
                    created=self.now,
                    finished=None,
                    failure="",
                    deleting=False,
                )
        self.episode = written(self.episode, plan, self.now)
        return plan

    def settle(self) -> Plan:
        """Look until nothing changes."""
        before = None
        while (state := (self.episode, tuple(self.jobs.values()))) != before:
            before = state
            plan = self.look()
        return plan

    def open_job(self) -> JobSeen | None:
        return next((job for job in self.jobs.values() if not job.is_over), None)

    def finish(self, name: str) -> None:
        request = self.requests[name]
        work = (request.stage.value, request.key)
        cached = work in self.computed
        if not cached:
            self.computed.append(work)
        result = StageResult(
            stage=request.stage,
            key=request.key,
            outcome="done",
            cached=cached,
            digest=f"digest-{request.key}",
            facts=FACTS.get(request.stage.value, {}),
        )
        self._end(name, result, 0, JobPhase.COMPLETE)

    def reject(self, name: str, message: str) -> None:
        request = self.requests[name]
        result = StageResult(stage=request.stage, key=request.key, outcome="rejected", message=message)
        self._end(name, result, 64, JobPhase.FAILED)

    def expire(self, name: str) -> None:
        """Its time to live ends, or somebody deletes it."""
        self.jobs.pop(name, None)

    def later(self, delay: timedelta) -> None:
        self.now += delay

    def run_to_end(self) -> Plan:
        plan = self.settle()
        while job := self.open_job():
            self.finish(job.name)
            plan = self.settle()
        return plan

    def _end(self, name: str, result: StageResult, exit_code: int, phase: JobPhase) -> None:
        pod = ended(result, exit_code, self.now)
        self.jobs[name] = replace(self.jobs[name], phase=phase, finished=self.now, pods=(pod,))
