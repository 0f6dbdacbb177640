"""A Podcast with ``deletionPolicy: Delete`` goes when its feeds are gone, and every other at once."""

from datetime import timedelta
from typing import Any

import pytest

from podwright_crds.podcast import Podcast
from podwright_crds.resource import Reason
from podwright_operator.engine.plan import Plan
from podwright_operator.kinds.job_state import JobPhase, JobSeen, PodSeen
from podwright_operator.kinds.podcast.desired import desired
from podwright_operator.kinds.podcast.observed import PodcastObserved, Storage
from podwright_operator.settings import StageJobSettings
from tests.unit.operator.builders import NOW, podcast

STORED = Storage("https://media.example.org")
LEAVING = {"deletionTimestamp": NOW.isoformat(), "finalizers": ["podwright.dev/operator"]}


def show(*, written: bool = True, leaving: bool = True, **spec: Any) -> Podcast:
    body = podcast(**spec).to_wire()
    body["metadata"] |= LEAVING if leaving else {}
    body["status"] = {"feed": {"name": "feed", "phase": "Done", "key": "k", "digest": "d"}} if written else {}
    return Podcast.read(body)


def cleanup(phase: JobPhase, *pods: PodSeen) -> JobSeen:
    return JobSeen("show-cleanup-uid-of-s", "cleanup", "", 0, "", phase, NOW, NOW, "", False, pods)


def plan(found: Podcast, seen: PodcastObserved, minutes: float = 0) -> Plan:
    return desired(found, seen, NOW + timedelta(minutes=minutes), StageJobSettings())


@pytest.mark.parametrize(("policy", "held"), [("Retain", False), ("Delete", True)])
def test_only_delete_needs_the_operator(policy: str, held: bool) -> None:
    assert plan(show(leaving=False, deletionPolicy=policy), PodcastObserved(storage=STORED)).finalizer is held
    assert plan(show(deletionPolicy=policy), PodcastObserved(storage=STORED)).finalizer is held


def test_its_feeds_are_removed_by_a_job_that_outlives_it() -> None:
    made = plan(show(deletionPolicy="Delete"), PodcastObserved(storage=STORED))
    (child,) = made.children
    assert not child.owned
    command = child.object["spec"]["template"]["spec"]["containers"][0]["command"]
    assert command == ["python", "-m", "podwright_pipeline.cleanup", "shows", "show/show"]


@pytest.mark.parametrize(
    ("found", "seen", "leaves"),
    [
        (show(deletionPolicy="Delete", written=False), PodcastObserved(storage=STORED), ()),
        (show(deletionPolicy="Delete"), PodcastObserved(storage=STORED, jobs=(cleanup(JobPhase.COMPLETE),)), ()),
        (
            show(deletionPolicy="Delete"),
            PodcastObserved(storage=STORED, jobs=(cleanup(JobPhase.FAILED),)),
            ("shows/feeds/show/",),
        ),
        (show(deletionPolicy="Delete"), PodcastObserved(), ("shows/feeds/show/",)),
    ],
    ids=["never written", "removed", "failed", "without storage"],
)
def test_it_goes(found: Podcast, seen: PodcastObserved, leaves: tuple[str, ...]) -> None:
    made = plan(found, seen)
    assert (made.finalizer, made.children, made.leaves) == (False, (), leaves)


def test_a_feed_that_is_being_written_ends_first() -> None:
    seen = PodcastObserved(storage=STORED, at_work=True)
    assert plan(show(deletionPolicy="Delete"), seen).children == ()
    assert plan(show(deletionPolicy="Delete"), seen).finalizer
    assert plan(show(deletionPolicy="Delete"), seen, minutes=3).children


STUCK = PodSeen("pod", "Pending", NOW, None, None, "", "ImagePullBackOff: no such image", False)


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (PodcastObserved(storage=STORED, at_work=True), "the stage at work"),
        (PodcastObserved(storage=STORED), "what it stored"),
        (PodcastObserved(storage=STORED, jobs=(cleanup(JobPhase.PENDING, STUCK),)), "ImagePullBackOff: no such image"),
    ],
    ids=["a stage at work", "the cleanup", "a pod that does not start"],
)
def test_it_says_what_its_deletion_waits_for(seen: PodcastObserved, said: str) -> None:
    outcome = plan(show(deletionPolicy="Delete"), seen).outcome
    assert outcome.reason is Reason.DELETING
    assert said in outcome.message
