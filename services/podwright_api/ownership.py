"""Whose an object is: the show that it belongs to, who pays for it, and the tool that manages it."""

from collections.abc import Callable, Mapping
from typing import Any

from podwright_crds.campaign import Campaign
from podwright_crds.episode import Episode
from podwright_crds.podcast import Podcast
from podwright_crds.post import Post
from podwright_crds.resource import Resource

JsonObject = dict[str, Any]
#: A workspace's objects, by kind and name.
Objects = Mapping[type[Resource], Mapping[str, JsonObject]]
Owner = Callable[[JsonObject], str | None]


def managed_by(body: JsonObject) -> str | None:
    """The tool that applies this object from elsewhere and would undo changes: argocd, flux or helm; None: nobody's."""
    metadata = body["metadata"]
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    if "argocd.argoproj.io/tracking-id" in annotations or "argocd.argoproj.io/instance" in labels:
        return "argocd"
    if any(key.startswith(("kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/")) for key in labels):
        return "flux"
    if labels.get("app.kubernetes.io/managed-by") == "Helm" or "meta.helm.sh/release-name" in annotations:
        return "helm"
    return None


def shows_of(kind: type[Resource], objects: Objects) -> Owner:
    """Of each object of a kind the show that it belongs to; posts belong to their episode's."""
    if kind is Podcast:
        return lambda body: _text(body["metadata"].get("name"))
    if kind is Episode:
        return show_of_episode
    if kind is Campaign:
        return show_of_campaign
    if kind is Post:
        return _through(objects, Episode, episode_of_post, show_of_episode)
    return _nobody


def sponsors_of(kind: type[Resource], objects: Objects) -> Owner:
    """Of each object of a kind who pays for the campaign that it is, or is of."""
    if kind is Campaign:
        return sponsor_of_campaign
    if kind is Post:
        return _through(objects, Campaign, campaign_of_post, sponsor_of_campaign)
    return _nobody


def _through(objects: Objects, kind: type[Resource], name_in: Owner, owner: Owner) -> Owner:
    """Of an object that names another one: whose that is."""

    def found(body: JsonObject) -> str | None:
        named = objects[kind].get(name_in(body) or "")
        return owner(named) if named else None

    return found


def show_of_episode(body: JsonObject) -> str | None:
    return _name(body["spec"].get("podcastRef"))


def show_of_campaign(body: JsonObject) -> str | None:
    """The show that a campaign announces; None where it selects episodes otherwise, maybe of several shows."""
    return _name((body["spec"].get("episodes") or {}).get("podcastRef"))


def sponsor_of_campaign(body: JsonObject) -> str | None:
    """Who pays for a campaign."""
    return _text(body["spec"].get("sponsor"))


def campaign_of_post(body: JsonObject) -> str | None:
    return _name(body["spec"].get("campaignRef"))


def episode_of_post(body: JsonObject) -> str | None:
    return _name(body["spec"].get("episodeRef"))


def _nobody(_body: JsonObject) -> str | None:
    return None


def _name(reference: Any) -> str | None:
    return _text(reference.get("name")) if isinstance(reference, dict) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
