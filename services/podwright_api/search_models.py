"""What is asked of search, and what it answers."""

import base64
import binascii
import json
from typing import Annotated

from pydantic import Field, StringConstraints

from podwright_api.envelope import Answer, Items, Wire
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.passages import SearchKind

#: PostgreSQL's text holds every character but NUL.
Asked = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$", strip_whitespace=True)]
LanguageCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", max_length=35)]

#: A hit's rank and id.
Position = tuple[float, int]


class HitView(Wire):
    """A passage that holds what was looked for."""

    kind: SearchKind = Field(description="What it is a passage of.")
    podcast: str | None = Field(description="Show that it belongs to.")
    episode: str | None = Field(description="Episode that it is of, or about.")
    post: str | None = Field(description="The post, where it is one.")
    title: str = Field(description="Title of the episode or post.")
    language: str = Field(description="Language as ISO 639 has it; und where it is not known.")
    excerpt: str = Field(
        description="The passage around the words, as HTML: everything is escaped, and the only tag is mark."
    )
    segment: int | None = Field(description="In a transcript: number of the segment, from 0.")
    start: float | None = Field(description="In a transcript: where the segment begins, in seconds.")
    end: float | None = Field(description="In a transcript: where the segment ends, in seconds.")
    speaker: str | None = Field(description="Who says it, where that is known.")


class HitsAnswer(Answer[Items[HitView]]):
    pass


def cursor_of(position: Position) -> str:
    """The cursor for what comes after a hit."""
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


def position_of(cursor: str) -> Position:
    """The hit that a cursor is of; raises ``FacadeError`` (INVALID_CURSOR) where it is none of these."""
    try:
        rank, number = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        position = float(rank), int(number)
    except (binascii.Error, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise _invalid_cursor() from error
    # Within PostgreSQL's real and bigint.
    if not (0 <= position[0] < 1e30 and 0 <= position[1] < 2**63):
        raise _invalid_cursor()
    return position


def _invalid_cursor() -> FacadeError:
    return FacadeError(ErrorCode.INVALID_CURSOR, "This cursor is not one of this list's; begin without a cursor.")
