"""Posts and what belongs to them, in Kubernetes."""

import asyncio
import contextlib
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from kubernetes.aio import client, config

from podwright_core.egress import Egress
from podwright_core.guids import episode_guid
from podwright_core.links import redirect_page, short_code
from podwright_core.times import parse_instant
from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel, ChannelType, Delivery
from podwright_crds.episode import Episode
from podwright_crds.merge_patch import merge_patch
from podwright_crds.names import GROUP, PUBLISHER_FIELD_MANAGER, STORAGE_SECRET, VERSION
from podwright_crds.podcast import Podcast
from podwright_crds.post import Post, PostStatus
from podwright_crds.resource import Resource
from podwright_publish.account import Account
from podwright_publish.bucket import TenantBuckets
from podwright_publish.capabilities import capabilities_around
from podwright_publish.channels.feed import FeedChannel
from podwright_publish.channels.registry import connector
from podwright_publish.credentials import credentials_digest, credentials_problem
from podwright_publish.due import Surroundings
from podwright_publish.fitting.fitter import MediaFitter
from podwright_publish.kubernetes_calls import REQUEST_SECONDS, decoded, translated
from podwright_publish.kubernetes_tokens import KubernetesTokens
from podwright_publish.kubernetes_watch import KubernetesWatch
from podwright_publish.media_source import StoredMedia
from podwright_publish.message import Message
from podwright_publish.ports import ConflictError, Loaded, MediaUnavailableError, NotConnectedError, Platform
from podwright_publish.recent import Recent
from podwright_telemetry.json_logs import conceal

R = TypeVar("R", bound=Resource)

_NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")


def own_namespace() -> str:
    """The namespace of the pod; raises ``FileNotFoundError`` outside of one."""
    return _NAMESPACE_FILE.read_text().strip()


