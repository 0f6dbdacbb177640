"""Channels for which no real server can be had, against fakes of what their documentation says.

Not verified against the platforms themselves.
"""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from podwright_core.channel_limits import TEXT_RULES
from podwright_crds.channel import ChannelSpec
from podwright_publish.answers import Confirmed, Counted, CredentialsRefused, NotTaken, Refused, Unclear
from podwright_publish.capabilities import capabilities_of
from podwright_publish.channels.registry import connector
from podwright_publish.credentials import KEYS, credentials_digest
from podwright_publish.message import Media
from podwright_publish.ports import Counting
from tests.integration.publish.accounts import IMAGE, MemoryTokens, message
from tests.integration.publish.fakes.connected import FILES, connected, post, spec_of
from tests.integration.publish.fakes.every import EVERY
from tests.integration.publish.fakes.linkedin import FakeLinkedIn
from tests.integration.publish.fakes.mastodon import FakeMastodon
from tests.integration.publish.fakes.meta import FakeFacebook, FakeInstagram, FakeThreads
from tests.integration.publish.fakes.pinterest import FakePinterest
from tests.integration.publish.fakes.platform import TOKEN, Fake, Fault
from tests.integration.publish.fakes.video import FakeTikTok, FakeYouTube
from tests.integration.publish.fakes.webhooks import FakeDiscord
from tests.integration.publish.fakes.x import FakeX

LINK = "https://example.org/episodes/1?utm_source=a&utm_medium=podcast"
#: Mastodon has a real server besides.
ALL = tuple(made for made in EVERY if made is not FakeMastodon)
RENEWED = (FakeX, FakeLinkedIn, FakeTikTok, FakeYouTube, FakePinterest)
WITH_ITSELF = (FakeInstagram, FakeThreads)
WITH_COMMENTS = (FakeLinkedIn, FakeFacebook, FakeInstagram, FakeYouTube)
COUNTED = (
    (
        FakeX,
        {"like_count": 7, "retweet_count": 2, "quote_count": 1, "reply_count": 4, "impression_count": 900},
        (7, 3, 4, 900),
    ),
    (FakeFacebook, {"r": 7, "c": 4, "s": 3}, (7, 3, 4, None)),
    (FakeInstagram, {"like_count": 7, "comments_count": 4}, (7, None, 4, None)),
    (FakeThreads, {"likes": 7, "reposts": 1, "quotes": 2, "replies": 4, "views": 900}, (7, 3, 4, 900)),
    (FakeYouTube, {"likeCount": 7, "commentCount": 4, "viewCount": 900}, (7, None, 4, 900)),
)


def each(*fakes: type[Fake]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("fake", [fake() for fake in fakes], ids=lambda fake: str(fake.kind))


@pytest.fixture(params=ALL, ids=lambda fake: str(fake.kind))
def fake(request: pytest.FixtureRequest) -> Fake:
    made = request.param()
    assert isinstance(made, Fake)
    return made


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG):
        yield caplog


async def test_a_post_with_its_link_arrives_once(fake: Fake, everything_logged: pytest.LogCaptureFixture) -> None:
    channel = connected(fake)
    sent = post(fake, link=LINK)
    assert channel.validate(sent) == []
    answer = await channel.publish(sent)
    assert isinstance(answer, Confirmed), answer
    (kept,) = fake.posts
    assert "We are live – “Grüße”, 日本 & more" in kept.text
    assert LINK in kept.text or LINK in {kept.details.get("link"), kept.details.get("link_attachment")}
    if fake.kind != "slack":
        assert answer.platform_id == kept.id
    for secret in fake.secrets:
        assert secret not in everything_logged.text
    if capabilities_of(spec_of(fake)).can_find:
        found = await channel.find(sent)
        assert isinstance(found, Confirmed)
        assert found.platform_id == kept.id


@pytest.mark.parametrize("fault", [Fault.ERROR_AFTER, Fault.SILENT_AFTER])
async def test_a_lost_answer_is_a_doubt_that_reading_back_resolves(fake: Fake, fault: Fault) -> None:
    channel = connected(fake)
    fake.fault = fault
    sent = post(fake, link=LINK)
    answer = await channel.publish(sent)
    if fake.kind == "youtube":
        # The upload's session knows what became of it.
        assert isinstance(answer, Confirmed)
    else:
        assert isinstance(answer, Unclear), answer
    finding = await channel.find(sent)
    if not capabilities_of(spec_of(fake)).can_find:
        assert isinstance(finding, Unclear)
        return
    assert isinstance(finding, Confirmed), finding
    assert finding.platform_id == fake.posts[0].id
    again = await channel.publish(replace(sent, since=datetime.now(UTC) - timedelta(minutes=1)))
    assert isinstance(again, Confirmed)
    assert len(fake.posts) == 1


