"""Specs that change, and change back, at any moment of any stage: what comes out is what the last spec asks for."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from podwright_core.stages import EPISODE_STAGES
from podwright_crds.episode import Episode
from podwright_operator.engine.plan import OutcomeKind
from podwright_operator.kinds.job_state import JobPhase
from tests.unit.operator.builders import episode
from tests.unit.operator.simulated import World

SPECS: tuple[dict[str, Any], ...] = (
    {},
    {"title": "Another"},
    {"transcription": {"language": "de"}},
    {"media": {"url": "s3://b/other.wav"}},
    {"media": {"url": "s3://b/one.wav", "revision": "2"}, "writing": {"language": "fr"}},
)
happenings = st.lists(
    st.one_of(
        st.tuples(st.just("spec"), st.integers(0, len(SPECS) - 1)),
        st.tuples(
            st.sampled_from(["finish", "finish unseen", "reject", "delete", "lose", "suspend", "resume", "later"]),
            st.just(0),
        ),
    ),
    max_size=20,
)


def with_spec(before: Episode, spec: dict[str, Any], *, suspend: bool) -> Episode:
    """Another spec, the status as it is."""
    after = episode(suspend=suspend, **spec)
    metadata = before.metadata.model_copy(update={"generation": before.metadata.generation + 1})
    return after.model_copy(update={"status": before.status, "metadata": metadata})


@given(happenings)
@settings(max_examples=200, deadline=None)
def test_the_last_spec_decides_whatever_happened_before(told: list[tuple[str, int]]) -> None:
    world, chosen, suspended = World(episode()), 0, False
    for what, number in told:
        if what != "finish unseen":
            world.look()
        job = world.open_job()
        match what:
            case "spec":
                chosen = number
            case "suspend" | "resume":
                suspended = what == "suspend"
            case "finish" | "finish unseen" if job:
                world.finish(job.name)
            case "reject" if job:
                world.reject(job.name, "bad")
            case "delete" if job:
                world.expire(job.name)
            case "lose" if job:  # its pod is gone, and its word with it
                world.jobs[job.name] = replace(job, phase=JobPhase.COMPLETE, finished=world.now)
            case _:
                world.later(timedelta(minutes=11))
        world.episode = with_spec(world.episode, SPECS[chosen], suspend=suspended)
    world.episode = with_spec(world.episode, SPECS[chosen], suspend=False)
    for _ in range(8):  # what was rejected or lost is due again
        world.later(timedelta(minutes=11))
        plan = world.run_to_end()
    assert plan.outcome.kind is OutcomeKind.READY

    straight = World(episode(**SPECS[chosen]))
    straight.run_to_end()
    found = [(stage.name, stage.key, stage.digest) for stage in world.episode.status.stages]
    assert found == [(stage.name, stage.key, stage.digest) for stage in straight.episode.status.stages]
    assert len(found) == len(EPISODE_STAGES)
    assert not world.open_job()
