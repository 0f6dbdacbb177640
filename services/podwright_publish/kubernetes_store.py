"""Posts and what belongs to them, in Kubernetes."""

import base64
import os
from collections.abc import Awaitable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from kubernetes.aio import client, config

from podwright_core.guids import episode_guid
from podwright_core.times import parse_instant
from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel, ChannelType
from podwright_crds.episode import Episode
from podwright_crds.names import GROUP, PUBLISHER_FIELD_MANAGER, VERSION
from podwright_crds.podcast import Podcast
from podwright_crds.post import Post, PostStatus
from podwright_crds.resource import Resource
from podwright_publish.capabilities import capabilities_around
from podwright_publish.channels.feed import FeedChannel
from podwright_publish.channels.webhook import WebhookChannel
from podwright_publish.credentials import SIGNING_SECRET, credentials_problem
from podwright_publish.due import Surroundings
from podwright_publish.ports import ConflictError, Loaded, NotConnectedError, Platform, StoreUnavailableError
from podwright_telemetry.json_logs import conceal

R = TypeVar("R", bound=Resource)
T = TypeVar("T")

_NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_REQUEST_SECONDS = 20
_PAGE = 500
_CONFLICT = 409
_NOT_FOUND = 404
_OVERLOADED = 429


def own_namespace() -> str:
    """The namespace of the pod; raises ``FileNotFoundError`` outside of one."""
    return _NAMESPACE_FILE.read_text().strip()


