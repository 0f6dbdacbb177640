"""What a post says: its own text or one of its variants; and, once it may be out, what was sent. Pure."""

import hashlib
from itertools import accumulate

from podwright_crds.post import AttemptOutcome, Post, PostVariant, SentPost
from podwright_publish.protocol import first_uncertain, is_released


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
    attempts, sent = post.status.attempts, post.status.sent
    if first_uncertain(post.status) is not None:
        return True
    begun = sent is not None and bool(sent.thread or sent.first_comment)
    return begun and bool(attempts) and attempts[-1].outcome is not AttemptOutcome.REFUSED
