"""Who is told what, here and by mail, and how they get rid of it."""

import re
from typing import Any
from uuid import uuid4

import pytest
from aiosmtpd.controller import Controller

from podwright_api.access_tokens import UnsubscribeTokens
from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel
from podwright_crds.episode import Episode
from podwright_crds.post import Post
from tests.database import DatabaseUrls
from tests.integration.accounts.facade import Facade, Member
from tests.integration.accounts.outbox import Resources, conditions, replica, rows, until
from tests.postbox import Postbox

OURS = "team-a"
STALLED = conditions("2026-11-29T10:00:00Z", Ready="False", Stalled="True")
READY = conditions("2026-11-29T10:00:00Z", Ready="True")


@pytest.fixture(autouse=True)
def nobody_else(database: DatabaseUrls) -> None:
    """Members whom other tests left would be told and mailed as well."""
    rows(database, "DELETE FROM memberships")


async def begun(database: DatabaseUrls) -> None:
    await until(lambda: len(rows(database, "SELECT 1 FROM event_kinds WHERE workspace = %s", OURS)) == 4)


async def listed(facade: Facade, member: Member, query: str = "") -> Any:
    return await facade.data("GET", f"/notifications{query}", member.token)


async def told(database: DatabaseUrls, member: Member, count: int) -> None:
    """Wait until a member was told so many things."""
    query = "SELECT 1 FROM notifications WHERE person = %s"
    await until(lambda: len(rows(database, query, member.id)) == count)


def letters_to(postbox: Postbox, member: Member) -> list[Any]:
    """Letters with notifications."""
    return [one for one in postbox.letters if one["To"] == member.email and one["List-Unsubscribe"]]


def due_again(database: DatabaseUrls, member: Member) -> None:
    """As if the letter before were eleven minutes old."""
    change = "UPDATE notifications SET mail_claimed_at = mail_claimed_at - interval '11 min' WHERE person = %s"
    rows(database, change, member.id)


async def test_who_is_told_and_mailed(facade: Facade, database: DatabaseUrls, smtp: Controller) -> None:
    admin = await facade.join("admin", OURS)
    creator = await facade.join("creator", OURS, shows=["speeches"])
    viewer = await facade.join("viewer", OURS, shows=["speeches"])
    other = await facade.join("creator", OURS, shows=["music"])
    sponsor = await facade.join("viewer", OURS, sponsors=["acme"])
    stranger = await facade.join("admin", "team-b")
    resources = Resources()
    show = {"podcastRef": {"name": "speeches"}}
    unique = uuid4().hex
    async with replica(database, OURS, resources, smtp) as outbox:
        await begun(database)
        resources.put(Episode, "moon", f"e-{unique}", show, conditions=READY)
        campaign = {"episodes": show, "sponsor": "acme"}
        resources.put(Campaign, "launch", f"l-{unique}", campaign, conditions=READY)
        refs = {"episodeRef": {"name": "moon"}, "campaignRef": {"name": "launch"}}
        resources.put(Post, "p", f"p-{unique}", refs, phase="Failed", conditions=STALLED)
        resources.put(Channel, "news", f"c-{unique}", conditions=STALLED)
        for member, types in (
            (creator, {"episode.ready", "campaign.ready", "post.failed"}),
            (viewer, {"episode.ready", "campaign.ready", "post.failed"}),
            (sponsor, {"campaign.ready", "post.failed"}),
            (admin, {"episode.ready", "campaign.ready", "post.failed", "channel.not_ready"}),
        ):
            await told(database, member, len(types))
            page = await listed(facade, member)
            assert ({one["type"] for one in page["items"]}, page["unread"]) == (types, len(types))
        assert (await listed(facade, other))["items"] == (await listed(facade, stranger))["items"] == []

        # What a person must act on is mailed at once; to who can only read, nothing.
        postbox = facade.postbox
        await until(lambda: len(letters_to(postbox, admin)) >= 1 and len(letters_to(postbox, creator)) >= 1)
        assert letters_to(postbox, viewer) == letters_to(postbox, other) == []
        assert "Post failed: p" in letters_to(postbox, creator)[0].get_content()

        # What came up since waits for the next letter, which has all of it.
        for number in range(30):
            resources.put(Post, f"q{number}", f"q-{number}-{unique}", {"episodeRef": {"name": "moon"}}, phase="Held")
        await told(database, creator, 33)
        before = len(letters_to(postbox, creator))
        while await outbox.postman.step():  # type: ignore[union-attr]
            pass
        assert len(letters_to(postbox, creator)) == before
        due_again(database, creator)
        outbox.wake()
        await until(lambda: len(letters_to(postbox, creator)) > before)
        last = letters_to(postbox, creator)[-1]
        assert "(and 29 more)" in " ".join(last["Subject"].split())
        assert "and 10 more" in last.get_content()

    page = await listed(facade, creator, "?limit=2")
    following = await listed(facade, creator, f"?limit=500&cursor={page['nextCursor']}")
    assert len(page["items"]) + len(following["items"]) == 33
    ids = [one["id"] for one in page["items"]]
    # Somebody else's cannot be marked.
    assert (await facade.data("POST", "/notifications/read", viewer.token, json={"ids": ids}))["read"] == 0
    assert (await facade.data("POST", "/notifications/read", creator.token, json={"ids": ids}))["read"] == 2
    assert (await listed(facade, creator, "?unread=true&limit=1"))["unread"] == 31
    assert (await facade.data("POST", "/notifications/read", creator.token, json={"ids": "*"}))["read"] == 31
    # Posts of no campaign are not a sponsor's.
    assert (await listed(facade, sponsor))["unread"] == 2
    assert (await listed(facade, creator, "?unread=true"))["items"] == []
    assert (await facade.data("GET", "/notifications"))["items"] == []  # the bootstrap token is no person


