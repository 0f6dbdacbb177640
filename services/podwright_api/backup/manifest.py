"""What a backup consists of, and which ones are kept. Pure; time is passed in."""

import re
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict

PREFIX = "backups/"
#: Written last: a backup without it is none.
MANIFEST = "manifest.json"
_STAMP = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"\d{8}T\d{6}Z")
#: What was begun and never ended goes after this time.
ABANDONED = timedelta(days=1)


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class TableBackup(_Part):
    """One table: PostgreSQL's COPY text format, gzipped, in the object ``NAME.copy.gz`` beside the manifest."""

    name: str
    columns: list[str]
    rows: int
    size_bytes: int
    sha256: str


class Manifest(_Part):
    #: Of this description; a reader refuses what it does not know.
    format: int = 1
    created_at: datetime
    #: Of the schema (Alembic); the restored database gets this one, then what came after.
    revision: str
    #: In an order in which references hold.
    tables: list[TableBackup]
    #: Sequences with the value that comes next.
    sequences: dict[str, int]
    seconds: float

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)

    @property
    def size_bytes(self) -> int:
        return sum(table.size_bytes for table in self.tables)


def name_of(at: datetime) -> str:
    return at.astimezone(UTC).strftime(_STAMP)


def time_of(name: str) -> datetime | None:
    """When a backup began; None for what is no backup's name."""
    return datetime.strptime(name, _STAMP).replace(tzinfo=UTC) if _NAME.fullmatch(name) else None


def expired(complete: Iterable[str], now: datetime, hours: int, days: int) -> list[str]:
    """Complete backups that may go: older than ``hours`` and not the last of one of the ``days`` before today.

    The newest always stays.
    """
    times = sorted((time, name) for name in complete if (time := time_of(name)) is not None)
    last_of_day = {time.date(): name for time, name in times}
    kept = {name for day, name in last_of_day.items() if (now.astimezone(UTC).date() - day).days <= days}
    kept |= {name for time, name in times if now - time <= timedelta(hours=hours)}
    kept |= {name for _, name in times[-1:]}
    return [name for _, name in times if name not in kept]


def in_order(tables: Iterable[str], references: Collection[tuple[str, str]]) -> list[str]:
    """Tables with those that they refer to before them; ``references`` are (table, the one it refers to)."""
    waiting = {table: {to for of, to in references if of == table and to != table} for table in sorted(tables)}
    ordered: list[str] = []
    while waiting:
        free = [table for table, needs in waiting.items() if not needs & waiting.keys()]
        if not free:
            raise ValueError(f"tables refer to each other in a circle: {', '.join(waiting)}")
        ordered += free
        waiting = {table: needs for table, needs in waiting.items() if table not in free}
    return ordered
