from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podwright_core.stages import EPISODE_STAGES, PostTarget
from podwright_crds.episode import Episode, StagePhase
from podwright_crds.resource import Reason
from podwright_operator.engine.kube import JOB
from podwright_operator.engine.plan import OutcomeKind, Plan
from podwright_operator.kinds.episode.desired import desired
from podwright_operator.kinds.episode.observed import EpisodeObserved
from podwright_operator.kinds.job_state import JobPhase
from tests.unit.operator.builders import NOW, endpoint, episode, podcast
from tests.unit.operator.simulated import SETTINGS, World, observed

EARS, PEN = endpoint("ears", "transcription"), endpoint("pen", "generation")


@pytest.mark.parametrize(
    ("seen", "reason", "kind"),
    [
        (observed(podcast=None), Reason.PODCAST_NOT_FOUND, OutcomeKind.WAITING),
        (observed(bucket=None), Reason.STORAGE_SECRET_NOT_FOUND, OutcomeKind.WAITING),
        (observed(), Reason.PROGRESSING, OutcomeKind.PROGRESSING),
    ],
)
def test_before_ingest(seen: EpisodeObserved, reason: Reason, kind: OutcomeKind) -> None:
    plan = desired(episode(), seen, NOW, SETTINGS)
    assert (plan.outcome.reason, plan.outcome.kind) == (reason, kind)
    assert bool(plan.children) is (kind is OutcomeKind.PROGRESSING)


@pytest.mark.parametrize(
    ("endpoints", "show", "reason"),
    [
        ({}, podcast(), Reason.ENDPOINT_NOT_FOUND),
        ({}, podcast(episodeDefaults={}), Reason.ENDPOINT_NOT_FOUND),
        ({"ears": endpoint("ears", "transcription", ready=False)}, podcast(), Reason.ENDPOINT_NOT_READY),
        ({"ears": endpoint("ears", "generation")}, podcast(), Reason.WRONG_TASK),
        ({"ears": EARS}, podcast(), Reason.PROGRESSING),
    ],
)
def test_before_transcribe(endpoints: dict[str, object], show: object, reason: Reason) -> None:
    world = World(episode(), observed(endpoints=endpoints, podcast=show))
    world.settle()
    world.finish("one-ingest-" + next(iter(world.jobs.values())).key[:10])
    plan = world.settle()
    assert plan.outcome.reason is reason
    assert world.episode.status.stage == "transcribe"


def test_a_job_whose_pod_has_ended_stays_for_its_logs() -> None:
    """The pod's end is told before the Job's: in between it is neither wanted nor over."""
    world = World(episode())
    world.settle()
    (name,) = world.jobs
    world.finish(name)
    world.jobs[name] = replace(world.jobs[name], phase=JobPhase.RUNNING, finished=None)
    plan = desired(world.episode, replace(world.seen, jobs=tuple(world.jobs.values())), world.now, SETTINGS)
    assert name not in {child.name for child in plan.children}
    assert (JOB, name) in plan.keep


def test_tracks_are_part_of_what_ingest_is_asked() -> None:
    media = {"url": "s3://b/one.wav"}
    ben = {"speaker": "Ben", "channel": "right"}
    keys = set()
    for tracks in (
        [],
        [{"speaker": "Ada", "url": "s3://b/ada.wav"}, ben],
        [{"speaker": "Ada", "url": "s3://b/other.wav"}, ben],
        [{"speaker": "Eve", "url": "s3://b/ada.wav"}, ben],
    ):
        world = World(episode(media={**media, "tracks": tracks}))
        world.settle()
        (request,) = world.requests.values()
        keys.add(request.key)
        assert request.inputs.get("track-0") == (tracks[0]["url"] if tracks else None)
        assert [track["speaker"] for track in request.params.get("tracks", [])] == [each["speaker"] for each in tracks]
    assert len(keys) == 4


