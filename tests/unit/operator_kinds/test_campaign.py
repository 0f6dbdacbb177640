"""What a Campaign becomes: posts, a CronJob, totals and messages."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from podwright_crds.campaign import Campaign, CampaignStatus
from podwright_crds.channel import Channel
from podwright_crds.episode import Episode
from podwright_crds.podcast import Podcast
from podwright_crds.post import Post
from podwright_crds.resource import Reason
from podwright_operator.engine import kube
from podwright_operator.engine.cluster import Cluster
from podwright_operator.engine.plan import ChildMode, OutcomeKind, Plan
from podwright_operator.engine.reconciler import ClusterView
from podwright_operator.engine.store import Store
from podwright_operator.kinds.campaign.desired import desired
from podwright_operator.kinds.campaign.observe import CampaignKind
from podwright_operator.kinds.campaign.observed import CampaignObserved, MadePost, TextsProblem, pair_of
from podwright_operator.settings import StageJobSettings

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)  # a Saturday
SHOW = Podcast.read(
    {
        "metadata": {"name": "show"},
        "spec": {
            "title": "Show",
            "owner": {"name": "A", "email": "a@example.org"},
            "website": "https://show.test/",
        },
    }
)


def campaign(name: str = "launch", announced: list[str] | None = None, **spec: Any) -> Campaign:
    body = {
        "episodes": {"podcastRef": {"name": "show"}},
        "channelRefs": [{"name": "news"}, {"name": "feed"}],
        "cadence": {"cron": "0 9 * * 1-5", "timeZone": "Europe/Vienna"},
        "approval": "Automatic",
        **spec,
    }
    metadata = {"name": name, "namespace": "podcasts", "uid": "c"}
    return Campaign.read({"metadata": metadata, "spec": body, "status": {"announced": announced or []}})


def episode(name: str, created: str = "2026-11-01T00:00:00Z", **spec: Any) -> Episode:
    body = {"podcastRef": {"name": "show"}, "title": name, "media": {"url": "s3://podwright/a.mp3"}, **spec}
    return Episode.read({"metadata": {"name": name, "uid": f"e-{name}", "creationTimestamp": created}, "spec": body})


def channel(name: str) -> Channel:
    return Channel.read({"metadata": {"name": name}, "spec": {"type": "feed"}})


def observed(*episodes: Episode, **changes: Any) -> CampaignObserved:
    names = [found.metadata.name for found in episodes]
    return CampaignObserved(
        **{
            "episodes": episodes,
            "ready": frozenset(names),
            "channels": {"news": channel("news"), "feed": channel("feed")},
            "podcasts": {"show": SHOW},
            "texts": {(name, where): f"{name} on {where}" for name in names for where in ("news", "feed")},
            **changes,
        }
    )


def plan(made: Campaign, found: CampaignObserved, now: datetime = NOW) -> Plan:
    return desired(made, found, now, StageJobSettings())


def created(made: Plan) -> list[Post]:
    return [Post.read(child.object) for child in made.children if child.type is kube.own(Post)]


def after(made: Plan, found: CampaignObserved, **status: Any) -> CampaignObserved:
    """What is observed once the plan's posts exist."""
    posts = [MadePost.of(Post.read({**post.to_wire(), "status": status})) for post in created(made)]
    names = {post.name: post.pair for post in posts}
    return replace(found, posts=[*found.posts, *posts], names={**found.names, **names})


def cron_job(made: Plan) -> dict[str, Any]:
    (found,) = [child.object for child in made.children if child.type is kube.CRON_JOB]
    return found


def test_each_episode_gets_a_post_on_each_channel_at_the_next_slots_oldest_first() -> None:
    young, old = episode("two"), episode("one", publishAt="2025-01-01T00:00:00Z", link="https://show.test/1?a=b")
    posts = created(plan(campaign(), observed(young, old)))
    assert [(post.metadata.name, post.spec.publish_at) for post in posts] == [
        ("launch-one-news", "2026-11-23T08:00:00Z"),
        ("launch-one-feed", "2026-11-23T08:00:00Z"),
        ("launch-two-news", "2026-11-24T08:00:00Z"),
        ("launch-two-feed", "2026-11-24T08:00:00Z"),
    ]
    assert posts[0].spec.text == "one on news"
    assert posts[0].spec.link == (
        "https://show.test/1?a=b&utm_source=news&utm_medium=podcast&utm_campaign=launch&utm_content=one"
    )
    assert (posts[2].spec.link or "").startswith("https://show.test/?utm_source=news")
    assert posts[0].spec.approval.state.value == "Approved"