async def test_what_was_never_kept_is_not_found_and_can_be_sent_again(fake: Fake) -> None:
    channel = connected(fake)
    fake.fault = Fault.SILENT_BEFORE
    sent = post(fake)
    answer = await channel.publish(sent)
    assert isinstance(answer, Unclear | NotTaken), answer
    if not capabilities_of(spec_of(fake)).can_find:
        assert isinstance(answer, Unclear)
        return
    assert isinstance(await channel.find(sent), NotTaken)
    again = await channel.publish(replace(sent, since=datetime.now(UTC) - timedelta(minutes=1)))
    assert isinstance(again, Confirmed)
    assert len(fake.posts) == 1


async def test_the_platforms_own_words_for_a_limit_say_how_long_to_wait(fake: Fake) -> None:
    channel = connected(fake)
    fake.fault = Fault.LIMITED
    answer = await channel.publish(post(fake))
    assert isinstance(answer, NotTaken), answer
    assert answer.retry_after is not None
    if fake.limit_s > 0:
        assert abs(answer.retry_after.total_seconds() - fake.limit_s) < 3
    else:
        assert timedelta(0) < answer.retry_after <= timedelta(days=1)
    assert fake.posts == []


async def test_what_is_too_long_is_refused_here_and_there(fake: Fake) -> None:
    channel = connected(fake)
    sent = post(fake, text="a" * (TEXT_RULES[fake.kind].max_characters + 1), title="A title")
    assert len(channel.validate(sent)) == 1
    answer = await channel.publish(sent)
    assert isinstance(answer, Refused), answer
    assert fake.posts == []


async def test_the_longest_text_is_taken(fake: Fake) -> None:
    channel = connected(fake)
    sent = post(fake, text="a" * TEXT_RULES[fake.kind].max_characters, title="A title")
    assert channel.validate(sent) == []
    assert isinstance(await channel.publish(sent), Confirmed)


async def test_a_post_can_be_taken_down_where_the_platform_allows_it(fake: Fake) -> None:
    channel = connected(fake)
    answer = await channel.publish(post(fake))
    assert isinstance(answer, Confirmed)
    deleted = await channel.delete(answer.platform_id or "")
    if fake.kind in {"instagram", "tiktok", "slack"}:
        assert isinstance(deleted, Refused)
        assert len(fake.posts) == 1
    else:
        assert isinstance(deleted, Confirmed), deleted
        assert fake.posts == []


async def test_revoked_credentials_are_said_without_repeating_them(
    fake: Fake, everything_logged: pytest.LogCaptureFixture
) -> None:
    channel = connected(fake)
    fake.token, fake.refresh = "revoked-by-the-user", "revoked-too"
    answer = await channel.publish(post(fake))
    assert isinstance(answer, CredentialsRefused), answer
    assert answer.digest == credentials_digest(fake.credentials)
    assert fake.posts == []
    told = answer.message + everything_logged.text
    assert "HTTP" in answer.message
    for secret in ("access-token-0001", "refresh-token-0001", "client-secret-0001", "webhook-token-0001"):
        assert secret not in told


@each(*RENEWED)
async def test_a_refused_token_is_renewed_once_and_the_post_sent(
    fake: Fake, everything_logged: pytest.LogCaptureFixture
) -> None:
    tokens = MemoryTokens()
    channel = connected(fake, tokens)
    fake.token = "another-token"
    answer = await channel.publish(post(fake))
    assert isinstance(answer, Confirmed), answer
    assert tokens.renewals == 1
    assert tokens.kept["accessToken"] == fake.token
    assert tokens.kept.get("refreshToken", fake.refresh) == fake.refresh
    assert datetime.fromisoformat(tokens.kept["expiresAt"]) > datetime.now(UTC) + timedelta(minutes=30)
    assert len(fake.posts) == 1
    for secret in fake.secrets:
        assert secret not in everything_logged.text


@each(*RENEWED, *WITH_ITSELF)
async def test_a_token_that_ends_soon_is_renewed_before_anything_is_sent(
    fake: Fake, everything_logged: pytest.LogCaptureFixture
) -> None:
    tokens = MemoryTokens()
    soon = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    channel = connected(fake, tokens, expiresAt=soon)
    first = fake.token
    assert isinstance(await channel.publish(post(fake)), Confirmed)
    assert tokens.renewals == 1
    assert fake.token != first
    assert isinstance(await channel.publish(post(fake, key="post_2", text="Another one")), Confirmed)
    assert tokens.renewals == 1
    for secret in (*fake.secrets, first):
        assert secret not in everything_logged.text