def test_a_corrected_transcript_needs_no_endpoint_and_moves_what_follows() -> None:
    world = World(episode())
    world.run_to_end()
    transcribed = {stage.name: stage for stage in world.episode.status.stages}
    world.episode = episode(transcription={"corrected": {"url": "s3://podwright/podcasts/uploads/one.vtt"}}).model_copy(
        update={"status": world.episode.status}
    )
    world.seen = replace(world.seen, endpoints={"pen": PEN})
    world.computed.clear()
    plan = world.run_to_end()
    assert plan.outcome.kind is OutcomeKind.READY
    assert [stage for stage, _ in world.computed] == ["transcribe", "analyze", "write"]
    now = {stage.name: stage for stage in world.episode.status.stages}
    assert now["ingest"].key == transcribed["ingest"].key
    assert now["transcribe"].key != transcribed["transcribe"].key


def test_everything_done() -> None:
    world = World(episode())
    plan = world.run_to_end()
    assert plan.outcome.kind is OutcomeKind.READY
    assert [stage for stage, _ in world.computed] == [stage.value for stage in EPISODE_STAGES]
    assert world.episode.status.media is not None
    assert world.episode.status.artifacts is not None


def test_a_time_that_cannot_be_read_is_told_when_everything_is_done() -> None:
    world = World(episode(publishAt="2026-12-01T08:00:00+99:00"))
    plan = world.run_to_end()
    assert [stage for stage, _ in world.computed] == [stage.value for stage in EPISODE_STAGES]
    assert (plan.outcome.kind, plan.outcome.reason) == (OutcomeKind.STALLED, Reason.INVALID_SCHEDULE)
    assert "spec.publishAt: '2026-12-01T08:00:00+99:00'" in plan.outcome.message
    world.episode = world.episode.model_copy(update={"spec": episode(publishAt="2026-12-01t08:00:00z").spec})
    assert world.settle().outcome.kind is OutcomeKind.READY


def test_done_stays_when_everything_it_was_made_with_is_gone() -> None:
    world = World(episode())
    world.run_to_end()
    world.jobs.clear()
    world.seen = EpisodeObserved()
    assert world.settle().outcome.kind is OutcomeKind.READY


def test_another_model_recomputes_what_it_made_only() -> None:
    world = World(episode())
    world.run_to_end()
    world.seen = observed(endpoints={"ears": EARS, "pen": endpoint("pen", "generation", revision="r2")})
    world.run_to_end()
    assert [stage for stage, _ in world.computed][4:] == ["analyze", "write"]


def test_same_content_at_another_address_recomputes_nothing_further() -> None:
    world = World(episode())
    world.run_to_end()
    spec = world.episode.spec.model_copy(
        update={"media": world.episode.spec.media.model_copy(update={"revision": "2"})}
    )
    world.episode = world.episode.model_copy(update={"spec": spec})
    world.settle()
    job = world.open_job()
    assert job is not None
    assert job.stage == "ingest"
    first = world.computed[0][1]
    world.finish(job.name)
    pod = world.jobs[job.name].pods[0]
    same = pod.termination.replace(f"digest-{job.key}", f"digest-{first}")
    world.jobs[job.name] = replace(world.jobs[job.name], pods=(replace(pod, termination=same),))
    assert world.settle().outcome.kind is OutcomeKind.READY
    assert len(world.computed) == 5


def test_rejected_is_told_and_tried_again_ever_more_rarely() -> None:
    world = World(episode())
    world.settle()
    delays = []
    for _ in range(7):
        job = world.open_job()
        assert job is not None
        world.reject(job.name, "not audio")
        plan = world.settle()
        assert (plan.outcome.reason, plan.outcome.message) == (Reason.MEDIA_REJECTED, "not audio")
        assert plan.requeue_after is not None
        delays.append(plan.requeue_after.total_seconds())
        world.later(plan.requeue_after)
        assert world.settle().outcome.reason is Reason.MEDIA_REJECTED  # until the new run says otherwise
    assert delays == [30, 60, 120, 240, 480, 600, 600]
    assert world.run_to_end().outcome.kind is OutcomeKind.READY


