"""The publisher with a real API server and a real receiver, taken away at every step."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from podwright_crds.post import Post, PostPhase, PostStatus
from podwright_publish.answers import Answer, Finding, Renewal
from podwright_publish.kubernetes_store import KubernetesStore
from podwright_publish.message import Message
from podwright_publish.ports import ConflictError, Loaded, Platform
from podwright_publish.publisher import Publisher, Report
from tests.integration.publish.namespace import Namespace
from tests.integration.publish.receivers import Receiver, Script, receiver

LATER = timedelta(minutes=5)


class Crash(BaseException):
    """The process is gone."""


class Steps:
    """Ends the process before the numbered step."""

    def __init__(self, crash_at: int) -> None:
        self.crash_at = crash_at
        self.taken = 0

    def step(self) -> None:
        self.taken += 1
        if self.taken == self.crash_at:
            raise Crash


class FragilePlatform:
    def __init__(self, platform: Platform, steps: Steps) -> None:
        self._platform, self._steps = platform, steps

    def validate(self, message: Message) -> list[str]:
        return self._platform.validate(message)

    async def publish(self, message: Message) -> Answer:
        self._steps.step()
        answer = await self._platform.publish(message)
        self._steps.step()
        return answer

    async def find(self, message: Message) -> Finding:
        return await self._platform.find(message)

    async def delete(self, platform_id: str) -> Answer:
        return await self._platform.delete(platform_id)

    async def refresh(self) -> Renewal:
        return await self._platform.refresh()

    async def close(self) -> None:
        await self._platform.close()


class FragileStore(KubernetesStore):
    """The store in Kubernetes, with steps before and after each write."""

    steps = Steps(0)

    async def record(self, post: Post, status: PostStatus) -> Post:
        self.steps.step()
        written = await super().record(post, status)
        self.steps.step()
        return written

    async def connect(self, loaded: Loaded) -> FragilePlatform:
        return FragilePlatform(await super().connect(loaded), self.steps)


async def run(namespace: Namespace, name: str, crash_at: int = 0, later: timedelta = timedelta(0)) -> Report | None:
    """One run of a publisher; ``later`` by its clock."""
    store = await FragileStore.open(namespace.name)
    async with store:
        store.steps = Steps(crash_at)  # type: ignore[attr-defined]
        publisher = Publisher(store, f"worker-{crash_at}", now=lambda: datetime.now(UTC) + later)
        try:
            return await publisher.work(name)
        except Crash:
            return None


def delivered(where: Receiver) -> dict[str, int]:
    return {kept["content"]["data"]["post"]: kept["deliveries"] for kept in where.inbox.posts()}


@pytest.mark.parametrize("crash_at", range(1, 8))
async def test_a_crash_at_any_step_ends_in_one_post_at_the_receiver(
    namespace: Namespace, tmp_path: Path, crash_at: int
) -> None:
    with receiver(tmp_path) as where:
        namespace.channel(where.url)
        namespace.post("hello")
        first = await run(namespace, "hello", crash_at)
        assert (first is None) == (crash_at <= 6)
        if crash_at in {2, 3, 4, 5}:
            between = namespace.read("hello").status
            assert [attempt.outcome.value for attempt in between.attempts] == ["Pending"]
            # At once, somebody else leaves it alone.
            await run(namespace, "hello")
            assert namespace.read("hello").status == between
        await run(namespace, "hello", later=LATER)
        await run(namespace, "hello", later=LATER)
        assert list(delivered(where)) == ["hello"]
    status = namespace.read("hello").status
    assert status.phase is PostPhase.PUBLISHED
    assert status.lateness_seconds is not None
    assert {attempt.id for attempt in status.attempts} == {kept["id"] for kept in where.inbox.posts()}


async def test_several_publishers_at_once_send_each_post_once(namespace: Namespace, tmp_path: Path) -> None:
    with receiver(tmp_path) as where:
        namespace.channel(where.url)
        names = [f"post-{number}" for number in range(5)]
        for name in names:
            namespace.post(name)
        runs: list[Awaitable[Report | None]] = [run(namespace, name) for name in names for _ in range(4)]
        await asyncio.gather(*runs)
        assert delivered(where) == dict.fromkeys(names, 1)
    assert {post.status.phase for post in namespace.posts()} == {PostPhase.PUBLISHED}


@pytest.mark.parametrize("answers", [[500], [503, 500], [None], [429]])
async def test_errors_after_the_post_was_kept_end_in_one_post(
    namespace: Namespace, tmp_path: Path, answers: list[int | None]
) -> None:
    with receiver(tmp_path, Script(answers)) as where:
        namespace.channel(where.url)
        namespace.post("hello")
        for number in range(len(answers) + 1):
            await run(namespace, "hello", later=LATER * number)
        assert delivered(where) == {"hello": len(answers) + 1}
    status = namespace.read("hello").status
    assert status.phase is PostPhase.PUBLISHED
    assert len(status.attempts) == len(answers) + 1


async def test_a_refusal_waits_for_a_person(namespace: Namespace, tmp_path: Path) -> None:
    with receiver(tmp_path, Script([400])) as where:
        namespace.channel(where.url)
        namespace.post("hello")
        await run(namespace, "hello")
        assert namespace.read("hello").status.phase is PostPhase.FAILED
        await run(namespace, "hello", later=LATER)
        assert delivered(where) == {"hello": 1}
        namespace.control_plane.kubectl("annotate", "post", "hello", "-n", namespace.name, "podwright.dev/retry=1")
        await run(namespace, "hello")
        assert delivered(where) == {"hello": 2}
        await run(namespace, "hello")
    status = namespace.read("hello").status
    assert (status.phase, status.retry_honoured) == (PostPhase.PUBLISHED, "1")


async def test_a_stale_write_is_refused(namespace: Namespace, tmp_path: Path) -> None:
    with receiver(tmp_path) as where:
        namespace.channel(where.url)
        namespace.post("hello")
        async with await KubernetesStore.open(namespace.name) as store:
            loaded = await store.load("hello")
            assert loaded is not None
            changed = loaded.post.status.model_copy(update={"phase": PostPhase.SCHEDULED})
            await store.record(loaded.post, changed)
            with pytest.raises(ConflictError):
                await store.record(loaded.post, loaded.post.status.model_copy(update={"phase": PostPhase.HELD}))
            assert await store.load("nobody") is None


def publish(namespace: Namespace, *arguments: str) -> "subprocess.Popen[str]":
    environment = {
        **os.environ,
        "KUBECONFIG": str(namespace.control_plane.kubeconfig),
        "PODWRIGHT_NAMESPACE": namespace.name,
    }
    command = [sys.executable, "-m", "podwright_publish.main", *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def campaign(namespace: Namespace, **spec: Any) -> None:
    body = {"episodes": {"names": ["one"]}, "channelRefs": [{"name": "news"}], "cadence": {"cron": "0 9 * * *"}}
    namespace.apply("Campaign", "launch", {**body, **spec})


def test_the_command_publishes_what_is_due_of_a_campaign(namespace: Namespace, tmp_path: Path) -> None:
    mine = {"campaignRef": {"name": "launch"}}
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 5))
    with receiver(tmp_path, Script([])) as where:
        namespace.channel(where.url)
        campaign(namespace)
        namespace.post("due", **mine)
        namespace.post("soon", **mine, publishAt=soon)
        namespace.post("draft", **mine, approval={"state": "Draft"})
        namespace.post("tomorrow", **mine, publishAt="2099-01-01T00:00:00Z")
        namespace.post("other")
        running = publish(namespace, "--for-seconds", "10", "campaign", "launch")
        output = running.communicate(timeout=240)[0]
        assert running.returncode == 0, output
        assert delivered(where) == {"due": 1, "soon": 1}
        assert all(line.startswith('{"time"') for line in output.splitlines())
        namespace.control_plane.kubectl("delete", "campaign", "launch", "-n", namespace.name)
        namespace.post("orphan", **mine)
        running = publish(namespace, "--for-seconds", "0", "post", "orphan")
        assert "does not exist any more" in running.communicate(timeout=240)[0]
        assert delivered(where) == {"due": 1, "soon": 1}


def test_a_killed_process_is_followed_by_one_that_finishes_its_post(namespace: Namespace, tmp_path: Path) -> None:
    script = Script([None])
    with receiver(tmp_path, script) as where:
        namespace.channel(where.url)
        namespace.post("hello")
        first = publish(namespace, "post", "hello")
        wait_for_delivery(where)
        first.send_signal(signal.SIGKILL)
        first.communicate()
        second = publish(namespace, "post", "hello")
        output = second.communicate(timeout=240)[0]
        assert second.returncode == 0, output
        assert delivered(where) == {"hello": 2}
    status = namespace.read("hello").status
    assert status.phase is PostPhase.PUBLISHED
    assert [attempt.outcome.value for attempt in status.attempts] == ["Unknown", "Confirmed"]


def test_a_process_that_is_told_to_end_finishes_its_post(namespace: Namespace, tmp_path: Path) -> None:
    script = Script([None])
    with receiver(tmp_path, script) as where:
        namespace.channel(where.url)
        campaign(namespace)
        namespace.post("a", campaignRef={"name": "launch"}, publishAt="2026-01-01T00:00:00Z", maxLateness="3650d")
        namespace.post("b", campaignRef={"name": "launch"})
        running = publish(namespace, "campaign", "launch")
        wait_for_delivery(where)
        running.terminate()
        output = running.communicate(timeout=30)[0]
        assert running.returncode == 0, output
        assert delivered(where) == {"a": 1}
    # It waited for the answer, and recorded that none came.
    assert [attempt.outcome.value for attempt in namespace.read("a").status.attempts] == ["Unknown"]
    assert namespace.read("b").status.attempts == []


def test_without_an_api_server_the_run_is_to_be_repeated(namespace: Namespace, tmp_path: Path) -> None:
    broken = tmp_path / "kubeconfig"
    text = namespace.control_plane.kubeconfig.read_text()
    broken.write_text(text.replace(str(namespace.control_plane.port), "1"))
    environment = {**os.environ, "KUBECONFIG": str(broken), "PODWRIGHT_NAMESPACE": namespace.name}
    command = [sys.executable, "-m", "podwright_publish.main", "campaign", "launch"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 75, done.stdout + done.stderr


def wait_for_delivery(where: Receiver) -> None:
    deadline = time.monotonic() + 30
    while not where.inbox.posts():
        assert time.monotonic() < deadline
        time.sleep(0.05)
