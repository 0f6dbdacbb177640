"""Orders of lists, and pages of them."""

import base64
import bisect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import Query

from podwright_api.calendar import time_of
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.live import JsonObject, Kind, LiveNamespace

#: Objects that are looked at for one page; who wants few of many gets short pages.
SCANNED = 2_000
BY_ID: Final = "id"
#: An item's place in an order: its value there, and its id.
Place = tuple[str, str]


@dataclass(frozen=True)
class Slice:
    """Which part of a list is asked for."""

    limit: int
    cursor: str | None = None
    sort: str = BY_ID


_SORT = Query(description="By what the list is ordered; with - from the greatest to the smallest.")
_Common = Literal["id", "-id", "createdAt", "-createdAt"]
Sort = Annotated[_Common, _SORT]
PodcastSort = Annotated[Literal[_Common, "title", "-title"], _SORT]
EpisodeSort = Annotated[Literal[_Common, "title", "-title", "publishAt", "-publishAt"], _SORT]
PostSort = Annotated[Literal[_Common, "publishAt", "-publishAt", "phase", "-phase"], _SORT]
DocumentSort = Annotated[Literal[_Common, "updatedAt", "-updatedAt", "title", "-title"], _SORT]
TemplateSort = Annotated[Literal[_Common, "updatedAt", "-updatedAt", "name", "-name"], _SORT]


def _due(body: JsonObject) -> str:
    at = time_of(body)
    return f"{(at - datetime.min.replace(tzinfo=UTC)).total_seconds():018.6f}" if at else ""


#: An object's value in an order, which is ordered as text; what has none counts as the smallest.
_VALUES: Mapping[str, Callable[[JsonObject], str]] = {
    "id": lambda _: "",
    "createdAt": lambda body: str(body["metadata"]["creationTimestamp"]),
    "title": lambda body: str(body["spec"].get("title") or "").casefold(),
    "publishAt": _due,
    "phase": lambda body: str((body.get("status") or {}).get("phase") or ""),
}


def direction(sort: str) -> tuple[str, bool]:
    """The field, and whether the greatest comes first."""
    return sort.removeprefix("-"), sort.startswith("-")


def page(
    now: LiveNamespace, kind: Kind, asked: Slice, checks: Sequence[Callable[[JsonObject], bool]]
) -> tuple[list[str], str | None]:
    """Names of objects that pass all checks, and the cursor to go on with; None: these were the last.

    Raises ``FacadeError`` (INVALID_CURSOR).
    """
    limit, after = asked.limit, place_of(asked.cursor, asked.sort)
    reach = SCANNED if checks else limit
    if asked.sort == BY_ID:
        names = now.names[kind]
        begin = bisect.bisect_right(names, after[1]) if after else 0
        window, more = names[begin : begin + reach], begin + reach < len(names)
        found, looked = _passing(now.objects[kind], window, limit, checks)
        last = ("", window[looked - 1]) if more or looked < len(window) else None
        return found, cursor_of(asked.sort, last)
    field, descending = direction(asked.sort)
    ordered = now.ordered(kind, _VALUES[field])
    if descending:
        end = bisect.bisect_left(ordered, after) if after else len(ordered)
        places, more = ordered[max(0, end - reach) : end][::-1], end > reach
    else:
        begin = bisect.bisect_right(ordered, after) if after else 0
        places, more = ordered[begin : begin + reach], begin + reach < len(ordered)
    found, looked = _passing(now.objects[kind], [name for _, name in places], limit, checks)
    return found, cursor_of(asked.sort, places[looked - 1] if more or looked < len(places) else None)


def _passing(
    objects: Mapping[str, JsonObject], names: list[str], limit: int, checks: Sequence[Callable[[JsonObject], bool]]
) -> tuple[list[str], int]:
    """Those that pass all checks, up to a limit, and how many were looked at for them."""
    if not checks:
        return names, len(names)
    passes = checks[0] if len(checks) == 1 else lambda body: all(check(body) for check in checks)
    found: list[str] = []
    for number, name in enumerate(names, 1):
        if passes(objects[name]):
            found.append(name)
            if len(found) == limit:
                return found, number
    return found, len(names)


def cursor_of(sort: str, place: Place | None) -> str | None:
    """What a page that ends at a place, and is not the last, gives as ``nextCursor``."""
    if place is None:
        return None
    value, id_ = place
    return base64.urlsafe_b64encode(f"{sort}\n{id_}\n{value}".encode()).decode()


def place_of(cursor: str | None, sort: str) -> Place | None:
    """Where a page of this order begins; raises ``FacadeError`` (INVALID_CURSOR)."""
    if cursor is None:
        return None
    try:
        of, id_, value = base64.b64decode(cursor, altchars=b"-_", validate=True).decode().split("\n", 2)
    except ValueError as error:
        raise _foreign() from error
    if of != sort:
        message = f"This cursor belongs to sort={of}; pass that, or begin without a cursor."
        raise FacadeError(ErrorCode.INVALID_CURSOR, message)
    return value, id_


def row_place_of(cursor: str | None, sort: str) -> tuple[datetime | str, str] | None:
    """The same for rows: their ids are UUIDs, their times instants."""
    place = place_of(cursor, sort)
    if place is None:
        return None
    value, id_ = place
    if "\x00" in value:  # PostgreSQL takes it in no text
        raise _foreign()
    try:
        return datetime.fromisoformat(value) if sort.endswith("At") else value, str(UUID(id_))
    except ValueError as error:
        raise _foreign() from error


def next_row(sort: str, items: Sequence[Mapping[str, Any]], limit: int) -> str | None:
    """The cursor after a page of rows, as they are sent."""
    if len(items) < limit:
        return None
    field, _ = direction(sort)
    return cursor_of(sort, ("" if field == BY_ID else items[-1][field], items[-1]["id"]))


def _foreign() -> FacadeError:
    return FacadeError(ErrorCode.INVALID_CURSOR, "This cursor is not one of this list's; begin without a cursor.")