def test_lost_result_runs_again() -> None:
    world = World(episode())
    world.settle()
    job = next(iter(world.jobs.values()))
    world.jobs[job.name] = replace(job, phase=JobPhase.COMPLETE, finished=world.now)
    plan = world.settle()
    assert plan.requeue_after == timedelta(seconds=10)
    world.later(timedelta(seconds=11))
    world.settle()
    assert world.jobs[job.name].run == 1


def test_a_remark_has_the_texts_written_anew_and_nothing_else() -> None:
    world = World(episode())
    world.run_to_end()
    keys = {stage.name: stage.key for stage in world.episode.status.stages}
    own = episode(writing={"remark": "Less solemn, please."})
    world.episode = own.model_copy(update={"status": world.episode.status})
    world.run_to_end()
    assert [stage for stage, _ in world.computed][4:] == ["write"]
    assert list(world.requests.values())[-1].params["remark"] == "Less solemn, please."
    world.episode = episode().model_copy(update={"status": world.episode.status})
    world.run_to_end()
    assert {stage.name: stage.key for stage in world.episode.status.stages} == keys


def test_a_budget_is_a_parameter_of_the_writing_stages_the_episodes_own_before_the_shows() -> None:
    world = World(episode())
    world.run_to_end()
    keys = {stage.name: stage.key for stage in world.episode.status.stages}
    defaults = {"transcriptionEndpointRef": {"name": "ears"}, "writingEndpointRef": {"name": "pen"}}
    world.seen = observed(podcast=podcast(episodeDefaults={**defaults, "writingBudget": {"tokens": 5000}}))
    world.run_to_end()
    assert [stage for stage, _ in world.computed][4:] == ["analyze", "write"]
    assert [request.params["budget"] for request in list(world.requests.values())[-2:]] == [{"tokens": 5000}] * 2
    own = episode(writing={"budget": {"seconds": 60}})
    world.episode = own.model_copy(update={"status": world.episode.status})
    world.run_to_end()
    assert [request.params["budget"] for request in list(world.requests.values())[-2:]] == [{"seconds": 60}] * 2
    world.episode, world.seen = episode().model_copy(update={"status": world.episode.status}), observed()
    world.run_to_end()
    assert {stage.name: stage.key for stage in world.episode.status.stages} == keys


def test_clips_are_made_where_they_are_wanted_and_change_nothing_else() -> None:
    world = World(episode())
    world.run_to_end()
    before = world.episode.status
    assert before.artifacts is not None
    assert before.artifacts.clips is None
    wanted = episode(clips={"shapes": ["9x16", "1x1"]}).model_copy(update={"status": before})
    world.episode = wanted
    plan = world.run_to_end()
    assert plan.outcome.kind is OutcomeKind.READY
    assert [stage for stage, _ in world.computed][4:] == ["clips"]
    request = list(world.requests.values())[-1]
    assert request.params == {"title": "One", "most": 3, "shapes": ["1x1", "9x16"]}
    assert request.endpoint is None
    stages = world.episode.status.stages
    assert stages[:4] == before.stages
    artifacts = world.episode.status.artifacts
    assert artifacts is not None
    assert artifacts.clips == f"s3://b/shows/stages/clips/{stages[4].key}/clips.json"
    world.episode = episode().model_copy(update={"status": world.episode.status})
    world.run_to_end()
    assert (world.episode.status.stages, world.episode.status.artifacts) == (before.stages, before.artifacts)


def test_a_shows_clips_are_its_episodes_clips_unless_they_say_otherwise() -> None:
    defaults = {"transcriptionEndpointRef": {"name": "ears"}, "writingEndpointRef": {"name": "pen"}}
    show = podcast(episodeDefaults={**defaults, "clips": {"most": 1}})
    for own, most in ((episode(), 1), (episode(clips={"most": 2}), 2)):
        world = World(own)
        world.seen = observed(podcast=show)
        world.run_to_end()
        assert list(world.requests.values())[-1].params["most"] == most


def test_targets_are_part_of_write_only() -> None:
    world = World(episode())
    world.run_to_end()
    world.seen = observed(targets=(PostTarget(channel="hook", type="webhook", max_characters=500),))
    world.run_to_end()
    assert [stage for stage, _ in world.computed][4:] == ["write"]