class KubernetesStore:
    """One tenant's namespace. Use as an asynchronous context manager."""

    def __init__(self, api: client.ApiClient, namespace: str):
        self._api = api
        self._objects = client.CustomObjectsApi(api)
        self._core = client.CoreV1Api(api)
        self._namespace = namespace
        self._opened: list[Platform] = []
        #: By the Channel's uid, with the version of it that they were opened for.
        self._webhooks: dict[str, tuple[str, Platform]] = {}

    @classmethod
    async def open(cls, namespace: str) -> "KubernetesStore":
        """Connect as the pod's service account, or as kubectl would."""
        settings = client.Configuration()
        try:
            config.load_incluster_config(client_configuration=settings)  # type: ignore[no-untyped-call]  # as in the client
        except config.ConfigException:
            # The client itself reads KUBECONFIG only once, when it is imported.
            await config.load_kube_config(os.environ.get("KUBECONFIG"), client_configuration=settings)  # type: ignore[no-untyped-call]
        return cls(client.ApiClient(settings), namespace)

    async def __aenter__(self) -> "KubernetesStore":
        return self

    async def __aexit__(self, *_: object) -> None:
        for platform in self._opened:
            await platform.close()
        await self._api.close()  # type: ignore[no-untyped-call]

    async def campaign_posts(self, campaign: str) -> Sequence[Post]:
        return await self._posts(f"spec.campaignRef.name={campaign}")

    async def load(self, name: str) -> Loaded | None:
        post = await self._get(Post, name)
        if post is None:
            return None
        channel = await self._get(Channel, post.spec.channel_ref.name)
        campaign = await self._get(Campaign, post.spec.campaign_ref.name) if post.spec.campaign_ref else None
        sent = await self._sent(channel) if channel and channel.spec.limits.max_posts_per_day else ()
        return Loaded(post, Surroundings(channel, campaign, sent), capabilities_around(channel))

    async def record(self, post: Post, status: PostStatus) -> Post:
        old, new = post.status.to_wire(), status.to_wire()
        changed = {key: new.get(key) for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)}
        body = {"metadata": {"resourceVersion": post.metadata.resource_version}, "status": changed}
        written = await _translated(
            self._objects.patch_namespaced_custom_object_status(
                GROUP,
                VERSION,
                self._namespace,
                Post.PLURAL,
                post.metadata.name,
                body,
                field_manager=PUBLISHER_FIELD_MANAGER,
                _content_type="application/merge-patch+json",
                _request_timeout=_REQUEST_SECONDS,
            )
        )
        if written is None:
            # Deleted since it was read: the same as changed, the reader finds out.
            raise ConflictError(post.metadata.name)
        return Post.read(written)

    async def connect(self, loaded: Loaded) -> Platform:
        channel = loaded.around.channel
        if channel is None:
            raise NotConnectedError(f"Channel '{loaded.post.spec.channel_ref.name}' does not exist.")
        match channel.spec.type:
            case ChannelType.WEBHOOK:
                if (known := self._webhooks.get(channel.metadata.uid)) and known[
                    0
                ] == channel.metadata.resource_version:
                    return known[1]
                opened: Platform = await self._webhook(channel)
                self._webhooks[channel.metadata.uid] = (channel.metadata.resource_version, opened)
            case ChannelType.FEED:
                # Where the feed is may change between two looks.
                opened = await self._feed(channel, loaded.post)
        self._opened.append(opened)
        return opened

    async def _webhook(self, channel: Channel) -> WebhookChannel:
        name = channel.spec.credentials_ref.name if channel.spec.credentials_ref else ""
        secret = await _translated(
            self._core.read_namespaced_secret(name, self._namespace, _request_timeout=_REQUEST_SECONDS)
        )
        if secret is None:
            raise NotConnectedError(f"Secret '{name}' of channel '{channel.metadata.name}' does not exist.")
        values = {key: base64.b64decode(value).decode(errors="replace") for key, value in (secret.data or {}).items()}
        conceal(values.values())
        if problem := credentials_problem(channel.spec.type, values):
            raise NotConnectedError(f"Secret '{name}' of channel '{channel.metadata.name}': {problem}.")
        return WebhookChannel(channel.spec, values[SIGNING_SECRET])

    async def _feed(self, channel: Channel, post: Post) -> FeedChannel:
        name = post.spec.episode_ref.name if post.spec.episode_ref else ""
        podcast = await self._get(Podcast, channel.spec.feed.podcast_ref.name) if channel.spec.feed else None
        episode = await self._get(Episode, name) if name else None
        guid = podcast.status.guid if podcast else None
        guids = {name: episode_guid(guid, name)} if episode and guid else {}
        return FeedChannel(channel.spec, podcast.status.feed_url if podcast else None, guids)

    async def _sent(self, channel: Channel) -> Sequence[datetime]:
        posts = await self._posts(f"spec.channelRef.name={channel.metadata.name}")
        return [parse_instant(post.status.published_at) for post in posts if post.status.published_at]

    async def _posts(self, selector: str) -> list[Post]:
        posts: list[Post] = []
        following: str | None = None
        while True:
            page: Any = await _translated(
                self._objects.list_namespaced_custom_object(
                    GROUP,
                    VERSION,
                    self._namespace,
                    Post.PLURAL,
                    field_selector=selector,
                    limit=_PAGE,
                    _continue=following,
                    _request_timeout=_REQUEST_SECONDS,
                )
            )
            posts.extend(Post.read(item) for item in (page or {}).get("items", []))
            following = (page or {}).get("metadata", {}).get("continue")
            if not following:
                return posts

    async def _get(self, kind: type[R], name: str) -> R | None:
        body = await _translated(
            self._objects.get_namespaced_custom_object(
                GROUP, VERSION, self._namespace, kind.PLURAL, name, _request_timeout=_REQUEST_SECONDS
            )
        )
        return None if body is None else kind.read(body)


async def _translated(call: Awaitable[T]) -> T | None:
    """The result; ``None`` where the object does not exist; the port's errors for the rest."""
    try:
        return await call
    except client.ApiException as error:
        if error.status == _NOT_FOUND:
            return None
        if error.status == _CONFLICT:
            raise ConflictError(str(error.reason)) from error
        if error.status == _OVERLOADED or error.status is None or error.status >= 500:
            raise StoreUnavailableError(f"the API server answered {error.status} {error.reason}") from error
        raise
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise StoreUnavailableError(f"no answer from the API server ({type(error).__name__})") from error