def test_a_time_that_cannot_be_read_holds_up_no_other() -> None:
    first, second = created(plan(campaign(), observed(episode("one"))))
    odd = first.model_copy(update={"spec": first.spec.model_copy(update={"publish_at": "0000-01-01T00:00:00Z"})})
    posts = [MadePost.of(post) for post in (odd, second)]
    found = observed(episode("one"), episode("two", publishAt="2026-01-01T23:59:60Z"), posts=posts)
    assert [post.metadata.name for post in created(plan(campaign(), found))] == ["launch-two-news", "launch-two-feed"]


def test_posts_are_made_once_and_never_owned_or_pruned() -> None:
    found = observed(episode("one"))
    first = plan(campaign(), found)
    children = [child for child in first.children if child.type is kube.own(Post)]
    assert all(child.mode is ChildMode.CREATE and not child.owned for child in children)
    assert not created(plan(campaign(), after(first, found)))


def test_a_new_episode_takes_the_next_free_slot() -> None:
    found = observed(episode("one"))
    later = after(plan(campaign(), found), found)
    both = observed(episode("one"), episode("two"), posts=later.posts, names=later.names)
    assert {post.spec.publish_at for post in created(plan(campaign(), both))} == {"2026-11-24T08:00:00Z"}


def test_manual_approval_makes_drafts() -> None:
    posts = created(plan(campaign(approval="Manual"), observed(episode("one"))))
    assert {post.spec.approval.state.value for post in posts} == {"Draft"}


def test_what_was_sent_is_not_made_again_when_its_post_is_deleted() -> None:
    found = observed(episode("one"))
    attempt = {"id": "x", "startedAt": "2026-11-23T08:00:01Z", "outcome": "Confirmed"}
    status = plan(campaign(), after(plan(campaign(), found), found, attempts=[attempt])).status
    assert isinstance(status, CampaignStatus)
    assert len(status.announced) == 2
    assert not created(plan(campaign(announced=status.announced), found))
    # A post that was never sent is made again, with the texts as they are then.
    unsent = plan(campaign(), after(plan(campaign(), found), found)).status
    assert isinstance(unsent, CampaignStatus)
    assert created(plan(campaign(announced=unsent.announced), found))


def test_names_that_read_the_same_when_joined_are_told_apart() -> None:
    pairs = {("a", "b-c"): "1", ("a-b", "c"): "2"}
    found = observed(episode("a"), episode("a-b"), channels={"b-c": channel("b-c"), "c": channel("c")}, texts=pairs)
    both = campaign(channelRefs=[{"name": "b-c"}, {"name": "c"}])
    made = plan(both, found)
    names = [post.metadata.name for post in created(made)]
    assert len(set(names)) == 2
    assert "launch-a-b-c" in names
    assert all(len(name) <= 63 for name in names)
    assert not created(plan(both, after(made, found)))


def test_the_cron_job() -> None:
    made = plan(campaign("a-campaign-with-quite-a-long-name-that-goes-on-and-on"), observed(episode("one")))
    body = cron_job(made)
    assert len(body["metadata"]["name"]) <= 52
    spec = body["spec"]
    assert (spec["schedule"], spec["timeZone"], spec["suspend"]) == ("0 9 * * 1-5", "Europe/Vienna", False)
    assert spec["concurrencyPolicy"] == "Forbid"
    command = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["command"]
    assert command[-2] == "campaign"
    assert {child.type for child in made.children} > {kube.CRON_JOB, kube.SERVICE_ACCOUNT, kube.ROLE_BINDING}


@pytest.mark.parametrize(
    ("spec", "episodes", "suspended"),
    [
        ({}, ["one"], False),
        ({}, [], True),
        ({"suspend": True}, ["one"], True),
        ({"window": {"end": "2026-11-20T00:00:00Z"}}, ["one"], True),
        ({"window": {"start": "2027-01-01T00:00:00Z"}}, ["one"], False),
    ],
)
def test_the_cron_job_rests_while_there_is_nothing_to_publish(
    spec: dict[str, Any], episodes: list[str], suspended: bool
) -> None:
    found = observed(*map(episode, episodes))
    assert cron_job(plan(campaign(**spec), found))["spec"]["suspend"] is suspended


