"""Whose an object is: the show that it belongs to, who pays for it, and the tool that manages it."""

from typing import Any

JsonObject = dict[str, Any]


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


def show_of_episode(body: JsonObject) -> str | None:
    return _name(body["spec"].get("podcastRef"))


def show_of_campaign(body: JsonObject) -> str | None:
    """The show that a campaign announces; None where it selects episodes otherwise, maybe of several shows."""
    return _name((body["spec"].get("episodes") or {}).get("podcastRef"))


def sponsor_of_campaign(body: JsonObject) -> str | None:
    """Who pays for a campaign."""
    sponsor = body["spec"].get("sponsor")
    return sponsor if isinstance(sponsor, str) else None


def campaign_of_post(body: JsonObject) -> str | None:
    return _name(body["spec"].get("campaignRef"))


def episode_of_post(body: JsonObject) -> str | None:
    return _name(body["spec"].get("episodeRef"))


def _name(reference: Any) -> str | None:
    name = reference.get("name") if isinstance(reference, dict) else None
    return name if isinstance(name, str) else None