@each(*RENEWED)
async def test_tokens_that_another_publisher_renewed_are_taken_over(fake: Fake) -> None:
    fake.token = "renewed-elsewhere"
    tokens = MemoryTokens(newer={"accessToken": "renewed-elsewhere"})
    channel = connected(fake, tokens)
    assert isinstance(await channel.publish(post(fake)), Confirmed)
    assert tokens.renewals == 0


@pytest.mark.parametrize("made", [FakeX, FakeThreads], ids=["x", "threads"])
async def test_a_thread_is_a_chain_and_goes_on_where_it_broke_off(made: type[Fake]) -> None:
    fake = made()
    channel = connected(fake)
    whole = message(text="One", thread=("Two", "Three"))
    assert isinstance(await channel.publish(replace(whole, thread=("Two",))), Confirmed)
    assert isinstance(await channel.find(whole), NotTaken)
    again = await channel.publish(replace(whole, since=datetime.now(UTC) - timedelta(minutes=1)))
    assert isinstance(again, Confirmed)
    assert [post.text for post in fake.posts] == ["One", "Two", "Three"]
    parents = [post.details.get("parent") or post.details.get("reply_to_id") for post in fake.posts]
    assert parents == [None, fake.posts[0].id, fake.posts[1].id]
    assert isinstance(await channel.find(whole), Confirmed)


@each(FakeX, FakeThreads)
async def test_a_thread_whose_token_ends_in_the_middle_does_not_begin_anew(fake: Fake) -> None:
    """The first is out: with a renewed token it goes on as any thread that broke off."""
    channel = connected(fake)
    whole = message(text="One", thread=("Two",))
    fake.then = lambda: setattr(fake, "token", "ended")
    answer = await channel.publish(whole)
    assert isinstance(answer, NotTaken), answer
    assert answer.begun is not None
    assert answer.begun.platform_id == fake.posts[0].id
    fake.token = TOKEN
    again = await channel.publish(replace(whole, since=datetime.now(UTC) - timedelta(minutes=1)))
    assert isinstance(again, Confirmed), again
    assert [post.text for post in fake.posts] == ["One", "Two"]


@each(*WITH_COMMENTS)
async def test_a_first_comment_follows_the_post(fake: Fake) -> None:
    channel = connected(fake)
    sent = post(fake, first_comment=f"All links: {LINK}")
    assert channel.validate(sent) == []
    answer = await channel.publish(sent)
    assert isinstance(answer, Confirmed), answer
    assert fake.comments == {fake.posts[0].id: [f"All links: {LINK}"]}
    assert isinstance(await channel.find(sent), Confirmed)
    missing = await channel.find(replace(sent, first_comment="Another one"))
    assert isinstance(missing, NotTaken)
    assert missing.begun is not None
    assert missing.begun.platform_id == fake.posts[0].id


@pytest.mark.parametrize("fault", [Fault.SILENT_AFTER, Fault.SILENT_BEFORE, Fault.LIMITED], ids=lambda f: f.name)
@pytest.mark.parametrize("made", WITH_COMMENTS, ids=lambda made: made.kind)
async def test_a_comment_whose_sending_failed_is_there_once_in_the_end(made: type[Fake], fault: Fault) -> None:
    fake = made()
    channel = connected(fake)
    sent = post(fake, first_comment="Once only")
    fake.then = lambda: setattr(fake, "fault", fault)
    answer = await channel.publish(sent)
    if fault is Fault.LIMITED:
        assert isinstance(answer, NotTaken), answer
        assert answer.begun is not None
    else:
        assert isinstance(answer, Unclear), answer
        finding = await channel.find(sent)
        assert isinstance(finding, Confirmed if fault is Fault.SILENT_AFTER else NotTaken), finding
    again = await channel.publish(replace(sent, since=datetime.now(UTC) - timedelta(minutes=1)))
    assert isinstance(again, Confirmed), again
    assert fake.comments == {fake.posts[0].id: ["Once only"]}
    assert len(fake.posts) == 1


@each(*WITH_COMMENTS)
async def test_a_refused_comment_leaves_the_post_published_and_says_so(fake: Fake) -> None:
    channel = connected(fake)
    fake.comments_off = True
    answer = await channel.publish(post(fake, first_comment="Not wanted"))
    assert isinstance(answer, Confirmed), answer
    assert "first comment was refused" in answer.message
    assert answer.platform_id == fake.posts[0].id


def test_comments_that_a_channel_does_not_take_are_told_before_anything_is_sent() -> None:
    assert "spec.thread" in " ".join(connected(FakeX()).validate(message(first_comment="A comment")))
    assert "spec.firstComment" in " ".join(connected(FakeDiscord()).validate(message(first_comment="A comment")))
    picture = (Media(IMAGE),)
    instagram = connected(FakeInstagram())
    for comment in ("a" * 301, "#a #b #c #d #e"):
        assert len(instagram.validate(message(media=picture, first_comment=comment))) == 1