def _suspended(of: Episode, value: bool) -> Episode:
    spec = of.spec.model_copy(update={"suspend": value})
    return of.model_copy(update={"spec": spec})


events = st.lists(
    st.sampled_from(["finish", "reject", "expire", "suspend", "resume", "later", "lose", "find", "title", "look"]),
    max_size=25,
)


@given(events)
@settings(max_examples=150, deadline=None)
def test_whatever_happens_it_ends_ready_and_nothing_is_computed_twice(happenings: list[str]) -> None:
    world = World(episode())
    titles = 1
    for event in happenings:
        world.look()
        job = world.open_job()
        match event:
            case "finish" if job:
                world.finish(job.name)
            case "reject" if job:
                world.reject(job.name, "bad")
            case "expire" if world.jobs:
                world.expire(min(world.jobs))
            case "suspend" | "resume":
                world.episode = _suspended(world.episode, event == "suspend")
            case "later":
                world.later(timedelta(minutes=11))
            case "lose":
                world.seen = EpisodeObserved()
            case "find":
                world.seen = observed()
            case "title":
                titles += 1
                spec = world.episode.spec.model_copy(update={"title": f"Title {titles}"})
                world.episode = world.episode.model_copy(update={"spec": spec})
            case _:
                pass
    world.seen = observed()
    world.episode = _suspended(world.episode, False)
    world.later(timedelta(minutes=11))
    plan = world.run_to_end()
    assert plan.outcome.kind is OutcomeKind.READY
    assert len(set(world.computed)) == len(world.computed)
    assert sum(stage in {"ingest", "transcribe", "analyze"} for stage, _ in world.computed) == 3
    assert all(stage.phase is StagePhase.DONE for stage in world.episode.status.stages)
    assert (
        desired(world.episode, world.seen, world.now, SETTINGS).status.to_wire()["stages"]
        == (world.episode.status.to_wire()["stages"])
    )


DELETED = {"deletionTimestamp": "2026-11-21T12:00:00Z", "finalizers": ["podwright.dev/operator"]}


@pytest.mark.parametrize(
    ("at_work", "minutes", "removes"),
    [
        (False, 0, True),
        (True, 0, False),  # it would write what was removed already
        (True, 3, True),  # its node is lost
    ],
)
def test_results_are_removed_when_no_stage_writes_any_more(at_work: bool, minutes: int, removes: bool) -> None:
    world = World(episode(deletionPolicy="Delete"))
    world.run_to_end()
    leaving = episode(meta=DELETED, deletionPolicy="Delete").model_copy(update={"status": world.episode.status})
    plan = desired(leaving, observed(at_work=at_work), NOW + timedelta(minutes=minutes), SETTINGS)
    assert plan.finalizer
    assert bool(plan.children) is removes
    assert not [child for child in plan.children if child.owned]


@pytest.mark.parametrize("shared", [False, True])
def test_the_cleanup_asks_for_all_that_the_episode_ever_used(shared: bool) -> None:
    """Also where status tells nothing yet: the bucket knows."""
    world = World(episode(deletionPolicy="Delete"))
    leaving = episode(meta=DELETED, deletionPolicy="Delete")
    assert _cleanup(desired(leaving, observed(), NOW, SETTINGS)) == ["episode/one"]
    world.run_to_end()
    leaving = leaving.model_copy(update={"status": world.episode.status})
    results = sorted(f"{stage.name}/{stage.key}" for stage in world.episode.status.stages)
    others = frozenset(results[:1]) if shared else frozenset()
    command = _cleanup(desired(leaving, observed(shared_results=others), NOW, SETTINGS))
    assert command == ["episode/one", *results[len(others) :], *(f"--keep={result}" for result in others)]


def _cleanup(plan: Plan) -> list[str]:
    (child,) = plan.children
    command = child.object["spec"]["template"]["spec"]["containers"][0]["command"]
    assert command[:4] == ["python", "-m", "podwright_pipeline.cleanup", "shows"]
    return list(command[4:])
