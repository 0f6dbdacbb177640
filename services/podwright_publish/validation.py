"""What a platform would refuse, from the table of its limits alone. Pure."""

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from podwright_core.channel_limits import comment_problem, text_problem, thread_problem, title_problem
from podwright_core.media_rules import media_count_problem
from podwright_crds.channel import ChannelSpec, ChannelType
from podwright_crds.post import PostSpec
from podwright_publish.message import Message

_NO_EPISODE = "A post on a feed channel needs spec.episodeRef: the episode that stands in the feed."


def problems(
    spec: ChannelSpec,
    text: str,
    *,
    link: str | None = None,
    title: str | None = None,
    thread: Sequence[str] = (),
    first_comment: str | None = None,
    alt_texts: Sequence[str] = (),
    episode: str | None = None,
) -> list[str]:
    """Everything that is wrong with a post for a channel, for people; ``alt_texts`` has one for each medium."""
    kind = spec.type.value
    found: Iterable[str | None] = (
        text_problem(kind, text, spec.limits.max_characters, link),
        title_problem(kind, title),
        thread_problem(kind, thread),
        comment_problem(kind, first_comment),
        media_count_problem(kind, len(alt_texts), max(map(len, alt_texts), default=0)),
        _NO_EPISODE if spec.type is ChannelType.FEED and episode is None else None,
    )
    return [problem for problem in found if problem]


def _address_problems(*addresses: str | None) -> list[str]:
    found = []
    for address in addresses:
        try:
            _ = urlsplit(address or "").port
        except ValueError as error:
            found.append(f"The address '{address}' cannot be read ({error}): correct it.")
    return found


def message_problems(spec: ChannelSpec, message: Message) -> list[str]:
    """The same for a message as it goes to the platform."""
    return _address_problems(message.link, *(media.url for media in message.media)) or problems(
        spec,
        message.text,
        link=message.link,
        title=message.title,
        thread=message.thread,
        first_comment=message.first_comment,
        alt_texts=[media.alt_text for media in message.media],
        episode=message.episode,
    )


def post_problems(spec: ChannelSpec, post: PostSpec) -> list[str]:
    """The same for a post as it is declared, with every one of its variants."""
    if unreadable := _address_problems(post.link, post.short_link, *(media.url for media in post.media)):
        return unreadable
    texts = [variant.text for variant in post.variants] or [post.text]
    found = [
        problem
        for text in texts
        for problem in problems(
            spec,
            text,
            link=post.short_link or post.link,
            title=post.title,
            thread=post.thread,
            first_comment=post.first_comment,
            alt_texts=[media.alt_text or "" for media in post.media],
            episode=post.episode_ref.name if post.episode_ref else None,
        )
    ]
    return list(dict.fromkeys(found))
