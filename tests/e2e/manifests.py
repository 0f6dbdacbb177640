"""Manifests that the tests apply, as small as users would write them."""

from typing import Any

from podwright_crds.names import API_VERSION

Object = dict[str, Any]


def episode(name: str, media: str, *, podcast: str = "workshop", **spec: Any) -> Object:
    return {
        "apiVersion": API_VERSION,
        "kind": "Episode",
        "metadata": {"name": name},
        "spec": {"podcastRef": {"name": podcast}, "title": f"Episode {name}", "media": {"url": media}, **spec},
    }


def campaign(name: str, *, episodes: list[str], channels: list[str], cron: str = "* * * * *", **spec: Any) -> Object:
    cadence = {"cron": cron, **spec.pop("cadence", {})}
    return {
        "apiVersion": API_VERSION,
        "kind": "Campaign",
        "metadata": {"name": name},
        "spec": {
            "episodes": {"names": episodes},
            "channelRefs": [{"name": c} for c in channels],
            "cadence": cadence,
            "approval": "Automatic",
            **spec,
        },
    }


def webhook_channel(name: str, url: str, secret: str) -> Object:
    return {
        "apiVersion": API_VERSION,
        "kind": "Channel",
        "metadata": {"name": name},
        "spec": {"type": "webhook", "webhook": {"url": url}, "credentialsRef": {"name": secret}},
    }


def model_endpoint(name: str, uri: str, *, task: str = "transcription", engine: str = "faster-whisper") -> Object:
    return {
        "apiVersion": API_VERSION,
        "kind": "ModelEndpoint",
        "metadata": {"name": name},
        "spec": {"task": task, "engine": engine, "weights": {"uri": uri}, "resources": {"cpus": 1, "memory": "2Gi"}},
    }
