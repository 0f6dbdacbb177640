"""What a post says: its own text or one of its variants; and, once it may be out, what was sent. Pure."""

import hashlib
from datetime import datetime
from itertools import accumulate

from podwright_core.times import parse_instant
from podwright_crds.post import AttemptOutcome, Post, PostVariant, SentPost
from podwright_publish.due import due_or_none
from podwright_publish.message import Media, Message
from podwright_publish.protocol import first_uncertain, idempotency_key, is_released


def chosen_variant(post: Post) -> PostVariant | None:
    """By weight, from the object's identity: the same as long as the variants are, and evenly over many posts."""
    variants = post.spec.variants
    if not variants:
        return None
    digest = hashlib.sha256(f"variant/{post.metadata.uid}".encode()).digest()
    weights = [variant.weight or 1 for variant in variants]
    point = int.from_bytes(digest[:8]) % sum(weights)
    bounds = accumulate(weights)
    return next(variant for variant, bound in zip(variants, bounds, strict=True) if point < bound)


def content_of(post: Post) -> SentPost:
    """What goes out now: as declared, unless attempts left something that only the same content finds again."""
    if post.status.sent is not None and not is_released(post) and _may_be_out(post):
        return post.status.sent
    variant = chosen_variant(post)
    return SentPost(
        text=variant.text if variant else post.spec.text,
        thread=post.spec.thread,
        first_comment=post.spec.first_comment,
        link=post.spec.short_link or post.spec.link,
        title=post.spec.title,
        media=post.spec.media,
        variant=variant.name if variant else None,
    )


def _may_be_out(post: Post) -> bool:
    """Wholly, or without the rest of its thread or its comment. A refused post is mended by changing it."""
    attempts, begun = post.status.attempts, post.status.platform_id is not None
    if first_uncertain(post.status) is not None:
        return True
    return begun and bool(attempts) and attempts[-1].outcome is not AttemptOutcome.REFUSED


def message_of(post: Post, now: datetime) -> Message:
    """The content as it goes to the platform."""
    spec, content = post.spec, content_of(post)
    at = due_or_none(post) or post.metadata.creation_timestamp or now
    started = [parse_instant(attempt.started_at) for attempt in post.status.attempts]
    in_doubt = first_uncertain(post.status) is not None and post.status.platform_id is None
    return Message(
        key=idempotency_key(post),
        namespace=post.metadata.namespace,
        post=post.metadata.name,
        channel=spec.channel_ref.name,
        text=content.text,
        at=at,
        link=content.link,
        episode=spec.episode_ref.name if spec.episode_ref else None,
        campaign=spec.campaign_ref.name if spec.campaign_ref else None,
        title=content.title,
        media=tuple(Media(media.url, media.alt_text or "") for media in content.media),
        thread=tuple(content.thread),
        first_comment=content.first_comment,
        made=post.metadata.creation_timestamp,
        since=min(at, *started) if started else None,
        missing_on_platform=in_doubt and is_released(post),
    )
