"""Reading progress from the logs of pods: never more than the limit, however many are at work."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import cast

from podwright_core.stages import StageProgress
from podwright_operator.adapters.kubernetes import KubernetesCluster, RateLimit
from podwright_operator.adapters.progress import PodProgress
from podwright_operator.engine.cluster import ClusterError
from podwright_operator.kinds.episode.desired import desired
from podwright_operator.kinds.job_state import JobPhase, PodSeen
from tests.unit.operator.builders import NOW, episode
from tests.unit.operator.simulated import SETTINGS, World

SAID = StageProgress(progress=40, message="2 of 5 minutes")


@dataclass
class Logs:
    """Pods that all say the same."""

    text: str = f"a line\n{SAID.model_dump_json(by_alias=True)}\n"
    read: list[str] = field(default_factory=list)
    away: bool = False

    async def log_tail(self, namespace: str, pod: str, container: str, lines: int) -> str:  # noqa: ARG002
        self.read.append(pod)
        if self.away:
            raise ClusterError("away")
        return self.text


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def progress_of(logs: Logs, clock: Clock, rate: float = 5.0) -> PodProgress:
    return PodProgress(cast("KubernetesCluster", logs), RateLimit(rate, burst=10), clock)


async def ask(progress: PodProgress, pods: int) -> list[StageProgress | None]:
    return [await progress.last("podcasts", f"pod-{number}", "stage") for number in range(pods)]


async def test_what_a_pod_said_last_is_known_until_it_says_more() -> None:
    logs, clock = Logs(), Clock()
    progress = progress_of(logs, clock)
    assert await ask(progress, 1) == [SAID]
    logs.text = "no progress"
    clock.now += 3
    assert await ask(progress, 1) == [SAID]
    logs.away = True
    clock.now += 3
    assert await ask(progress, 1) == [SAID]
    assert len(logs.read) == 3


async def test_also_pods_that_were_never_asked_about_wait_their_turn() -> None:
    logs = Logs()
    found = await ask(progress_of(logs, Clock()), 1000)
    assert len(logs.read) <= 20, "the limit's burst, and what a slow machine adds"
    assert found.count(None) == 1000 - len(logs.read)


async def test_the_more_are_at_work_the_later_each_is_asked_about_again() -> None:
    clock = Clock()
    progress = progress_of(Logs(), clock)
    assert progress.pause() == timedelta(seconds=3)
    await ask(progress, 10)
    assert progress.pause() == timedelta(seconds=3)
    await ask(progress, 1000)
    assert progress.pause() == timedelta(seconds=200)
    # They end, and others come.
    clock.now += 401
    await ask(progress, 10)
    assert progress.pause() == timedelta(seconds=3)


async def test_without_a_limit_all_are_asked_about_as_often() -> None:
    logs = Logs()
    progress = progress_of(logs, Clock(), rate=0)
    await ask(progress, 1000)
    assert len(logs.read) == 1000
    assert progress.pause() == timedelta(seconds=3)


def test_an_episode_at_work_is_looked_at_when_its_progress_is_worth_it() -> None:
    world = World(episode())
    world.settle()
    (job,) = world.jobs.values()
    pod = PodSeen("pod", "Running", NOW, NOW, None, "", "", deleting=False)
    running = replace(job, phase=JobPhase.RUNNING, pods=(pod,))
    seen = replace(world.seen, jobs=(running,), progress=SAID, progress_pause=timedelta(seconds=90))
    plan = desired(world.episode, seen, NOW, SETTINGS)
    assert plan.requeue_after == timedelta(seconds=90)
