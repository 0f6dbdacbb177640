"""``python -m podwright_api.migrate``: brings the database's schema to this version.

PODWRIGHT_DATABASE_MIGRATION_URL is a role that may create tables and roles (by default PODWRIGHT_DATABASE_URL);
PODWRIGHT_DATABASE_URL is the application's role, which is created with its password where it is not there. Running it
twice, or two at once, is harmless.
"""

import logging
import os
import sys
from pathlib import Path

from podwright_api.database.migration import MigrationError, migrate
from podwright_api.logs import configure
from podwright_api.settings import SettingsError, text_setting


def _application() -> str:
    url = text_setting(os.environ, "PODWRIGHT_DATABASE_URL")
    if url is None:
        raise SettingsError("PODWRIGHT_DATABASE_URL (or _FILE) must hold the address of the database")
    return url


def main() -> int:
    configure(os.environ.get("PODWRIGHT_LOG_LEVEL", "INFO").upper())
    try:
        application = _application()
        owner = text_setting(os.environ, "PODWRIGHT_DATABASE_MIGRATION_URL") or application
        migrate(owner, application)
    except (SettingsError, MigrationError) as error:
        print(f"podwright-api-migrate: {error}", file=sys.stderr)
        return 2
    logging.getLogger(Path(__file__).stem).info("the schema is current")
    return 0


if __name__ == "__main__":
    sys.exit(main())
