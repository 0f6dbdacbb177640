"""``python -m podwright_api.reseal``: seals all secrets in the database with the newest encryption key."""

import asyncio
import logging
import os
import sys

from podwright_api.accounts.foundation import Foundation
from podwright_api.accounts.resealing import reseal
from podwright_api.errors import FacadeError
from podwright_api.logs import configure
from podwright_api.sealing import SealError
from podwright_api.settings import AccountSettings, SettingsError

logger = logging.getLogger(__name__)


async def _run(settings: AccountSettings) -> None:
    foundation = Foundation.build(settings)
    try:
        logger.info("%d secrets are under the newest key", await reseal(foundation))
    finally:
        await foundation.database.close()


def main() -> int:
    configure(os.environ.get("PODWRIGHT_LOG_LEVEL", "INFO").upper())
    try:
        settings = AccountSettings.read(os.environ)
        if settings is None:
            print("podwright-api-reseal: there is no database (PODWRIGHT_DATABASE_URL)", file=sys.stderr)
            return 2
        asyncio.run(_run(settings))
    except (SettingsError, SealError, FacadeError) as error:
        print(f"podwright-api-reseal: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
