"""Each run of a stage is measured once, whatever happens to the episode around it."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from podwright_core.stages import StageResult, StageUsage
from podwright_crds import names
from podwright_crds.episode import StageCost
from podwright_operator.engine.measurements import StageEnded, StageOutcome
from podwright_operator.engine.plan import Plan
from podwright_operator.kinds.job_state import JobPhase, PodSeen
from podwright_operator.kinds.stage_ended import stages_ended
from tests.unit.operator.builders import episode
from tests.unit.operator.simulated import World

USAGE = StageUsage(cpu_seconds=2, endpoint_seconds=20, gpu_seconds=40, prompt_tokens=7, answer_tokens=3)
STAGES = ["ingest", "transcribe", "analyze", "write"]


@dataclass
class Measured(World):
    """A world that notes what each written status tells."""

    runs: list[StageEnded] = field(default_factory=list)

    def look(self) -> Plan:
        before, jobs = self.episode, tuple(self.jobs.values())
        plan = super().look()
        self.runs += stages_ended(before.status.stages, self.episode.status.stages, jobs)
        return plan

    def _end(self, name: str, result: StageResult, exit_code: int, phase: JobPhase) -> None:
        self.later(timedelta(seconds=40))
        result = result.model_copy(update={"usage": USAGE})
        super()._end(name, result, exit_code, phase)
        (pod,) = self.jobs[name].pods
        began = self.jobs[name].created + timedelta(seconds=10)
        self.jobs[name] = replace(self.jobs[name], pods=(replace(pod, started=began, ended=self.now),))

    def told(self) -> list[tuple[str, str]]:
        return [(run.stage, run.outcome.value) for run in self.runs]


def test_a_run_to_the_end_is_four_runs() -> None:
    world = Measured(episode())
    world.run_to_end()
    world.later(timedelta(hours=1))
    world.settle()
    assert world.told() == [(stage, "done") for stage in STAGES]
    run = world.runs[0]
    assert run.started is not None
    assert run.ended is not None
    assert run.started - run.created == timedelta(seconds=10)
    assert run.ended - run.started == timedelta(seconds=30)
    assert (run.usage, run.attempts, run.run) == (USAGE, 1, 0)


def test_what_each_stage_took_stands_in_the_status_and_stays() -> None:
    world = Measured(episode())
    world.run_to_end()
    world.later(timedelta(days=3))
    for name in list(world.jobs):
        world.expire(name)
    world.settle()
    taken = [stage.cost for stage in world.episode.status.stages]
    assert taken == [StageCost(**USAGE.model_dump())] * len(STAGES)


def test_a_title_that_goes_back_and_forth_counts_what_ran() -> None:
    world = Measured(episode())
    world.run_to_end()
    world.episode = change(world.episode, title="Another")
    world.run_to_end()
    world.later(timedelta(seconds=5))
    world.episode = change(world.episode, title="One")
    world.run_to_end()
    assert world.told() == [(stage, "done") for stage in [*STAGES, "write"]]


def test_results_that_are_there_count_as_cached() -> None:
    world = Measured(episode())
    world.run_to_end()
    world.episode = episode()  # made again
    for name in list(world.jobs):
        world.expire(name)
    world.run_to_end()
    assert world.told() == [(stage, "done") for stage in STAGES] + [(stage, "cached") for stage in STAGES]


def test_a_rejection_is_told_once_and_its_retry_again() -> None:
    world = Measured(episode())
    world.settle()
    rejected = world.open_job()
    assert rejected is not None
    world.reject(rejected.name, "gone")
    world.settle()
    world.later(timedelta(seconds=1))
    world.settle()
    assert world.told() == [("ingest", "rejected")]
    assert world.runs[0].message == "gone"
    annotated = world.episode.metadata.model_copy(update={"annotations": {names.ANNOTATION_RETRY: "1"}})
    world.episode = world.episode.model_copy(update={"metadata": annotated})
    world.run_to_end()
    assert world.told() == [("ingest", "rejected")] + [(stage, "done") for stage in STAGES]
    assert world.runs[1].run == 1


def test_a_job_that_failed_without_a_word_is_a_failure() -> None:
    world = Measured(episode())
    world.settle()
    job = world.open_job()
    assert job is not None
    killed = PodSeen("pod", "Failed", job.created, None, 137, "", "", deleting=False)
    world.jobs[job.name] = replace(job, phase=JobPhase.FAILED, finished=world.now, pods=(killed,))
    world.settle()
    assert world.told() == [("ingest", "failed")]
    assert "137" in world.runs[0].message
    assert world.runs[0].outcome is StageOutcome.FAILED


def change(of: Any, **spec: Any) -> Any:
    return of.model_copy(update={"spec": of.spec.model_copy(update=spec)})


STEPS = st.lists(st.sampled_from(["finish", "reject", "title", "suspend", "expire", "later"]), max_size=25)


@given(steps=STEPS)
def test_what_was_computed_is_counted_once(steps: list[str]) -> None:
    """Whatever comes between: as many done runs as computations whose results were taken, and none twice."""
    world = Measured(episode())
    titles = 0
    world.settle()
    for step in steps:
        open_job = world.open_job()
        if step == "finish" and open_job is not None:
            world.finish(open_job.name)
        elif step == "reject" and open_job is not None:
            world.reject(open_job.name, "no")
        elif step == "title":
            titles += 1
            world.episode = change(world.episode, title=f"T{titles % 2}")
        elif step == "suspend":
            world.episode = change(world.episode, suspend=not world.episode.spec.suspend)
        elif step == "expire" and (over := next((job for job in world.jobs.values() if job.is_over), None)):
            world.expire(over.name)
        else:
            world.later(timedelta(minutes=1))
        world.settle()
    done = [(run.stage, run.key) for run in world.runs if run.outcome is StageOutcome.DONE]
    assert len(done) == len(set(done))
    assert set(done) <= set(world.computed)
    ends = [(run.stage, run.key, run.run, run.ended) for run in world.runs]
    assert len(ends) == len(set(ends))
