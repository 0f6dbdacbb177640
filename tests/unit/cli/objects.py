"""Small resources with the status that the operator writes."""

from datetime import UTC, datetime
from typing import Any

from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel
from podwright_crds.episode import Episode
from podwright_crds.model_endpoint import ModelEndpoint
from podwright_crds.podcast import Podcast
from podwright_crds.post import Post
from podwright_crds.resource import Reason, Resource
from podwright_desk.graph import Graph, PodTrouble
from podwright_desk.refs import Ref

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)  # a Saturday
SINCE = "2026-11-21T11:55:00Z"

Status = dict[str, Any]


def ready(message: str = "well") -> Status:
    return _status("True", Reason.READY, message, stalled=False)


def waits(reason: Reason, message: str, **more: Any) -> Status:
    return {**_status("False", reason, message, stalled=False), **more}


def stalled(reason: Reason, message: str, **more: Any) -> Status:
    return {**_status("False", reason, message, stalled=True), **more}


def _status(value: str, reason: Reason, message: str, *, stalled: bool) -> Status:
    at = {"observedGeneration": 1, "lastTransitionTime": SINCE}
    return {
        "observedGeneration": 1,
        "conditions": [
            {"type": "Ready", "status": value, "reason": reason.value, "message": message, **at},
            {"type": "Stalled", "status": str(stalled), "reason": reason.value, "message": "", **at},
        ],
    }


def endpoint(name: str = "whisper", status: Status | None = None, **spec: Any) -> ModelEndpoint:
    body = {"task": "transcription", "engine": "faster-whisper", "weights": {"uri": "s3://m/w"}, **spec}
    return ModelEndpoint.read(_body(name, body, status))


def podcast(name: str = "show", status: Status | None = None) -> Podcast:
    defaults = {"transcriptionEndpointRef": {"name": "whisper"}, "writingEndpointRef": {"name": "writer"}}
    spec = {"title": "Show", "owner": {"name": "A", "email": "a@example.org"}, "episodeDefaults": defaults}
    return Podcast.read(_body(name, spec, status))


def episode(name: str = "one", status: Status | None = None, **spec: Any) -> Episode:
    body = {"podcastRef": {"name": "show"}, "title": f"The {name}", "media": {"url": "s3://p/a.mp3"}, **spec}
    return Episode.read(_body(name, body, status))


def channel(name: str = "news", status: Status | None = None, **spec: Any) -> Channel:
    body = {
        "type": "webhook",
        "webhook": {"url": "https://hooks.example.org/a"},
        "credentialsRef": {"name": "news"},
        **spec,
    }
    return Channel.read(_body(name, body, status))


def campaign(name: str = "launch", status: Status | None = None, **spec: Any) -> Campaign:
    body = {
        "episodes": {"podcastRef": {"name": "show"}},
        "channelRefs": [{"name": "news"}],
        "cadence": {"cron": "0 9 * * 1-5", "timeZone": "Europe/Vienna"},
        **spec,
    }
    return Campaign.read(_body(name, body, status))


def post(name: str = "launch-one-news", status: Status | None = None, **spec: Any) -> Post:
    body = {
        "channelRef": {"name": "news"},
        "episodeRef": {"name": "one"},
        "campaignRef": {"name": "launch"},
        "text": "Listen.",
        "publishAt": "2026-11-23T08:00:00Z",
        **spec,
    }
    return Post.read(_body(name, body, status))


def graph(*objects: Resource, troubles: dict[Ref, list[PodTrouble]] | None = None) -> Graph:
    return Graph("podcasts", {Ref.of(item): item for item in objects}, troubles or {})


def _body(name: str, spec: dict[str, Any], status: Status | None) -> dict[str, Any]:
    metadata = {
        "name": name,
        "namespace": "podcasts",
        "uid": name,
        "resourceVersion": "7",
        "creationTimestamp": "2026-11-21T11:00:00Z",
    }
    return {"metadata": metadata, "spec": spec, "status": status or {}}