@pytest.mark.parametrize(
    ("spec", "found", "kind", "reason", "says"),
    [
        (
            {"cadence": {"cron": "0 9 31 2 *"}},
            observed(),
            OutcomeKind.STALLED,
            Reason.INVALID_SCHEDULE,
            "0 9 31 2 *",
        ),
        (
            {"window": {"start": "9999-12-31T12:00:00Z"}},
            observed(episode("one")),
            OutcomeKind.STALLED,
            Reason.INVALID_SCHEDULE,
            "too far ahead",
        ),
        (
            {"cadence": {"cron": "0 9 * * *", "timeZone": "Mars/Olympus_Mons"}},
            observed(),
            OutcomeKind.STALLED,
            Reason.INVALID_SCHEDULE,
            "Mars/Olympus_Mons",
        ),
        ({"suspend": True}, observed(episode("one")), OutcomeKind.SUSPENDED, Reason.SUSPENDED, "spec.suspend"),
        ({}, observed(), OutcomeKind.WAITING, Reason.EPISODES_NOT_READY, "No episode"),
        (
            {},
            observed(episode("one"), ready=frozenset()),
            OutcomeKind.WAITING,
            Reason.EPISODES_NOT_READY,
            "1 of 1 episodes are not ready: one",
        ),
        ({}, observed(episode("one"), channels={}), OutcomeKind.WAITING, Reason.CHANNEL_NOT_FOUND, "news, feed"),
        ({}, observed(episode("one"), texts={}), OutcomeKind.WAITING, Reason.EPISODES_NOT_READY, "one on news"),
        (
            {},
            observed(episode("one"), texts={}, texts_problem=TextsProblem(Reason.STORAGE_UNAVAILABLE, "down")),
            OutcomeKind.WAITING,
            Reason.STORAGE_UNAVAILABLE,
            "down",
        ),
        (
            {"window": {"end": "2026-11-22T00:00:00Z"}},
            observed(episode("one")),
            OutcomeKind.STALLED,
            Reason.INVALID_SCHEDULE,
            "spec.window ends",
        ),
        ({}, observed(episode("one")), OutcomeKind.READY, Reason.READY, "2 scheduled"),
    ],
)
def test_outcome(spec: dict[str, Any], found: CampaignObserved, kind: OutcomeKind, reason: Reason, says: str) -> None:
    made = plan(campaign(**spec), found)
    assert (made.outcome.kind, made.outcome.reason) == (kind, reason)
    assert says in made.outcome.message


def test_an_invalid_schedule_keeps_the_cron_job_that_is_there() -> None:
    made = plan(campaign(cadence={"cron": "0 9 31 2 *"}), observed(cron_jobs=frozenset({"launch-publish"})))
    assert (kube.CRON_JOB, "launch-publish") in made.keep


def test_a_suspended_campaign_makes_no_posts() -> None:
    assert not created(plan(campaign(suspend=True), observed(episode("one"))))


def test_one_missing_channel_does_not_stop_the_others() -> None:
    made = plan(campaign(), observed(episode("one"), channels={"news": channel("news")}))
    assert [post.metadata.name for post in created(made)] == ["launch-one-news"]
    assert made.outcome.reason is Reason.CHANNEL_NOT_FOUND


def test_totals_and_the_next_slot() -> None:
    found = observed(episode("one"))
    status = plan(campaign(), after(plan(campaign(), found), found, phase="Published")).status
    assert isinstance(status, CampaignStatus)
    assert status.posts is not None
    assert (status.summary, status.posts.published, status.episodes) == ("2/2", 2, 1)
    assert status.next_slot == "2026-11-23T08:00:00Z"


async def test_what_is_observed_of_posts() -> None:
    """Its own with what counts, and the names of all; without reading any post again."""
    kind = CampaignKind(StageJobSettings(), cast("Any", None))
    store = Store(kind.indexes)
    posts = created(plan(campaign(), observed(episode("one")))) + created(
        plan(campaign("other"), observed(episode("two")))
    )
    for version, post in enumerate(posts, start=1):
        raw = post.to_wire()
        raw["metadata"].update(namespace="podcasts", uid=f"uid-{version}", resourceVersion=str(version))
        store.put(kube.own(Post), raw)
    found = await kind.observe(campaign(), ClusterView(store, cast("Cluster", None)))
    assert list(found.posts) == [MadePost.of(post) for post in sorted(posts[:2], key=lambda post: post.metadata.name)]
    assert found.names == {post.metadata.name: pair_of(post) for post in posts}
    assert kind.gather is not None