async def test_one_click_ends_the_letters(facade: Facade, database: DatabaseUrls, smtp: Controller) -> None:
    member = await facade.join("creator", OURS, shows=["*"])
    await facade.data("PUT", "/users/me/preferences", member.token, json={"theme": "dark", "mail": {"*": "now"}})
    resources, unique = Resources(), uuid4().hex
    async with replica(database, OURS, resources, smtp) as outbox:
        await begun(database)
        resources.put(Post, "p", f"p-{unique}", phase="Published", publishedAt="2026-11-29T10:00:00Z")
        await until(lambda: len(letters_to(facade.postbox, member)) == 1)
        letter = letters_to(facade.postbox, member)[0]
        assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        address = r"<http://127\.0\.0\.1:8000/api/v1(/notifications/unsubscribe\?token=\S+)>"
        # As it went over the wire: encoded words would not be put together again by everybody.
        found = re.fullmatch(address, dict(letter.raw_items())["List-Unsubscribe"].strip())
        assert found
        # Programs that look at links change nothing; the page has a button.
        page = await facade.call("GET", found[1], None)
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert '<form method="post"' in page.text
        preferences = await facade.data("GET", "/users/me/preferences", member.token)
        assert preferences["mail"] == {"*": "now"}

        resources.put(Post, "q", f"q-{unique}", phase="Held")
        await told(database, member, 2)
        done = await facade.call("POST", found[1], None, data={"List-Unsubscribe": "One-Click"})
        assert done.status_code == 200
        preferences = await facade.data("GET", "/users/me/preferences", member.token)
        assert (preferences["mail"], preferences["theme"]) == ({"*": "never"}, "dark")
        # Also what waited already.
        due_again(database, member)
        resources.put(Post, "r", f"r-{unique}", phase="Held")
        await told(database, member, 3)
        while await outbox.postman.step():  # type: ignore[union-attr]
            pass
        assert len(letters_to(facade.postbox, member)) == 1


async def test_tokens_of_letters_and_of_sessions_are_not_each_other(facade: Facade) -> None:
    member = await facade.join("viewer", OURS)
    ours, forged = UnsubscribeTokens(("signing" * 8,)), UnsubscribeTokens(("another" * 8,))
    path = "/notifications/unsubscribe?token="
    for token in (member.token, forged.issue(member.id), "nonsense", ours.issue(member.id) + "x"):
        for method in ("GET", "POST"):
            problem = await facade.error(400, method, path + token, None)
            assert problem["code"] == "TOKEN_NOT_VALID"
    await facade.error(401, "GET", "/users/me", ours.issue(member.id))
    # Of somebody who is not there any more.
    assert (await facade.call("POST", path + ours.issue(str(uuid4())), None)).status_code == 200


async def test_preferences_are_checked(facade: Facade) -> None:
    member = await facade.join("viewer", OURS)
    wanted = {"mail": {"*": "digest", "channel.not_ready": "now"}, "quiet": {"from": "22:00", "until": "07:00"}}
    assert await facade.data("PUT", "/users/me/preferences", member.token, json=wanted | {"digestAt": "06:30"})
    kept = await facade.data("GET", "/users/me/preferences", member.token)
    assert kept == wanted | {"digestAt": "06:30"}
    for wrong in ({"mail": {"nothing.happened": "now"}}, {"mail": {"*": "maybe"}}, {"digestAt": "25:00"}):
        await facade.error(422, "PUT", "/users/me/preferences", member.token, json=wrong)


async def test_who_left_is_told_no_more(facade: Facade, database: DatabaseUrls) -> None:
    await facade.join("admin", OURS)  # the last one could not leave
    member, event = await facade.join("admin", OURS), str(uuid4())
    rows(
        database, "INSERT INTO events (id, workspace, type, document) VALUES (%s, %s, 'post.failed', '{}')", event, OURS
    )
    told = "INSERT INTO notifications (workspace, person, event, mail_due_at) VALUES (%s, %s, %s, '2099-01-01')"
    rows(database, told, OURS, member.id, event)
    await facade.data("DELETE", f"/workspaces/{OURS}/members/{member.id}")
    assert rows(database, "SELECT 1 FROM notifications WHERE event = %s", event) == []
    rows(database, "DELETE FROM events WHERE id = %s", event)
