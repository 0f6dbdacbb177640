"""Connections to PostgreSQL, and as whom a transaction runs.

No query runs as the login role itself: each transaction takes one of two roles that cannot do the other's work.
``podwright_tenant`` sees the rows of one workspace, which row-level security enforces whatever the query says;
``podwright_identity`` signs people in and sees neither content nor another workspace's work.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Self

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from podwright_api.errors import ErrorCode, FacadeError

Connection = AsyncConnection

TENANT_ROLE = "podwright_tenant"
IDENTITY_ROLE = "podwright_identity"
#: The migration that this version needs; a newer schema is fine, since migrations only add until both versions know.
REVISION = 10

#: Id of the person whose request runs, else empty: what is written in it carries their id (``acting_person()`` in SQL).
acting_person: ContextVar[str] = ContextVar("acting_person", default="")

#: Seconds that a request waits for a free connection.
POOL_WAIT_SECONDS = 5
STATEMENT_MILLISECONDS = 10_000
LOCK_MILLISECONDS = 5_000
_BEGIN = text(
    "SELECT set_config('role', :role, true), set_config('podwright.workspace', :workspace, true), "
    "set_config('podwright.person', :person, true)"
)


class Database:
    """A pool of connections; every failure to reach the server comes as a ``FacadeError``."""

    def __init__(self, engine: AsyncEngine, apart: AsyncEngine) -> None:
        self._engine = engine
        #: Connections that are held for long, beside the pool.
        self._apart = apart

    @classmethod
    def connect(cls, url: str, pool_size: int) -> Self:
        """A pool for ``postgresql://`` addresses; connects when it is first used."""
        options = f"-c statement_timeout={STATEMENT_MILLISECONDS} -c lock_timeout={LOCK_MILLISECONDS}"
        arguments = {"options": options, "connect_timeout": 5, "application_name": "podwright-api"}
        engine = create_async_engine(
            driver_url(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=POOL_WAIT_SECONDS,
            pool_pre_ping=True,
            connect_args=arguments,
        )
        return cls(engine, create_async_engine(driver_url(url), poolclass=NullPool, connect_args=arguments))

    async def close(self) -> None:
        await self._engine.dispose()
        await self._apart.dispose()

    @asynccontextmanager
    async def tenant(self, workspace: str, person: str = "") -> AsyncIterator[Connection]:
        """A transaction that sees one workspace's rows."""
        async with self._as(TENANT_ROLE, workspace, person or acting_person.get()) as connection:
            yield connection

    @asynccontextmanager
    async def identity(self) -> AsyncIterator[Connection]:
        """A transaction that sees people, their credentials and memberships, and no content."""
        async with self._as(IDENTITY_ROLE, "", "") as connection:
            yield connection

    @asynccontextmanager
    async def alone(self, task: int) -> AsyncIterator["Turn | None"]:
        """The turn to do a task that one process does at a time; None where another one has it."""
        async with _failures(), self._apart.connect() as connection:
            asked = await connection.execute(text("SELECT pg_try_advisory_lock(:task)"), {"task": task})
            mine = asked.scalar_one()
            await connection.commit()
            # It ends with the connection.
            yield Turn(connection) if mine else None

    async def check(self) -> None:
        """Raise a ``FacadeError`` where the server does not answer or its schema is older than this version."""
        async with _failures(), self._engine.connect() as connection:
            found = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
        if found is None or int(found) < REVISION:
            message = (
                "The database's schema is older than this facade; run the migrations (python -m podwright_api.migrate)."
            )
            raise FacadeError(ErrorCode.DATABASE_UNAVAILABLE, message)

    @asynccontextmanager
    async def _as(self, role: str, workspace: str, person: str) -> AsyncIterator[Connection]:
        async with _failures(), self._engine.begin() as connection:
            await connection.execute(_BEGIN, {"role": role, "workspace": workspace, "person": person})
            yield connection


class Turn:
    """A task that is this process's, as long as its connection lives."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def check(self) -> None:
        """Raise a ``FacadeError`` where the turn was lost."""
        async with _failures():
            await self._connection.execute(text("SELECT 1"))
            await self._connection.commit()


def driver_url(url: str) -> str:
    """The address with the driver that SQLAlchemy should use."""
    scheme, separator, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if separator and scheme in ("postgres", "postgresql") else url


@asynccontextmanager
async def _failures() -> AsyncIterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout, OSError) as error:
        raise FacadeError(
            ErrorCode.DATABASE_UNAVAILABLE, "The database does not answer; try again in a moment."
        ) from error
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        raise FacadeError(
            ErrorCode.DATABASE_UNAVAILABLE, "The database's connection was lost; try again in a moment."
        ) from error
