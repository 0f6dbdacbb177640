"""The chain from what is wanted to what blocks it."""

from dataclasses import dataclass

import pytest

from podwright_crds.channel import ChannelType
from podwright_crds.resource import Reason, Resource
from podwright_desk.cures import cure
from podwright_desk.explain import Role, Sentence, explain
from podwright_desk.graph import Graph, PodTrouble, ready_of
from podwright_desk.refs import Ref
from tests.health_cases import UNSEEN
from tests.unit.cli.objects import (
    NOW,
    campaign,
    channel,
    endpoint,
    episode,
    graph,
    podcast,
    post,
    ready,
    stalled,
    waits,
)


@dataclass(frozen=True)
class Case:
    """What is there, with what is asked about first; sentences that must come in this order; the last command."""

    name: str
    objects: tuple[Resource, ...]
    says: tuple[str, ...]
    command: str | None
    troubles: tuple[tuple[Resource, str], ...] = ()

    @property
    def graph(self) -> Graph:
        troubles = {Ref.of(owner): [PodTrouble("pod-1", problem)] for owner, problem in self.troubles}
        return graph(*self.objects, troubles=troubles)


NO_ENDPOINT = waits(
    Reason.ENDPOINT_NOT_FOUND,
    "Waiting for ModelEndpoint nobody, which does not exist in this namespace.",
    stage="transcribe",
)
NOT_SERVING = waits(Reason.ENDPOINT_NOT_READY, "Waiting for ModelEndpoint whisper", stage="transcribe")
CREATE_SECRET = "kubectl create secret generic news -n podcasts --from-literal=signingSecret=…"
NO_SECRET = waits(Reason.CREDENTIALS_NOT_FOUND, f"Secret 'news' does not exist. Create it: {CREATE_SECRET}")
DRAFT = waits(Reason.APPROVAL_NEEDED, "Waits for approval.", phase="Draft")

