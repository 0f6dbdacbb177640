"""Brings a database to this version's schema."""

import logging
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from podwright_api.database.copying import BACKUP_ROLE
from podwright_api.database.engine import IDENTITY_ROLE, TENANT_ROLE, driver_url

#: Two migrations at once wait for each other under this lock; any number that nobody else uses.
_LOCK = 0x706F6477
#: A migration that waits for a table holds up all who want it after it, who themselves wait for ``LOCK_MILLISECONDS``.
#: So it gives up before them, lets them through, and tries again for as long as a backup may take.
_LOCK_WAIT = "SET lock_timeout = '2s'"
_PAUSE_SECONDS = (2.0, 5.0)
_PATIENCE_SECONDS = 240.0

logger = logging.getLogger(__name__)


class MigrationError(Exception):
    """The schema could not be brought up to date; the message says why."""


def known_revisions() -> list[str]:
    """Revisions of the schema that this version can bring a database to."""
    return [revision.revision for revision in ScriptDirectory.from_config(_config()).walk_revisions()]


def migrate(owner_url: str, application_url: str, revision: str = "head") -> None:
    """Create roles and schema with the rights of ``owner_url`` for the role of ``application_url``."""
    engine = create_engine(driver_url(owner_url), poolclass=NullPool, connect_args={"connect_timeout": 10})
    application = make_url(driver_url(application_url))
    trying = Retrying(
        retry=retry_if_exception(_is_held_up),
        wait=wait_random(*_PAUSE_SECONDS),
        stop=stop_after_delay(_PATIENCE_SECONDS),
        before_sleep=lambda _: logger.info("somebody else has what the migration needs; trying again soon"),
        reraise=True,
    )
    try:
        trying(_migrate, engine, application, revision)
    except SQLAlchemyError as error:
        raise MigrationError(str(error).splitlines()[0]) from error


def _migrate(engine: Engine, application: URL, revision: str) -> None:
    with engine.connect() as connection:
        connection.execute(text(_LOCK_WAIT))
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
        connection.commit()
        _roles(connection, application.username or "", application.password)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        _grant_version(connection, application.username or "")
        _show_backups_everything(connection)


def _is_held_up(error: BaseException) -> bool:
    """Whether somebody else has what the migration needs."""
    return isinstance(error, DBAPIError) and isinstance(error.orig, psycopg.errors.LockNotAvailable)


def _roles(connection: Connection, application: str, password: object) -> None:
    known = set(connection.execute(text("SELECT rolname FROM pg_roles")).scalars())
    for role in (TENANT_ROLE, IDENTITY_ROLE, BACKUP_ROLE):
        if role not in known:
            connection.execute(text(f"CREATE ROLE {role} NOLOGIN"))
    if application not in known:
        # Rights come with SET ROLE only, never by being a member.
        quoted = _quoted(connection, str(password or ""))
        connection.execute(text(f"CREATE ROLE {_name(connection, application)} LOGIN NOINHERIT PASSWORD {quoted}"))
    for role in (TENANT_ROLE, IDENTITY_ROLE):
        if not _member(connection, application, role):
            connection.execute(text(f"GRANT {role} TO {_name(connection, application)}"))
    _superuser_refused(connection, application)
    connection.commit()


def _superuser_refused(connection: Connection, application: str) -> None:
    question = text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = :name")
    if connection.execute(question, {"name": application}).scalar_one():
        message = (
            f"the role {application} of PODWRIGHT_DATABASE_URL may bypass row-level security; "
            "name another role there, which is created where it is missing"
        )
        raise MigrationError(message)


def _member(connection: Connection, application: str, role: str) -> bool:
    question = text("SELECT pg_has_role(:name, :role, 'MEMBER')")
    superuser = text("SELECT rolsuper FROM pg_roles WHERE rolname = :name")
    if connection.execute(superuser, {"name": application}).scalar_one():
        return True
    return bool(connection.execute(question, {"name": application, "role": role}).scalar_one())


def _grant_version(connection: Connection, application: str) -> None:
    name = _name(connection, application)
    connection.execute(text(f"GRANT SELECT ON alembic_version TO {name}"))
    connection.commit()


def _show_backups_everything(connection: Connection) -> None:
    """Whatever the migrations made, the role of backups reads: the owner takes it, the application cannot."""
    connection.execute(text(f"GRANT {BACKUP_ROLE} TO CURRENT_USER"))
    connection.execute(text(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {BACKUP_ROLE}"))
    connection.execute(text(f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {BACKUP_ROLE}"))
    lacking = text(
        "SELECT quote_ident(relname) FROM pg_class c WHERE relnamespace = 'public'::regnamespace "
        "AND relkind IN ('r', 'p') AND relrowsecurity "
        "AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'backup_reads')"
    )
    for table in connection.execute(lacking).scalars().all():
        connection.execute(text(f"CREATE POLICY backup_reads ON {table} FOR SELECT TO {BACKUP_ROLE} USING (true)"))
    connection.commit()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _name(connection: Connection, name: str) -> str:
    return str(connection.execute(text("SELECT quote_ident(:name)"), {"name": name}).scalar_one())


def _quoted(connection: Connection, value: str) -> str:
    # Passwords hold ':' which text() would take for a parameter.
    quoted = str(connection.execute(text("SELECT quote_literal(:value)"), {"value": value}).scalar_one())
    return quoted.replace(":", "\\:")
