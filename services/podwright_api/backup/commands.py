"""``podwright backup`` and ``podwright restore``.

PODWRIGHT_DATABASE_MIGRATION_URL is the database's owner, PODWRIGHT_DATABASE_URL the application's role, PODWRIGHT_S3_*
the bucket (each also as NAME_FILE), as the chart's CronJob has them.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click

from podwright_api.backup import making
from podwright_api.backup.bucket import Bucket
from podwright_api.backup.errors import BackupError
from podwright_api.errors import FacadeError
from podwright_api.settings import SettingsError, text_setting

LATEST = "latest"


@click.command()
@click.option("--list", "listed", is_flag=True, help="Only list the backups that there are.")
@click.option("--keep-hours", default=48, show_default=True, type=click.IntRange(1), help="Keep all this long …")
@click.option("--keep-days", default=30, show_default=True, type=click.IntRange(0), help="… and one a day this long.")
def backup(*, listed: bool, keep_hours: int, keep_days: int) -> None:
    """Back the facade's database up into the bucket, and remove backups that need not be kept.

    People, workspaces, keys, documents and the audit log; media and results lie in the bucket already, and resources in
    the cluster. The last line is one JSON object.
    """
    with _told():
        bucket = Bucket.of(os.environ)
        if listed:
            for name, complete in bucket.names().items():
                click.echo(name if complete else f"{name} (incomplete)")
            return
        name, manifest = making.make(_url("PODWRIGHT_DATABASE_MIGRATION_URL"), bucket, click.echo)
        removed = making.prune(bucket, datetime.now(UTC), keep_hours, keep_days)
        told = {"backup": name, "rows": manifest.rows, "bytes": manifest.size_bytes, "seconds": manifest.seconds}
        click.echo(json.dumps(told | {"revision": manifest.revision, "removed": removed}))


@click.command()
@click.argument("name", default=LATEST)
@click.option("--replace", is_flag=True, help="Drop what the database holds.")
def restore(*, name: str, replace: bool) -> None:
    """Put a backup (by default the latest) into an empty database; stop the facade before."""
    with _told():
        bucket = Bucket.of(os.environ)
        if name == LATEST:
            complete = [one for one, whole in bucket.names().items() if whole]
            if not complete:
                raise BackupError("There is no complete backup in the bucket.")
            name = complete[-1]
        owner, application = _url("PODWRIGHT_DATABASE_MIGRATION_URL"), _url("PODWRIGHT_DATABASE_URL")
        manifest = making.restore(name, owner, application, bucket, click.echo, replace=replace)
        click.echo(f"Backup {name} is restored: {manifest.rows} rows.")


def _url(variable: str) -> str:
    url = text_setting(os.environ, variable)
    if url is None:
        raise SettingsError(f"{variable} (or {variable}_FILE) must hold the address of the database")
    return url


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (BackupError, SettingsError) as error:
        raise click.ClickException(str(error)) from error
    except FacadeError as error:
        raise click.ClickException(error.message) from error
