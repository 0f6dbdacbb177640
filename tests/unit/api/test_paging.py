"""Every list comes whole and in its order, in pages of any size, while a cursor is good for its own order alone."""

import base64
from typing import Any

import pytest

from podwright_api import paging
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.live import Kind, Live, LiveNamespace
from podwright_api.paging import BY_ID, Slice, cursor_of, next_row, place_of, row_place_of
from podwright_api.search_models import position_of
from podwright_crds.episode import Episode
from podwright_crds.post import Post
from tests.unit.api.test_live import Objects, told, view_of

ID = "0d5e1f2a-0000-4000-8000-000000000001"


def not_b(body: dict[str, Any]) -> bool:
    return body["metadata"]["name"] != "b"  # type: ignore[no-any-return]


def whole(view: LiveNamespace, kind: Kind, sort: str = BY_ID, limit: int = 2, checks: Any = ()) -> list[str]:
    """The list, page by page."""
    found: list[str] = []
    asked = Slice(limit, None, sort)
    while True:
        names, cursor = paging.page(view, kind, asked, checks)
        assert len(names) <= limit
        found += names
        if cursor is None:
            return found
        asked = Slice(limit, cursor, sort)


@pytest.mark.parametrize(("checks", "wanted"), [((not_b,), "acd"), ((), "abcd"), ((not_b, lambda _: True), "acd")])
@pytest.mark.parametrize(("limit", "scanned"), [(1, 2000), (3, 2000), (4, 2000), (10, 2000), (10, 2), (1, 1)])
@pytest.mark.parametrize("sort", ["id", "-id"])
async def test_pages_hold_every_wanted_object_once_and_in_order(
    monkeypatch: pytest.MonkeyPatch, sort: str, limit: int, scanned: int, checks: Any, wanted: str
) -> None:
    monkeypatch.setattr(paging, "SCANNED", scanned)
    objects = Objects()
    for name in ("c", "a", "e"):
        objects.change(Episode, name, silently=True)
    live = Live(objects)
    view = await view_of(live)
    with view.listen() as listener:
        for name in ("d", "b", "a"):
            objects.change(Episode, name)
        objects.change(Episode, "e", event="DELETED")
        await told(listener, 4)
    found = whole(view, Episode, sort, limit, checks)
    assert found == (list(wanted) if sort == BY_ID else list(wanted)[::-1])
    await live.close()


def episode(name: str, title: str, created: str, publish_at: str | None = None) -> dict[str, Any]:
    spec = {"title": title} | ({"publishAt": publish_at} if publish_at else {})
    return {"metadata": {"name": name, "creationTimestamp": created, "resourceVersion": "1"}, "spec": spec}


async def test_lists_are_sorted_by_what_is_asked_for() -> None:
    objects = Objects()
    objects.there[Episode] = {
        "a": episode("a", "wine", "2026-12-01T00:00:00Z", "2026-12-03T01:00:00+02:00"),
        "b": episode("b", "Bread", "2026-12-03T00:00:00Z"),
        "c": episode("c", "bread", "2026-12-02T00:00:00Z", "2026-12-02T23:30:00Z"),
        "d": episode("d", "Éclair", "2026-12-02T00:00:00Z", "9999-12-31T23:59:59-12:00"),
    }
    objects.there[Post] = {
        name: {"metadata": {"name": name, "creationTimestamp": "2026-12-01T00:00:00Z"}, "spec": {}} | status
        for name, status in {
            "p": {"status": {"phase": "Scheduled"}},
            "q": {},
            "r": {"status": {"phase": "Held"}},
        }.items()
    }
    live = Live(objects)
    view = await view_of(live)
    wanted = {"createdAt": "acdb", "title": "bcad", "publishAt": "bdac"}
    for sort, order in wanted.items():
        for limit in (1, 2, 5):
            assert whole(view, Episode, sort, limit) == list(order)
            assert whole(view, Episode, f"-{sort}", limit) == list(order)[::-1]
    assert whole(view, Episode, "-createdAt", 1, (not_b,)) == list("dca")
    assert whole(view, Post, "phase") == ["q", "r", "p"]
    await live.close()