@pytest.mark.parametrize("made", [FakeX, FakeLinkedIn, FakeFacebook, FakePinterest, FakeDiscord], ids=lambda m: m.kind)
async def test_an_image_keeps_its_description(made: type[Fake]) -> None:
    fake = made()
    channel = connected(fake)
    answer = await channel.publish(message(text="A picture", link=LINK, media=(Media(IMAGE, "A loaf"),)))
    assert isinstance(answer, Confirmed), answer
    assert fake.posts[0].details["alt"] == ["A loaf"]


async def test_a_carousel() -> None:
    fake = FakeInstagram()
    channel = connected(fake)
    answer = await channel.publish(message(text="Several", media=(Media(IMAGE), Media(IMAGE), Media(IMAGE))))
    assert isinstance(answer, Confirmed), answer
    assert fake.posts[0].details["media_type"] == "CAROUSEL"
    many = message(text=" ".join(f"#tag{number}" for number in range(31)), media=(Media("s3://bucket/a.jpg"),))
    assert len(channel.validate(many)) == 2


@each(*WITH_ITSELF)
async def test_media_that_the_platform_cannot_fetch_end_the_attempt(fake: Fake) -> None:
    channel = connected(fake)
    answer = await channel.publish(message(media=(Media("https://media.example.org/missing.jpg"),)))
    assert isinstance(answer, Refused)
    assert fake.posts == []


async def test_a_retired_version_of_the_api_says_what_to_set() -> None:
    fake = FakeLinkedIn(active="202612")
    answer = await connected(fake).publish(post(fake))
    assert isinstance(answer, Refused)
    assert "spec.linkedin.version" in answer.message


async def test_an_upload_whose_session_is_silent_too_is_a_doubt() -> None:
    fake = FakeYouTube(fault=Fault.ERROR_AFTER, forgetful=True)
    assert isinstance(await connected(fake).publish(post(fake)), Unclear)


def test_every_key_of_every_type_is_documented_in_one_table() -> None:
    for kind, keys in KEYS.items():
        assert set(keys.needed) <= set(keys.all()), kind


@pytest.mark.parametrize(("made", "numbers", "counted"), COUNTED, ids=lambda made: getattr(made, "kind", ""))
async def test_how_a_post_fares(made: type[Fake], numbers: dict[str, int], counted: tuple[int | None, ...]) -> None:
    fake = made(numbers=numbers)
    channel = connected(fake)
    answer = await channel.publish(post(fake))
    assert isinstance(answer, Confirmed)
    count = await channel.measure(str(answer.platform_id))
    assert isinstance(count, Counted)
    assert (count.likes, count.reposts, count.replies, count.views) == counted
    fake.token = "replaced"
    refused = await connected(fake, refreshToken="gone").measure(str(answer.platform_id))
    assert isinstance(refused, CredentialsRefused)
    assert TOKEN not in refused.message


async def test_numbers_wait_for_the_quota_and_are_none_where_a_platform_tells_none() -> None:
    fake = FakeX(numbers={"like_count": 1})
    channel = connected(fake)
    answer = await channel.publish(post(fake))
    assert isinstance(answer, Confirmed)
    fake.fault = Fault.LIMITED
    count = await channel.measure(str(answer.platform_id))
    assert isinstance(count, NotTaken)
    assert count.retry_after is not None
    fake.fault = None
    assert isinstance(await channel.measure("404"), Refused)
    assert isinstance(await connected(FakeDiscord()).measure("1"), Refused)


async def test_bluesky_tells_numbers_where_its_server_has_an_app_view() -> None:
    address = "at://did:plc:one/app.bsky.feed.post/3mabcdefghij2"
    numbers = {"likeCount": 7, "repostCount": 1, "quoteCount": 2, "replyCount": 4}

    def server(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/xrpc/app.bsky.feed.getPosts"
        if dict(request.url.params) != {"uris": address}:
            body = {"error": "MethodNotImplemented", "message": "No service configured for app.bsky.feed.getPosts"}
            return httpx.Response(400, json=body)
        return httpx.Response(200, json={"posts": [{"uri": address, **numbers}]})

    spec = ChannelSpec.model_validate({"type": "bluesky", "credentialsRef": {"name": "secret"}})
    session = {"identifier": "a.test", "appPassword": "word", "accessJwt": "access", "did": "did:plc:one"}
    transport = httpx.MockTransport(server)
    platform = connector(spec, FILES, transport)(session)
    assert isinstance(platform, Counting)
    assert await platform.measure(address) == Counted(likes=7, reposts=3, replies=4)
    assert isinstance(await platform.measure("at://did:plc:one/app.bsky.feed.post/other"), Refused)