CASES = [
    Case(
        "ready", (episode(status=ready()), podcast()), ("is to become", "It is ready, for 5m", "Nothing blocks"), None
    ),
    Case(
        "at work",
        (
            episode(
                status=waits(
                    Reason.PROGRESSING,
                    "Stage write is at work.",
                    stages=[{"name": "write", "phase": "Running", "progress": 40, "message": "notes"}],
                )
            ),
            podcast(),
        ),
        ("It is at work (Progressing, not ready for 5m)", "Stage write is Running, 40 %: notes", "goes on by itself"),
        "kubectl -n podcasts get episode/one --watch",
    ),
    Case(
        "never seen",
        (episode(status=UNSEEN),),
        ("for Podcast show.\nThe operator has not looked at it yet.",),
        "kubectl get pods --all-namespaces",
    ),
    Case(
        "being deleted",
        (episode(status=waits(Reason.DELETING, "The pod that removes what is stored does not start: no image")),),
        ("It is being deleted (Deleting, not ready for 5m)", "no image"),
        "kubectl -n podcasts get episode/one --watch",
    ),
    Case(
        "no podcast",
        (episode(status=waits(Reason.PODCAST_NOT_FOUND, "Waiting for Podcast show")), podcast("other")),
        ("Podcast show does not exist in namespace podcasts.", "There is other."),
        "kubectl -n podcasts apply -f FILE",
    ),
    Case(
        "no endpoint, another one does it",
        (
            episode(status=NO_ENDPOINT, transcription={"endpointRef": {"name": "nobody"}}),
            podcast(),
            endpoint("whisper"),
        ),
        ("ModelEndpoint nobody does not exist", "let the episode use whisper"),
        """kubectl -n podcasts patch episode one --type merge -p '{"spec": {"transcription": {"endpointRef": """,
    ),
    Case(
        "no endpoint named",
        (episode(status=waits(Reason.ENDPOINT_NOT_FOUND, "No ModelEndpoint", stage="analyze")),),
        ("Name a ModelEndpoint",),
        "kubectl -n podcasts edit episode/one",
    ),
    Case(
        "the endpoint's pod finds no node",
        (
            episode(status=NOT_SERVING),
            podcast(),
            endpoint(status=waits(Reason.STARTING, "Waiting for KubeRay to start the pods.")),
        ),
        (
            "Episode one",
            "It waits (EndpointNotReady",
            "ModelEndpoint whisper is to serve transcription",
            "It is starting",
            "Pod pod-1 does not run: Unschedulable: 0/1 nodes",
            "goes on by itself",
        ),
        "kubectl -n podcasts get episode/one --watch",
        troubles=((endpoint(), "Unschedulable: 0/1 nodes are available"),),
    ),
    Case(
        "the endpoint's weights are wrong",
        (
            episode(status=NOT_SERVING),
            podcast(),
            endpoint(status=stalled(Reason.INVALID_WEIGHTS, "The weights cannot be had: nothing below s3://m/w")),
        ),
        ("It needs a person (InvalidWeights", "nothing below s3://m/w"),
        "podwright retry modelendpoint/whisper -n podcasts",
    ),
    Case(
        "a draft on a channel without credentials",
        (post(status=DRAFT), channel(status=NO_SECRET), campaign(), episode()),
        ("Post launch-one-news is to go out", "Channel news is to send", "Put the credentials", "Read its text"),
        "podwright approve post/launch-one-news -n podcasts",
    ),
    Case(
        "a post whose channel is broken",
        (
            post(status=waits(Reason.CHANNEL_NOT_READY, "Channel 'news' is not ready", phase="Scheduled")),
            channel(status=NO_SECRET),
            campaign(),
        ),
        ("It waits (ChannelNotReady", "Secret 'news' does not exist"),
        CREATE_SECRET,
    ),
    Case(
        "a post of a suspended campaign",
        (
            post(status=waits(Reason.SUSPENDED, "Not sent while its campaign is suspended", phase="Scheduled")),
            channel(status=ready()),
            campaign(suspend=True, status=waits(Reason.SUSPENDED, "Suspended: no posts are made")),
        ),
        ("It is suspended", "Campaign launch", "Let it go on."),
        """kubectl -n podcasts patch campaign launch --type merge -p '{"spec": {"suspend": false}}'""",
    ),
    Case(
        "a post that waits for its time",
        (
            post(status=waits(Reason.SCHEDULED, "Goes out at 2026-11-23T08:00:00Z.", phase="Scheduled")),
            channel(status=ready()),
            campaign(),
        ),
        ("It waits for its time", "goes on by itself"),
        "kubectl -n podcasts get post/launch-one-news --watch",
    ),
    Case(
        "a campaign whose episode is stuck",
        (
            campaign(status=waits(Reason.EPISODES_NOT_READY, "1 of 1 episodes are not ready: one.")),
            channel(status=ready()),
            podcast(),
            episode(status=stalled(Reason.MEDIA_REJECTED, "The recording is empty.")),
        ),
        ("is to announce 1 episode on news", "It waits (EpisodesNotReady", "The recording is empty."),
        "podwright retry episode/one -n podcasts",
    ),
    Case(
        "a ready campaign with drafts",
        (
            campaign(status=ready("Posts: 1 waiting for approval")),
            channel(status=ready()),
            episode(status=ready()),
            post(status=DRAFT),
        ),
        ("It is ready", "Read the drafts"),
        "podwright approve campaign/launch -n podcasts",
    ),
    Case(
        "a podcast with an episode that is stuck",
        (
            podcast(status=ready("The feed is written when the first episode is ready.")),
            episode(status=stalled(Reason.STAGE_FAILED, "Stage write failed: exit code 1")),
        ),
        ("It is ready", "Episode one", "podwright logs episode/one -n podcasts"),
        "podwright retry episode/one -n podcasts",
    ),
    Case(
        "a missing channel",
        (campaign(status=waits(Reason.CHANNEL_NOT_FOUND, "Waiting for Channel news")), channel("newz", ready())),
        ("Channel news does not exist",),
        "kubectl -n podcasts apply -f FILE",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_chain_ends_with_what_to_do(case: Case) -> None:
    sentences = explain(case.graph, Ref.of(case.objects[0]), NOW)
    told = "\n".join(sentence.text for sentence in sentences)
    at = 0
    for said in case.says:
        at = told.find(said, at)
        assert at >= 0, f"{said!r} is not in its place in:\n{told}"
    assert sentences[0].role is Role.WANTED
    assert sentences[-1].role is Role.CURE
    assert (sentences[-1].command or "").startswith(case.command or "")
    assert bool(sentences[-1].command) == bool(case.command)


@pytest.mark.parametrize("kind", [kind for kind in ChannelType if kind not in {ChannelType.FEED, ChannelType.WEBHOOK}])
def test_a_channel_of_any_type_says_where_its_posts_go(kind: ChannelType) -> None:
    told = channel("news", ready(), type=kind.value, webhook=None)
    (first, *_) = explain(graph(told), Ref.of(told), NOW)
    assert first.text == f"Channel news is to send posts to {kind.value}."


def test_what_several_wait_for_is_told_once() -> None:
    whisper = endpoint(status=stalled(Reason.INVALID_WEIGHTS, "nothing there"))
    found = graph(
        podcast(status=ready()), whisper, episode("one", NOT_SERVING), episode("two", NOT_SERVING), endpoint("writer")
    )
    sentences = explain(found, Ref.of(podcast()), NOW)
    assert _count(sentences, "is to serve") == 1
    assert [sentence.command for sentence in sentences if sentence.role is Role.CURE] == [
        "podwright retry modelendpoint/whisper -n podcasts"
    ]


def test_a_change_that_the_operator_has_not_seen_is_told() -> None:
    one = episode(status=ready())
    newer = one.model_copy(update={"metadata": one.metadata.model_copy(update={"generation": 2})})
    sentences = explain(graph(newer, podcast()), Ref.of(newer), NOW)
    assert _count(sentences, "has not worked out its last change") == 1


#: These heal by themselves or are explained by another object.
SELF_HEALING = {
    Reason.READY,
    Reason.PROGRESSING,
    Reason.DELETING,
    Reason.PODCAST_NOT_FOUND,
    Reason.ENDPOINT_NOT_READY,
    Reason.CHANNEL_NOT_FOUND,
    Reason.CHANNEL_NOT_READY,
    Reason.CAMPAIGN_NOT_FOUND,
    Reason.STORAGE_UNAVAILABLE,
    Reason.STARTING,
    Reason.SCHEDULED,
    Reason.RETRYING,
}


@pytest.mark.parametrize("reason", sorted(set(Reason) - SELF_HEALING))
def test_every_reason_that_needs_a_person_has_a_command(reason: Reason) -> None:
    one = episode(status=stalled(reason, "It is so."), suspend=reason is Reason.SUSPENDED)
    condition = ready_of(one)
    assert condition is not None
    found = list(cure(one, condition, graph(one), explained=False))
    assert found
    assert found[-1].command


def _count(sentences: list[Sentence], text: str) -> int:
    return sum(text in sentence.text for sentence in sentences)