async def test_an_order_follows_what_changes() -> None:
    objects = Objects()
    objects.there[Episode] = {
        "a": episode("a", "A", "2026-12-01T00:00:00Z"),
        "b": episode("b", "B", "2026-12-02T00:00:00Z"),
    }
    live = Live(objects)
    view = await view_of(live)
    assert whole(view, Episode, "-createdAt") == ["b", "a"]
    names, cursor = paging.page(view, Episode, Slice(1, None, "-createdAt"), ())
    with view.listen() as listener:
        objects.version += 1
        newer = episode("a", "A", "2026-12-03T00:00:00Z")
        newer["metadata"]["resourceVersion"] = str(objects.version)
        objects.queues[Episode].put_nowait(("MODIFIED", newer))
        objects.change(Episode, "b", event="DELETED")
        await told(listener, 2)
    assert whole(view, Episode, "-createdAt") == ["a"]
    # A cursor outlives the item that it came with.
    assert (names, paging.page(view, Episode, Slice(1, cursor, "-createdAt"), ())) == (["b"], ([], None))
    await live.close()


def test_a_cursor_is_good_for_its_own_order() -> None:
    cursor = cursor_of("-createdAt", ("2026-12-01T00:00:00Z", "moon"))
    assert place_of(cursor, "-createdAt") == ("2026-12-01T00:00:00Z", "moon")
    odd = ("two\nlines, é, \x00", "moon")
    assert place_of(cursor_of("title", odd), "title") == odd
    with pytest.raises(FacadeError, match="belongs to sort=-createdAt") as other:
        place_of(cursor, BY_ID)
    assert other.value.code is ErrorCode.INVALID_CURSOR


def encoded(told: bytes) -> str:
    return base64.urlsafe_b64encode(told).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "====",
        encoded(b"\xff\xfe\xfd"),
        encoded(b"title\nid\n\xed\xa0\x80"),
        encoded(b"title\nid"),
        encoded(b"after:moon"),
    ],
)
def test_nothing_else_is_taken_for_a_cursor(cursor: str) -> None:
    with pytest.raises(FacadeError, match="not one of this list's") as caught:
        place_of(cursor, "title")
    assert caught.value.code is ErrorCode.INVALID_CURSOR


@pytest.mark.parametrize("told", [b"[" * 3000, b"[1]", b'["a", "b"]', b"[NaN, 1]", b"[1, 1e999]", b"[0, -1]"])
def test_nothing_else_is_taken_for_a_hits_cursor(told: bytes) -> None:
    with pytest.raises(FacadeError) as caught:
        position_of(encoded(told).rstrip("="))
    assert caught.value.code is ErrorCode.INVALID_CURSOR


@pytest.mark.parametrize("place", [("soon", ID), ("2026-12-01T00:00:00+00:00", "moon"), ("", ID)])
def test_a_cursor_of_rows_holds_a_time_and_an_id(place: tuple[str, str]) -> None:
    with pytest.raises(FacadeError, match="not one of this list's"):
        row_place_of(cursor_of("createdAt", place), "createdAt")


def test_a_cursor_of_rows_holds_what_postgresql_takes() -> None:
    with pytest.raises(FacadeError, match="not one of this list's"):
        row_place_of(cursor_of("title", ("x\x00", ID)), "title")


def test_the_last_page_of_rows_has_no_cursor() -> None:
    items = [{"id": ID, "title": "Bread"}]
    assert next_row("title", items, 2) is None
    assert row_place_of(next_row("-title", items, 1), "-title") == ("Bread", ID)
    assert row_place_of(next_row(BY_ID, items, 1), BY_ID) == ("", ID)