class KubernetesStore:
    """One tenant's namespace. Use as an asynchronous context manager."""

    def __init__(self, api: client.ApiClient, namespace: str, fresh_for: timedelta = timedelta(0)):
        """``fresh_for``: how long what surrounds posts (channels, campaigns, Secrets) is believed once it was read."""
        self._api = api
        self._recent = Recent(fresh_for)
        self._objects = client.CustomObjectsApi(api)
        self._core = client.CoreV1Api(api)
        self._namespace = namespace
        self._egress = Egress.from_environment(os.environ)
        self._opened: list[Platform] = []
        #: By the Channel's uid, with what they were opened for.
        self._accounts: dict[str, tuple[object, Account]] = {}
        self._fitter: MediaFitter | None = None

    @classmethod
    async def open(cls, namespace: str, fresh_for: timedelta = timedelta(0)) -> "KubernetesStore":
        """Connect as the pod's service account, or as kubectl would."""
        settings = client.Configuration()
        try:
            config.load_incluster_config(client_configuration=settings)  # type: ignore[no-untyped-call]  # as in the client
        except config.ConfigException:
            # The client itself reads KUBECONFIG only once, when it is imported.
            await config.load_kube_config(os.environ.get("KUBECONFIG"), client_configuration=settings)  # type: ignore[no-untyped-call]
        return cls(client.ApiClient(settings), namespace, fresh_for)

    async def __aenter__(self) -> "KubernetesStore":
        return self

    async def __aexit__(self, *_: object) -> None:
        for platform in self._opened:
            await platform.close()
        await self._api.close()  # type: ignore[no-untyped-call]

    async def campaign_posts(self, campaign: str) -> Sequence[Post]:
        return await self._posts(f"spec.campaignRef.name={campaign}")

    async def of_channel(self, name: str) -> tuple[Channel, Sequence[Post]] | None:
        channel = await self._get(Channel, name)
        return None if channel is None else (channel, await self._posts(f"spec.channelRef.name={name}"))

    async def channel(self, name: str) -> Channel | None:
        return await self._get(Channel, name)

    async def load(self, name: str) -> Loaded | None:
        post = await self._get(Post, name)
        return None if post is None else await self.loaded(post)

    async def loaded(self, post: Post) -> Loaded:
        """A post that is known, with what else decides about it."""
        channel = await self._near(Channel, post.spec.channel_ref.name)
        campaign = await self._near(Campaign, post.spec.campaign_ref.name) if post.spec.campaign_ref else None
        sent = await self._sent(channel) if channel and channel.spec.limits.max_posts_per_day else ()
        return Loaded(post, Surroundings(channel, campaign, sent), capabilities_around(channel, post))

    async def record(self, post: Post, status: PostStatus) -> Post:
        changed = merge_patch(post.status.to_wire(), status.to_wire())
        body = {"metadata": {"resourceVersion": post.metadata.resource_version}, "status": changed}
        written = await translated(
            self._objects.patch_namespaced_custom_object_status(
                GROUP,
                VERSION,
                self._namespace,
                Post.PLURAL,
                post.metadata.name,
                body,
                field_manager=PUBLISHER_FIELD_MANAGER,
                _content_type="application/merge-patch+json",
                _request_timeout=REQUEST_SECONDS,
            )
        )
        if written is None:
            # Deleted since it was read: the same as changed, the reader finds out.
            raise ConflictError(post.metadata.name)
        return Post.read(written)

    async def platform_ids(self, post: Post) -> Sequence[str]:
        posts = await self._posts(f"spec.channelRef.name={post.spec.channel_ref.name}")
        return [
            other.status.platform_id
            for other in posts
            if other.status.platform_id and other.metadata.uid != post.metadata.uid
        ]

    def watch(self, channel: str) -> KubernetesWatch[Post]:
        """The posts of a channel, as they change."""
        return KubernetesWatch(self._objects, self._namespace, Post, f"spec.channelRef.name={channel}")

    async def note(self, channel: Channel, delivery: Delivery) -> None:
        self._recent.forget((Channel, channel.metadata.name))
        before = channel.status
        changed = merge_patch(before.to_wire(), before.model_copy(update={"delivery": delivery}).to_wire())
        body = {"metadata": {"resourceVersion": channel.metadata.resource_version}, "status": changed}
        await translated(
            self._objects.patch_namespaced_custom_object_status(
                GROUP,
                VERSION,
                self._namespace,
                Channel.PLURAL,
                channel.metadata.name,
                body,
                field_manager=PUBLISHER_FIELD_MANAGER,
                _content_type="application/merge-patch+json",
                _request_timeout=REQUEST_SECONDS,
            )
        )

    async def prepared(self, loaded: Loaded, message: Message) -> Message:
        channel, spec = loaded.around.channel, loaded.post.spec
        buckets = await self._buckets() if message.media or spec.short_link else None
        if spec.short_link and spec.link and message.link == spec.short_link:
            await self._lead_on(spec.short_link, spec.link, buckets)
        if channel is None or not message.media:
            return message
        if self._fitter is None:
            if buckets is None:
                return message  # nowhere to keep what would be made: files go as they are, or are refused
            self._fitter = MediaFitter(StoredMedia(buckets, self._egress), buckets, self._namespace)
        media, notes = [], []
        for each in message.media:
            try:
                fitted, note = await self._fitter.fitted(channel.spec.type.value, each)
            except MediaUnavailableError as error:
                raise MediaUnavailableError(f"{each.url}: {error}".rstrip("."), lasting=error.lasting) from None
            media.append(fitted)
            notes += [f"{each.url} was {note}."] if note else []
        return replace(message, media=tuple(media), notes=tuple(notes))

    async def _lead_on(self, short_link: str, link: str, buckets: TenantBuckets | None) -> None:
        """Put the page behind a short link; raises ``MediaUnavailableError``."""
        code = short_code(short_link)
        if not _CODE.fullmatch(code):
            message = f"spec.shortLink has to end with letters, digits, - and _ alone, not with '{code}'"
            raise MediaUnavailableError(message, lasting=True)
        if buckets is None or not buckets.can_keep:
            raise MediaUnavailableError("a short link needs the namespace's Secret podwright-storage")
        page = redirect_page(link).encode()
        key = f"{self._namespace}/l/{code}"
        if await asyncio.to_thread(buckets.read, buckets.public, key) != page:
            await asyncio.to_thread(buckets.write, buckets.public, key, page, "text/html; charset=utf-8")

    async def connect(self, loaded: Loaded) -> Platform:
        channel = loaded.around.channel
        if channel is None:
            raise NotConnectedError(f"Channel '{loaded.post.spec.channel_ref.name}' does not exist.")
        if channel.spec.type is ChannelType.FEED:
            # Where the feed is may change between two looks.
            feed = await self._feed(channel, loaded.post)
            self._opened.append(feed)
            return feed
        return await self.account(channel)

    async def account(self, channel: Channel) -> Account:
        """The connected account, opened once for as long as nothing about it changes."""
        values = await self._credentials(channel)
        digest = credentials_digest(values)
        refused = channel.status.delivery.refused if channel.status.delivery else None
        if refused is not None and refused.digest == digest:
            raise NotConnectedError(f"Channel '{channel.metadata.name}': its credentials were refused.")
        opened_for = (channel.spec, digest)
        if (known := self._accounts.get(channel.metadata.uid)) and known[0] == opened_for:
            return known[1]
        tokens = KubernetesTokens(self._core, channel, digest)
        buckets = None
        # Texts need none, and ``prepared`` tells of it where a post has files.
        with contextlib.suppress(MediaUnavailableError):
            buckets = await self._buckets()
        media = StoredMedia(buckets, self._egress)
        account = Account(
            channel.spec.type,
            {**values, **(await tokens.read() or {})},
            digest,
            connector(channel.spec, media),
            tokens,
            lambda: datetime.now(UTC),
        )
        self._accounts[channel.metadata.uid] = (opened_for, account)
        self._opened.append(account)
        return account

    async def _buckets(self) -> TenantBuckets | None:
        storage = await self._secret(STORAGE_SECRET)
        return TenantBuckets(storage, self._namespace) if storage else None

    async def _credentials(self, channel: Channel) -> dict[str, str]:
        reference = channel.spec.credentials_ref
        if reference is None:
            return {}
        values = await self._secret(reference.name)
        if values is None:
            raise NotConnectedError(f"Secret '{reference.name}' of channel '{channel.metadata.name}' does not exist.")
        conceal(values.values())
        if problem := credentials_problem(channel.spec.type, values):
            raise NotConnectedError(f"Secret '{reference.name}' of channel '{channel.metadata.name}': {problem}.")
        return values

    async def _secret(self, name: str) -> dict[str, str] | None:
        async def ask() -> dict[str, str] | None:
            secret = await translated(
                self._core.read_namespaced_secret(name, self._namespace, _request_timeout=REQUEST_SECONDS)
            )
            return None if secret is None else decoded(secret)

        return await self._recent.get((dict, name), ask)

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
        watch = KubernetesWatch(self._objects, self._namespace, Post, selector)
        return (await watch.list())[0]

    async def _near(self, kind: type[R], name: str) -> R | None:
        return await self._recent.get((kind, name), lambda: self._get(kind, name))

    async def _get(self, kind: type[R], name: str) -> R | None:
        body = await translated(
            self._objects.get_namespaced_custom_object(
                GROUP, VERSION, self._namespace, kind.PLURAL, name, _request_timeout=REQUEST_SECONDS
            )
        )
        return None if body is None else kind.read(body)
